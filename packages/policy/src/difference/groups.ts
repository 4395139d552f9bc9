/** Ends that nothing in question tells apart: sources and destinations of a field, grouped by the lines that they are part of. */
import type { AddressSpan, Family } from '@bulkhead/net';
import type { ServicePort } from '../model.ts';
import type { NameCondition } from './difference.ts';
import {
  AFTER,
  BEFORE,
  stanceKey,
  type Kind,
  type Kinds,
  type Line,
  type OwnLine,
  type States,
} from './kinds.ts';
import type { KnownEnd, KnownEnds, SetMembers } from './known-ends.ts';
import { holdingStates, OutsideCells, type Members } from './members.ts';
import { nameGroups } from './names.ts';
import { servicesOverlap, type EndStances } from './verdicts.ts';

/** Those who may be one end of a connection in a field. */
export interface Side {
  /** Null: every address of every workload. */
  readonly ends: ReadonlySet<number> | null;
  /** Ends that are left out of it. */
  readonly without: ReadonlySet<number>;
  /** Addresses of no workload too. */
  readonly outside: boolean;
}

/** All connections from one side to the other on traffic of `wanted` (null: any); whatever differs in it is looked for. */
export interface Field {
  readonly sources: Side;
  readonly destinations: Side;
  readonly wanted: readonly ServicePort[] | null;
}

export interface World {
  readonly ends: KnownEnds;
  readonly kinds: Kinds;
  readonly members: Members;
  /** Only connections with this workload; null: all. */
  readonly subject: string | null;
}

export interface Group {
  readonly id: number;
  readonly family: Family;
  readonly stances: EndStances;
  /** Groups with equal ones decide alike where no line matches, and are listed alike. */
  readonly footing: string;
  readonly isSubject: boolean;
  /** Lines that the ends are part of, as enforcer or as peer: 4 * serial + states, ascending. */
  readonly codes: readonly number[];
  readonly ends: readonly KnownEnd[];
  /** Of a group of addresses of no workload. */
  readonly cells: readonly AddressSpan[];
  /** Names by which the addresses were resolved; null: none that a line names. */
  readonly names: readonly NameCondition[] | null;
}

export function isOutside(group: Group): boolean {
  return group.cells.length > 0;
}

/** States of a code. */
export function statesOf(code: number): States {
  return (code & 3) as States;
}

/** Serial of a code's line. */
export function serialOf(code: number): number {
  return code >> 2;
}

export interface GroupedField {
  readonly sources: readonly Group[];
  readonly destinations: readonly Group[];
}

export function groupField(field: Field, world: World): GroupedField {
  const outbound = new FieldLines(field, 'outbound', world);
  const inbound = new FieldLines(field, 'inbound', world);
  return {
    sources: groupSide(field.sources, { own: outbound, other: inbound, world }),
    destinations: groupSide(field.destinations, { own: inbound, other: outbound, world }),
  };
}

/** Lines of one direction that can match in a field, with their peers. */
class FieldLines {
  readonly direction: 'outbound' | 'inbound';
  /** Codes by end and by cell. */
  readonly peers = new Map<number, number[]>();
  readonly cellPeers = new Map<number, number[]>();
  readonly cells: OutsideCells;
  readonly named: readonly Line[];
  /** Lines with peers in the field. */
  private readonly kept = new Set<Line>();
  private readonly own = new Map<Kind, readonly number[]>();
  private readonly peerSide: Side;
  private readonly world: World;

  constructor(field: Field, direction: 'outbound' | 'inbound', world: World) {
    this.direction = direction;
    this.world = world;
    const [owners, peers] =
      direction === 'outbound'
        ? [field.sources, field.destinations]
        : [field.destinations, field.sources];
    this.peerSide = peers;
    const lines = this.linesOf(owners, field.wanted);
    this.cells = new OutsideCells(peers.outside ? this.cuts(lines) : []);
    for (const [line, states] of lines) this.findPeers(line, states);
    this.named = peers.outside ? [...lines.keys()].filter(({ rule }) => rule.fqdns.length > 0) : [];
    for (const line of this.named) this.kept.add(line);
  }

  /** Codes that a kind has for what it enforces itself. */
  codesOf(kind: Kind): readonly number[] {
    let codes = this.own.get(kind);
    if (codes === undefined) {
      codes = kind[this.direction]
        .filter(({ line }) => this.kept.has(line))
        .map(({ line, states }) => line.serial * 4 + states);
      this.own.set(kind, codes);
    }
    return codes;
  }

  private linesOf(owners: Side, wanted: Field['wanted']): Map<Line, States> {
    const { kinds } = this.world;
    const found = new Map<Line, States>();
    const seen = new Set<Kind>();
    const passed = new Set<Line>();
    const consider = ({ line, states }: OwnLine) => {
      const known = found.get(line);
      if (known !== undefined) {
        found.set(line, (known | states) as States);
      } else if (!passed.has(line)) {
        if (wanted === null || servicesOverlap(line.rule.services, wanted)) found.set(line, states);
        else passed.add(line);
      }
    };
    for (const end of endsOf(owners, this.world.ends)) {
      const kind = kinds.of(end);
      if (seen.has(kind)) continue;
      seen.add(kind);
      kind[this.direction].forEach(consider);
    }
    return found;
  }

  private *cuts(lines: ReadonlyMap<Line, States>): Iterable<AddressSpan> {
    const { members } = this.world;
    for (const [line, states] of lines) {
      for (const id of line.rule.peers) {
        if ((states & BEFORE) !== 0) yield* members.outside(members.of(id, BEFORE));
        if ((states & AFTER) !== 0) yield* members.outside(members.of(id, AFTER));
      }
    }
  }

  private findPeers(line: Line, states: States): void {
    const { members } = this.world;
    const { peers } = line.rule;
    const same = !peers.some((id) => members.isMoved(id));
    const sets = (state: typeof BEFORE | typeof AFTER) => peers.map((id) => members.of(id, state));
    const known = holdingStates(
      states,
      (state) => sets(state).flatMap((set) => this.endsAmong(set)),
      same,
    );
    this.note(line, known, this.peers);
    if (!this.peerSide.outside) return;
    const cells = holdingStates(
      states,
      (state) =>
        sets(state).flatMap((set) =>
          members.outside(set).flatMap((span) => [...this.cells.within(span)]),
        ),
      same,
    );
    this.note(line, cells, this.cellPeers);
  }

  private endsAmong(set: SetMembers): number[] {
    const { ends, without } = this.peerSide;
    const found: number[] = [];
    for (const id of this.world.ends.among(set)) {
      if ((ends === null || ends.has(id)) && !without.has(id)) found.push(id);
    }
    return found;
  }

  private note(line: Line, held: ReadonlyMap<number, States>, into: Map<number, number[]>): void {
    if (held.size > 0) this.kept.add(line);
    for (const [id, states] of held) {
      const code = line.serial * 4 + states;
      const codes = into.get(id);
      if (codes === undefined) into.set(id, [code]);
      else codes.push(code);
    }
  }
}

function* endsOf({ ends, without }: Side, all: KnownEnds): Iterable<KnownEnd> {
  if (ends === null) {
    for (const end of all.ends) if (!without.has(end.id)) yield end;
    return;
  }
  for (const id of ends) {
    const end = all.ends[id];
    if (end !== undefined && !without.has(id)) yield end;
  }
}

interface SideLines {
  readonly own: FieldLines;
  readonly other: FieldLines;
  readonly world: World;
}

type Mutable = Omit<Group, 'ends' | 'cells'> & { ends: KnownEnd[]; cells: AddressSpan[] };

function groupSide(side: Side, { own, other, world }: SideLines): Group[] {
  const groups = new Map<string, Mutable>();
  const groupFor = (
    kind: Kind,
    facts: { readonly family: Family; readonly isSubject: boolean; readonly place: string },
    codes: readonly number[],
  ) => {
    const { family, isSubject, place } = facts;
    const footing = [family, isSubject, place, stanceKey(kind.before), stanceKey(kind.after)].join(
      '|',
    );
    const key = `${footing} ${codes.join()}`;
    let group = groups.get(key);
    if (group === undefined) {
      const { before, after } = kind;
      group = {
        id: groups.size,
        family,
        isSubject,
        footing,
        codes,
        stances: { before, after },
        ends: [],
        cells: [],
        names: null,
      };
      groups.set(key, group);
    }
    return group;
  };
  for (const end of endsOf(side, world.ends)) {
    const kind = world.kinds.of(end);
    const codes = sortedCodes(own.codesOf(kind), other.peers.get(end.id) ?? []);
    const isSubject = end.owner.href === world.subject;
    groupFor(kind, { family: end.family, isSubject, place: 'workload' }, codes).ends.push(end);
  }
  if (!side.outside) return [...groups.values()];
  for (const [at, span] of other.cells.spans.entries()) {
    const codes = sortedCodes([], other.cellPeers.get(at) ?? []);
    const facts = { family: span.family, isSubject: false, place: 'outside' };
    groupFor(world.kinds.outside, facts, codes).cells.push(span);
  }
  const known = [...groups.values()];
  return [...known, ...withNames(known.filter(isOutside), other.named, known.length)];
}

/** Groups of addresses once more for each way in which they may have been resolved. */
function withNames(outside: readonly Group[], named: readonly Line[], from: number): Group[] {
  let id = from;
  return nameGroups(named).flatMap(({ lines, names }) =>
    outside.map((group) => {
      const codes = sortedCodes(
        group.codes,
        lines.map(({ serial }) => serial * 4 + 3),
      );
      id += 1;
      return { ...group, id: id - 1, codes, names };
    }),
  );
}

/** Both lists in order; where one line comes twice, in the states of either. */
function sortedCodes(a: readonly number[], b: readonly number[]): number[] {
  const all = [...a, ...b].sort((x, y) => x - y);
  const merged: number[] = [];
  for (const code of all) {
    const last = merged.at(-1);
    if (last !== undefined && serialOf(last) === serialOf(code))
      merged[merged.length - 1] = last | code;
    else merged.push(code);
  }
  return merged;
}
