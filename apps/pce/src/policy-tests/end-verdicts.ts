/**
 * What one end says of a connection with each of many hosts. Hosts that the end's rules cannot tell apart are asked about once, so the work
 * grows with policies and the members of their sets, not with pairs of hosts.
 */
import { canonicalAddress, joinSpans, parseAddress, parseSpan, spansHold } from '@bulkhead/net';
import type { Address, AddressSpan } from '@bulkhead/net';
import {
  servicesMatch,
  type Connection,
  type EndDecision,
  type HostPolicy,
  type PolicyCore,
} from '@bulkhead/policy';

export type Direction = 'outbound' | 'inbound';

/** A host at one of its addresses. */
export interface Place {
  readonly workload: string | null;
  readonly address: string;
  readonly interfaceName: string | null;
}

export type Service = Pick<Connection, 'protocol' | 'port' | 'icmpType' | 'icmpCode'>;

/** End decisions that no expectation can tell apart have the same number; of no say 0. */
export class VerdictNumbers {
  readonly #numbers = new Map<string, number>([['', 0]]);

  of(end: EndDecision | null): number {
    const key = end === null ? '' : keyOf(end);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}

function keyOf({ decision, reason, rules, boundaries }: EndDecision): string {
  return JSON.stringify([
    decision,
    reason,
    ...[rules, boundaries].map((all) => all.map((r) => r.href)),
  ]);
}

interface Members {
  readonly hosts: readonly string[];
  readonly isHost: ReadonlySet<string>;
  readonly spans: readonly AddressSpan[];
}

/** Members of address sets, each read once. For as long as the core stays as it is. */
export class SetMembers {
  readonly #core: PolicyCore;
  readonly #known = new Map<string, Members | null>();

  constructor(core: PolicyCore) {
    this.#core = core;
  }

  of(id: string): Members | null {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const set = this.#core.addressSet(id);
    const members = set === undefined ? null : membersOf(set.hosts, set.ranges);
    this.#known.set(id, members);
    return members;
  }
}

function membersOf(hosts: readonly string[], ranges: readonly string[]): Members {
  const spans = ranges.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
  return { hosts, isHost: new Set(hosts), spans: joinSpans(spans) };
}

interface Groups {
  /** Groups of places that are not in the first one. */
  readonly of: ReadonlyMap<number, number>;
  /** A place of each group; null: the first, where it is empty. */
  readonly samples: readonly (number | null)[];
}

/** The hosts at the other end of many connections, of one family. */
export class OtherEnds {
  readonly places: readonly (Place | null)[];
  readonly #byAddress = new Map<string, number[]>();
  readonly #addresses: readonly (Address | null)[];
  readonly #present: readonly number[];
  readonly #sets: SetMembers;

  /** Null: a host that has no address of the family. */
  constructor(places: readonly (Place | null)[], sets: SetMembers) {
    this.places = places;
    this.#sets = sets;
    this.#addresses = places.map((place) => (place === null ? null : parseAddress(place.address)));
    this.#present = [...places.keys()].filter((index) => places[index] !== null);
    for (const index of this.#present) {
      const place = places[index];
      if (place == null) continue;
      const address = canonicalAddress(place.address) ?? place.address;
      this.#byAddress.set(address, [...(this.#byAddress.get(address) ?? []), index]);
    }
  }

  /** Those in the same of the sets are in one group; most are in none, and in the first group. */
  groupedBy(setIds: readonly string[]): Groups {
    const heldIn = new Map<number, string>();
    for (const id of setIds) {
      const members = this.#sets.of(id);
      if (members === null) continue;
      for (const index of this.#within(members)) {
        heldIn.set(index, `${heldIn.get(index) ?? ''}${id} `);
      }
    }
    const of = new Map<number, number>();
    const groups = new Map<string, number>();
    const samples = [this.#present.find((index) => !heldIn.has(index)) ?? null];
    for (const [index, held] of heldIn) {
      const group = groups.get(held) ?? samples.push(index) - 1;
      groups.set(held, group);
      of.set(index, group);
    }
    return { of, samples };
  }

  #within({ hosts, isHost, spans }: Members): Set<number> {
    const found = new Set<number>();
    if (hosts.length <= this.#byAddress.size) {
      for (const host of hosts)
        for (const index of this.#byAddress.get(host) ?? []) found.add(index);
    } else {
      for (const [address, indexes] of this.#byAddress) {
        if (isHost.has(address)) for (const index of indexes) found.add(index);
      }
    }
    if (spans.length === 0) return found;
    for (const [index, address] of this.#addresses.entries()) {
      if (address !== null && spansHold(spans, address)) found.add(index);
    }
    return found;
  }
}

/** What hosts say about one service, as the end of one direction, of connections with each of the others. */
export class EndVerdicts {
  readonly #core: PolicyCore;
  readonly #others: OtherEnds;
  readonly #direction: Direction;
  readonly #service: Service;
  readonly #numbers: VerdictNumbers;
  readonly #groups = new Map<string, Groups>();
  readonly #rows = new Map<string, Uint32Array>();
  readonly #silence: Uint32Array;

  constructor(
    core: PolicyCore,
    others: OtherEnds,
    asked: {
      readonly direction: Direction;
      readonly service: Service;
      readonly numbers: VerdictNumbers;
    },
  ) {
    this.#core = core;
    this.#others = others;
    this.#direction = asked.direction;
    this.#service = asked.service;
    this.#numbers = asked.numbers;
    this.#silence = new Uint32Array(others.places.length);
  }

  /** The number of the verdict by place of the other end. Nothing is said that counts of places that are null and of the host with itself. */
  of(own: Place): Uint32Array {
    const policy = own.workload === null ? undefined : this.#core.hostPolicy(own.workload);
    if (policy === undefined) return this.#silence;
    const groups = this.#groupsFor(policy);
    const sample = groups.samples.find((index) => index !== null);
    const first = sample == null ? null : this.#decide(own, sample);
    if (first === null) return this.#silence;
    // beside the policy, what counts of a host is the network that it is on
    const key = `${policy.hash} ${first.networkProfile}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const numbers = groups.samples.map((index) =>
      index === null ? 0 : this.#numbers.of(index === sample ? first : this.#decide(own, index)),
    );
    const row = new Uint32Array(this.#others.places.length).fill(numbers[0] ?? 0);
    for (const [index, group] of groups.of) row[index] = numbers[group] ?? 0;
    this.#rows.set(key, row);
    return row;
  }

  #groupsFor(policy: HostPolicy): Groups {
    const known = this.#groups.get(policy.hash);
    if (known !== undefined) return known;
    const sets = policy.rules.flatMap(({ direction, services, peers }) =>
      direction === this.#direction && servicesMatch(services, this.#service) ? peers : [],
    );
    const groups = this.#others.groupedBy([...new Set(sets)]);
    this.#groups.set(policy.hash, groups);
    return groups;
  }

  /** What the host by itself says: the other end is taken for an external one. */
  #decide(own: Place, sample: number): EndDecision | null {
    const other = this.#others.places[sample];
    if (other == null) return null;
    const here = { ...own, fqdn: null };
    const there = { workload: null, address: other.address, interfaceName: null, fqdn: null };
    const [source, destination] = this.#direction === 'outbound' ? [here, there] : [there, here];
    return this.#core.decide({ source, destination, ...this.#service })[this.#direction];
  }
}
