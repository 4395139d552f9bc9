/** Ends of connections that belong to workloads: each address of each interface, as it is in either of the two states. */
import { formatAddress, parseAddress, type AddressSpan, type Family } from '@bulkhead/net';
import type { Workload } from '../model.ts';
import type { DifferenceLookup } from './difference.ts';

/** A workload with its addresses in both states. */
export interface EndOwner {
  readonly href: string;
  readonly name: string;
  /** Place among all owners. */
  readonly serial: number;
  readonly ends: readonly KnownEnd[];
}

export interface KnownEnd {
  readonly id: number;
  readonly owner: EndOwner;
  readonly interfaceName: string;
  /** Canonical. */
  readonly address: string;
  readonly family: Family;
  readonly value: bigint;
}

/** Members of an address set as they are looked for. */
export interface SetMembers {
  readonly hosts: readonly string[];
  readonly ranges: readonly AddressSpan[];
}

export class KnownEnds {
  readonly ends: KnownEnd[] = [];
  private readonly byAddress = new Map<string, number[]>();
  private readonly byOwner: EndOwner[] = [];
  private readonly sorted = new Map<Family, readonly KnownEnd[]>();

  constructor(before: DifferenceLookup, after: DifferenceLookup) {
    for (const workload of after.workloads()) {
      this.add(workload, before.workload(workload.href));
    }
    for (const workload of before.workloads()) {
      if (after.workload(workload.href) === undefined) this.add(workload, undefined);
    }
  }

  get count(): number {
    return this.ends.length;
  }

  get owners(): readonly EndOwner[] {
    return this.byOwner;
  }

  /** Whether some workload has the address. */
  owns(address: string): boolean {
    return this.byAddress.has(address);
  }

  /** Ids of the ends whose address is among the members; one may come twice. */
  *among({ hosts, ranges }: SetMembers): Iterable<number> {
    for (const host of hosts) {
      const ids = this.byAddress.get(host);
      if (ids !== undefined) yield* ids;
    }
    for (const range of ranges) yield* this.within(range);
  }

  private *within(span: AddressSpan): Iterable<number> {
    const ends = this.inOrder(span.family);
    for (let at = firstFrom(ends, span.first); at < ends.length; at += 1) {
      const end = ends[at];
      if (end === undefined || end.value > span.last) return;
      yield end.id;
    }
  }

  private inOrder(family: Family): readonly KnownEnd[] {
    let ends = this.sorted.get(family);
    if (ends === undefined) {
      ends = this.ends
        .filter((end) => end.family === family)
        .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
      this.sorted.set(family, ends);
    }
    return ends;
  }

  private add(workload: Workload, other: Workload | undefined): void {
    const own: KnownEnd[] = [];
    const { href, name: called } = workload;
    const owner: EndOwner = { href, name: called, serial: this.byOwner.length, ends: own };
    this.byOwner.push(owner);
    const states = other === undefined || other === workload ? [workload] : [workload, other];
    for (const { interfaces } of states) {
      for (const { name, addresses } of interfaces) {
        for (const { address: text } of addresses) {
          const parsed = parseAddress(text);
          if (parsed === null) continue;
          const address = formatAddress(parsed);
          if (own.some((end) => end.interfaceName === name && end.address === address)) continue;
          const { family, value } = parsed;
          const id = this.ends.length;
          const end = { id, owner, interfaceName: name, address, family, value };
          this.ends.push(end);
          own.push(end);
          const ids = this.byAddress.get(address);
          if (ids === undefined) this.byAddress.set(address, [id]);
          else ids.push(id);
        }
      }
    }
  }
}

/** Place of the first end whose address is not below `value`. */
function firstFrom(ends: readonly KnownEnd[], value: bigint): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.value ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
