/**
 * Protocols, ports and ICMP types cut into cells, so that a service list holds a cell whole or not at all; and cells back to service
 * lists. Essential ICMP types have no cell: they never differ.
 */
import { ESSENTIAL_ICMP } from '../essential.ts';
import type { ServicePort } from '../model.ts';
import { ALL_TRAFFIC, normalizeServices } from '../services.ts';
import { ANY_PROTOCOL, PROTOCOLS } from '../vocabulary.ts';

/** Traffic of `services` that is not of `except`; both canonical. */
export interface TrafficBox {
  readonly services: readonly ServicePort[];
  readonly except: readonly ServicePort[];
}

const FIRST_PORT = 1;
const LAST_PORT = 65_535;
/** Cell of all protocols that no entry names. */
const OTHER_PROTOCOLS = 0;

interface PortSection {
  readonly kind: 'ports';
  readonly protocol: number;
  /** First port of each cell, ascending; cells are numbered from `base` in this order. */
  readonly firsts: readonly number[];
  readonly base: number;
}

interface IcmpSection {
  readonly kind: 'icmp';
  readonly protocol: number;
  /** Cell of all types that no entry names. */
  readonly otherTypes: number;
  /** By type: the cell of codes that no entry names, and one for each code. */
  readonly types: ReadonlyMap<
    number,
    { readonly otherCodes: number; readonly codes: ReadonlyMap<number, number> }
  >;
}

interface WholeSection {
  readonly kind: 'whole';
  readonly protocol: number;
  readonly cell: number;
}

type Section = PortSection | IcmpSection | WholeSection;

const PORT_PROTOCOLS: readonly number[] = [PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp];

export class TrafficSpace {
  readonly cells: number;
  private readonly sections = new Map<number, Section>();

  constructor(entries: readonly ServicePort[]) {
    const byProtocol = Map.groupBy(entries, ({ protocol }) => protocol);
    byProtocol.delete(ANY_PROTOCOL);
    let next = OTHER_PROTOCOLS + 1;
    const take = () => {
      next += 1;
      return next - 1;
    };
    for (const [protocol, own] of byProtocol) {
      this.sections.set(protocol, sectionOf(protocol, own, take));
    }
    this.cells = next;
  }

  /** Calls back with each cell that an entry holds; names of programs are not looked at. The entry must be one of the constructor's. */
  mark(entry: ServicePort, held: (cell: number) => void): void {
    if (entry.protocol === ANY_PROTOCOL) {
      for (let cell = 0; cell < this.cells; cell += 1) held(cell);
      return;
    }
    const section = this.sections.get(entry.protocol);
    if (section?.kind === 'ports') markPorts(section, entry, held);
    else if (section?.kind === 'icmp') markIcmp(section, entry, held);
    else if (section !== undefined && isWhole(entry)) held(section.cell);
  }

  /** Cells as services: one box mostly; a second one where the first leaves out more than it should. */
  boxes(holds: (cell: number) => boolean): TrafficBox[] {
    const base = holds(OTHER_PROTOCOLS);
    const main = { services: base ? [ALL_TRAFFIC] : [], except: [] as ServicePort[] };
    const extra = { services: [] as ServicePort[], except: [] as ServicePort[] };
    for (const section of this.sections.values()) {
      const own = cellsOf(section);
      const whole = { ...ALL_TRAFFIC, protocol: section.protocol };
      const count = own.filter(holds).length;
      if (count === own.length && base) continue;
      if (count === 0 && !base) continue;
      if (count === own.length) main.services.push(whole);
      else if (count === 0) main.except.push(whole);
      else if (section.kind === 'ports') {
        const wanted = portsOf(section, (cell) => holds(cell) !== base);
        (base ? main.except : main.services).push(...wanted);
      } else if (section.kind === 'icmp') icmpOf(section, { base, holds, main, extra });
    }
    return [main, extra]
      .filter(({ services }) => services.length > 0)
      .map(({ services, except }) => ({
        services: normalizeServices(services),
        except: normalizeServices(except),
      }));
  }
}

/** Whether some connection could be of both entries, programs apart. */
export function entriesOverlap(a: ServicePort, b: ServicePort): boolean {
  if (a.protocol === ANY_PROTOCOL || b.protocol === ANY_PROTOCOL) return true;
  if (a.protocol !== b.protocol) return false;
  if (a.port !== null && b.port !== null) {
    return a.port <= (b.toPort ?? b.port) && b.port <= (a.toPort ?? a.port);
  }
  if (a.icmpType === null || b.icmpType === null) return true;
  if (a.icmpType !== b.icmpType) return false;
  return a.icmpCode === null || b.icmpCode === null || a.icmpCode === b.icmpCode;
}

function isWhole(entry: ServicePort): boolean {
  return entry.port === null && entry.icmpType === null;
}

function sectionOf(protocol: number, entries: readonly ServicePort[], take: () => number): Section {
  if (PORT_PROTOCOLS.includes(protocol)) {
    const cuts = new Set([FIRST_PORT]);
    for (const { port, toPort } of entries) {
      if (port === null) continue;
      cuts.add(Math.max(port, FIRST_PORT));
      if ((toPort ?? port) < LAST_PORT) cuts.add((toPort ?? port) + 1);
    }
    const firsts = [...cuts].sort((a, b) => a - b);
    const base = take();
    for (let at = 1; at < firsts.length; at += 1) take();
    return { kind: 'ports', protocol, firsts, base };
  }
  if (protocol !== PROTOCOLS.icmp && protocol !== PROTOCOLS.icmpv6) {
    return { kind: 'whole', protocol, cell: take() };
  }
  const essential: readonly number[] =
    protocol === PROTOCOLS.icmp ? ESSENTIAL_ICMP.icmp : ESSENTIAL_ICMP.icmpv6;
  const types = new Map<number, { readonly otherCodes: number; codes: Map<number, number> }>();
  for (const { icmpType, icmpCode } of entries) {
    if (icmpType === null || essential.includes(icmpType)) continue;
    let type = types.get(icmpType);
    if (type === undefined) types.set(icmpType, (type = { otherCodes: take(), codes: new Map() }));
    if (icmpCode !== null && !type.codes.has(icmpCode)) type.codes.set(icmpCode, take());
  }
  return { kind: 'icmp', protocol, otherTypes: take(), types };
}

function cellsOf(section: Section): number[] {
  if (section.kind === 'whole') return [section.cell];
  if (section.kind === 'ports') return section.firsts.map((_, at) => section.base + at);
  const named = [...section.types.values()].flatMap((type) => [
    type.otherCodes,
    ...type.codes.values(),
  ]);
  return [section.otherTypes, ...named];
}

function markPorts(section: PortSection, entry: ServicePort, held: (cell: number) => void): void {
  const { firsts, base } = section;
  const first = entry.port ?? FIRST_PORT;
  const last = entry.port === null ? LAST_PORT : (entry.toPort ?? entry.port);
  if (entry.port === null && entry.icmpType !== null) return;
  let low = 0;
  let high = firsts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((firsts[middle] ?? first) < first) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < firsts.length && (firsts[at] ?? 0) <= last; at += 1) held(base + at);
}

function markIcmp(section: IcmpSection, entry: ServicePort, held: (cell: number) => void): void {
  if (entry.port !== null) return;
  if (entry.icmpType === null) {
    for (const cell of cellsOf(section)) held(cell);
    return;
  }
  const type = section.types.get(entry.icmpType);
  if (type === undefined) return;
  if (entry.icmpCode === null) {
    held(type.otherCodes);
    for (const cell of type.codes.values()) held(cell);
    return;
  }
  const cell = type.codes.get(entry.icmpCode);
  if (cell !== undefined) held(cell);
}

function portsOf(section: PortSection, wanted: (cell: number) => boolean): ServicePort[] {
  const { protocol, firsts, base } = section;
  return firsts.flatMap((port, at) => {
    if (!wanted(base + at)) return [];
    const last = (firsts[at + 1] ?? LAST_PORT + 1) - 1;
    return [{ ...ALL_TRAFFIC, protocol, port, toPort: last === port ? null : last }];
  });
}

interface Boxes {
  readonly base: boolean;
  readonly holds: (cell: number) => boolean;
  readonly main: { services: ServicePort[]; except: ServicePort[] };
  readonly extra: { services: ServicePort[]; except: ServicePort[] };
}

function icmpOf(section: IcmpSection, { base, holds, main, extra }: Boxes): void {
  const whole = { ...ALL_TRAFFIC, protocol: section.protocol };
  const most = holds(section.otherTypes);
  if (most && !base) main.services.push(whole);
  if (!most && base) main.except.push(whole);
  // single types are said where no wider entry is in the way
  const single = most || base ? extra : main;
  for (const [icmpType, { otherCodes, codes }] of section.types) {
    const type = { ...whole, icmpType };
    const inside = [...codes].filter(([, cell]) => holds(cell));
    const outside = [...codes].filter(([, cell]) => !holds(cell));
    const all = ([icmpCode]: [number, number]) => ({ ...type, icmpCode });
    if (most) {
      if (holds(otherCodes)) main.except.push(...outside.map(all));
      else {
        main.except.push(type);
        extra.services.push(...inside.map(all));
      }
    } else if (holds(otherCodes)) {
      single.services.push(type);
      single.except.push(...outside.map(all));
    } else {
      single.services.push(...inside.map(all));
    }
  }
}
