/** The difference of two policies, found from the lines, sets and ends that differ. */
import type { AddressSpan } from '@bulkhead/net';
import type { ServicePort, Workload } from '../model.ts';
import { normalizeServices } from '../services.ts';
import type { DifferenceLookup, DifferenceOptions, PolicyDifference } from './difference.ts';
import { areasOf, differenceOf, type Area } from './entries.ts';
import { groupField, type Field, type World } from './groups.ts';
import { AFTER, BEFORE, BOTH, Kinds, turned, type Line } from './kinds.ts';
import { KnownEnds, type KnownEnd, type SetMembers } from './known-ends.ts';
import { Members } from './members.ts';
import { PairSearch } from './pairs.ts';

const DEFAULT_LIMIT = 200;
const DEFAULT_NAMES = 20;
const ONE_BY_ONE = 400_000;

/**
 * Connections that are decided otherwise after than before; see `PolicyDifference`. Every workload is looked at once, and compared only
 * where its policy, a set that it names, or what it is differs; from there on the work is in proportion to the lines that differ and to
 * those that hold the same ends.
 */
export function policyDifference(
  before: DifferenceLookup,
  after: DifferenceLookup,
  options: DifferenceOptions = {},
): PolicyDifference {
  return findDifference(before, after, { ...options, oneByOne: ONE_BY_ONE });
}

/** As `policyDifference`, whose answer does not depend on `oneByOne`: pairs of groups that are looked at one by one, at most. */
export function findDifference(
  before: DifferenceLookup,
  after: DifferenceLookup,
  options: DifferenceOptions & { readonly oneByOne: number },
): PolicyDifference {
  const ends = new KnownEnds(before, after);
  const world: World = {
    ends,
    kinds: new Kinds(before, after),
    members: new Members(before, after, { ends, moved: options.movedSets }),
    subject: options.workload ?? null,
  };
  const areas = fieldsOf(touchedBy(world, before, after), world).flatMap((field) =>
    areasIn(field, world, options.oneByOne),
  );
  return differenceOf(areas, {
    limit: options.limit ?? DEFAULT_LIMIT,
    names: options.names ?? DEFAULT_NAMES,
    before,
    after,
  });
}

function areasIn(field: Field, world: World, oneByOne: number): Area[] {
  const grouped = groupField(field, world);
  const subjectOnly = world.subject !== null;
  const search = new PairSearch(grouped, world.kinds.lines, { subjectOnly, oneByOne });
  return areasOf(search.rectangles(), grouped.destinations);
}

/** What may decide otherwise. */
interface Touched {
  /** Ends that decide otherwise under the same lines. */
  readonly turned: ReadonlySet<number>;
  /** Lines that some ends have in one state alone, or whose peers differ. */
  readonly lines: ReadonlyMap<Line, TouchedLine>;
}

interface TouchedLine {
  readonly owners: number[];
  /** All owners have it in both states: only peers that differ matter. */
  kept: boolean;
}

function touchedBy(world: World, before: DifferenceLookup, after: DifferenceLookup): Touched {
  const turnedEnds = new Set<number>();
  const lines = new Map<Line, TouchedLine>();
  const steady = new Map<string, boolean>();
  for (const { href, ends: own } of world.ends.owners) {
    const was = before.hostPolicy(href);
    const is = after.hostPolicy(href);
    const same = was?.hash === is?.hash && standsAlike(before.workload(href), after.workload(href));
    if (same && is === undefined) continue;
    if (same && is !== undefined) {
      let isSteady = steady.get(is.hash);
      if (isSteady === undefined) {
        isSteady = !is.rules.some(({ peers }) => peers.some((id) => world.members.isMoved(id)));
        steady.set(is.hash, isSteady);
      }
      if (isSteady) continue;
    }
    for (const end of own) {
      if (turned(world.kinds.of(end))) turnedEnds.add(end.id);
      else touchLines(end, world, lines);
    }
  }
  return { turned: turnedEnds, lines };
}

function touchLines(end: KnownEnd, { kinds, members }: World, into: Map<Line, TouchedLine>): void {
  const kind = kinds.of(end);
  for (const { line, states } of [...kind.outbound, ...kind.inbound]) {
    const kept = states === BOTH;
    if (kept && !line.rule.peers.some((id) => members.isMoved(id))) continue;
    const known = into.get(line);
    if (known === undefined) {
      into.set(line, { owners: [end.id], kept });
    } else {
      known.owners.push(end.id);
      known.kept &&= kept;
    }
  }
}

/** Whether a workload has a say on the same interfaces, as what it is. */
function standsAlike(a: Workload | undefined, b: Workload | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.type === b.type &&
    a.suspended === b.suspended &&
    a.interfaces.length === b.interfaces.length &&
    a.interfaces.every(({ name, networkProfile }, at) => {
      const other = b.interfaces[at];
      return other?.name === name && other.networkProfile === networkProfile;
    })
  );
}

/** Fields that hold everything that may differ; no connection is in two of them. */
function fieldsOf(touched: Touched, world: World): Field[] {
  const fields: Field[] = [];
  const none = new Set<number>();
  const everybody = { ends: null, outside: true };
  if (touched.lines.size > 0) fields.push(fieldOfLines(touched, world));
  if (touched.turned.size > 0) {
    const those = { ends: touched.turned, without: none, outside: false };
    fields.push(
      { sources: those, destinations: { ...everybody, without: none }, wanted: null },
      { sources: { ...everybody, without: touched.turned }, destinations: those, wanted: null },
    );
  }
  return fields;
}

function fieldOfLines({ lines, turned: without }: Touched, world: World): Field {
  const sources = { ends: new Set<number>(), without, outside: false };
  const destinations = { ends: new Set<number>(), without, outside: false };
  const services: ServicePort[] = [];
  for (const [line, { owners, kept }] of lines) {
    const { direction, peers, fqdns } = line.rule;
    const [own, other] =
      direction === 'outbound' ? [sources, destinations] : [destinations, sources];
    for (const id of owners) own.ends.add(id);
    for (const id of peers) addPeers(id, { kept, other, world });
    if (fqdns.length > 0 && !kept) other.outside = true;
    services.push(...line.rule.services);
  }
  const anyProgram = services.map(
    ({ process: _process, windowsService: _windowsService, ...traffic }) => traffic,
  );
  return { sources, destinations, wanted: normalizeServices(anyProgram) };
}

interface PeersAsked {
  readonly kept: boolean;
  readonly other: { readonly ends: Set<number>; outside: boolean };
  readonly world: World;
}

function addPeers(id: string, { kept, other, world }: PeersAsked): void {
  const { members, ends } = world;
  if (kept && !members.isMoved(id)) return;
  const [before, after] = [members.of(id, BEFORE), members.of(id, AFTER)];
  for (const set of kept ? apart(before, after) : [before, after]) {
    for (const end of ends.among(set)) other.ends.add(end);
    if (members.outside(set).length > 0) other.outside = true;
  }
}

/** What either has and the other has not; ranges as a whole where they differ. */
function apart(a: SetMembers, b: SetMembers): SetMembers[] {
  const [inA, inB] = [new Set(a.hosts), new Set(b.hosts)];
  const key = ({ family, first, last }: AddressSpan) => `${family} ${first} ${last}`;
  const [rangesA, rangesB] = [new Set(a.ranges.map(key)), new Set(b.ranges.map(key))];
  return [
    {
      hosts: a.hosts.filter((host) => !inB.has(host)),
      ranges: a.ranges.filter((range) => !rangesB.has(key(range))),
    },
    {
      hosts: b.hosts.filter((host) => !inA.has(host)),
      ranges: b.ranges.filter((range) => !rangesA.has(key(range))),
    },
  ];
}
