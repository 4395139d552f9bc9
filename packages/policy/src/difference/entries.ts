/** Rectangles of groups counted, cut to those asked for, and said in the words of a difference. */
import { formatSpan, joinSpans } from '@bulkhead/net';
import type {
  DifferenceCause,
  DifferenceEntry,
  DifferenceHost,
  DifferenceLookup,
  DifferenceSide,
  DifferenceTotals,
  NameCondition,
  PolicyDifference,
} from './difference.ts';
import { isOutside, type Group } from './groups.ts';
import type { EndOwner, KnownEnd } from './known-ends.ts';
import { endCount, listedColumns, type Columns, type Rectangle } from './pairs.ts';
import { isGain, type Change } from './verdicts.ts';

/** A rectangle with how outside addresses were resolved, and how many pairs of addresses it holds. */
export interface Area extends Rectangle {
  readonly names: readonly NameCondition[];
  readonly exceptNames: readonly NameCondition[];
  /** Pairs of workloads' addresses; null where one side is outside. */
  readonly pairs: number | null;
}

export interface EntryOptions {
  readonly limit: number;
  readonly names: number;
  readonly before: DifferenceLookup;
  readonly after: DifferenceLookup;
}

interface Found {
  readonly area: Area;
  readonly change: Change;
}

interface Tally {
  readonly found: Found[];
  pairs: number;
  readonly withOutside: Set<number>;
}

/** Rectangles as areas that differ somewhere: without those of nothing but workloads with themselves. */
export function areasOf(rectangles: readonly Rectangle[], columns: readonly Group[]): Area[] {
  const variants = Map.groupBy(columns.filter(isOutside), ({ cells }) => cells);
  const columnOf = new Map(columns.flatMap((group) => group.ends.map(({ id }) => [id, group])));
  return rectangles
    .flatMap((rectangle) => cutByNames(rectangle, variants))
    .map((area) => ({ ...area, pairs: countPairs(area, columnOf) }))
    .filter(({ pairs }) => pairs !== 0);
}

export function differenceOf(areas: readonly Area[], options: EntryOptions): PolicyDifference {
  const gained: Tally = { found: [], pairs: 0, withOutside: new Set() };
  const lost: Tally = { found: [], pairs: 0, withOutside: new Set() };
  for (const area of areas) {
    for (const tally of [gained, lost]) {
      const changes = area.changes.filter((change) => isGain(change) === (tally === gained));
      if (changes.length === 0) continue;
      for (const change of changes) tally.found.push({ area, change });
      if (area.pairs === null) noteOutside(area, tally.withOutside);
      else tally.pairs += area.pairs;
    }
  }
  return {
    gained: entriesOf(gained, options),
    lost: entriesOf(lost, options),
    truncated: Math.max(gained.found.length, lost.found.length) > options.limit,
    totals: { gained: totalsOf(gained), lost: totalsOf(lost) },
  };
}

function groupsOf({ groups, but }: Columns): readonly Group[] {
  return [...groups].filter((group) => !but.has(group));
}

/** Outside columns by how their addresses were resolved: an entry is about the same names for each of its addresses. */
function cutByNames(
  rectangle: Rectangle,
  variants: ReadonlyMap<Group['cells'], readonly Group[]>,
): Omit<Area, 'pairs'>[] {
  const [first] = rectangle.columns.groups;
  if (first === undefined || !isOutside(first)) {
    return [{ ...rectangle, names: [], exceptNames: [] }];
  }
  const byCells = Map.groupBy(groupsOf(rectangle.columns), ({ cells }) => cells);
  const alike = Map.groupBy(byCells, ([, groups]) =>
    JSON.stringify(groups.map(({ names }) => names)),
  );
  return [...alike.values()].map((members) => {
    const [cells, present = []] = members[0] ?? [first.cells];
    const absent = (variants.get(cells) ?? []).filter((group) => !present.includes(group));
    const conditions = (groups: readonly Group[]) =>
      groups.flatMap(({ names }) => names ?? []).sort((a, b) => compare(a.pattern, b.pattern));
    const unnamed = present.some(({ names }) => names === null);
    return {
      rows: rectangle.rows,
      changes: rectangle.changes,
      columns: listedColumns(members.flatMap(([, groups]) => groups[0] ?? [])),
      names: unnamed ? [] : conditions(present),
      exceptNames: unnamed ? conditions(absent) : [],
    };
  });
}

function columnEnds({ ends, but }: Columns): number {
  return ends - endCount(but);
}

/** Whether a side is of outside addresses; groups of both kinds are never together. */
function isOutsideSide(groups: Iterable<Group>): boolean {
  for (const group of groups) return isOutside(group);
  return false;
}

function countPairs(
  { rows, columns }: Pick<Area, 'rows' | 'columns'>,
  columnOf: ReadonlyMap<number, Group>,
): number | null {
  if (isOutsideSide(rows) || isOutsideSide(columns.groups)) return null;
  let own = 0;
  for (const { ends: sources } of rows) {
    for (const { owner } of sources) {
      for (const { id } of owner.ends) {
        const column = columnOf.get(id);
        if (column !== undefined && columns.groups.has(column) && !columns.but.has(column))
          own += 1;
      }
    }
  }
  return endCount(rows) * columnEnds(columns) - own;
}

function noteOutside({ rows, columns }: Area, into: Set<number>): void {
  for (const group of [...rows, ...groupsOf(columns)])
    for (const { id } of group.ends) into.add(id);
}

function totalsOf({ found, pairs, withOutside }: Tally): DifferenceTotals {
  return { entries: found.length, pairs, withOutside: withOutside.size };
}

function sizeOf({ rows, columns, pairs }: Area): number {
  return pairs ?? endCount(rows) + columnEnds(columns);
}

function entriesOf({ found }: Tally, options: EntryOptions): DifferenceEntry[] {
  return found
    .map((item) => ({ ...item, size: sizeOf(item.area) }))
    .sort((a, b) => b.size - a.size)
    .slice(0, options.limit)
    .map(({ area, change }) => ({
      consumers: sideOf(area.rows, { area: null, options }),
      providers: sideOf(groupsOf(area.columns), { area, options }),
      services: change.services,
      except: change.except,
      program: change.program,
      user: change.user,
      from: change.from,
      to: change.to,
      because: causesOf(change, options),
    }));
}

function sideOf(
  groups: readonly Group[],
  { area, options }: { readonly area: Area | null; readonly options: EntryOptions },
): DifferenceSide {
  if (isOutsideSide(groups)) {
    const spans = joinSpans(groups.flatMap(({ cells }) => cells));
    return {
      kind: 'outside',
      count: spans.length,
      spans: spans.slice(0, options.names).map(formatSpan),
      names: area?.names ?? [],
      exceptNames: area?.exceptNames ?? [],
    };
  }
  const owners = new Set<EndOwner>();
  for (const { ends } of groups) for (const { owner } of ends) owners.add(owner);
  return {
    kind: 'workloads',
    count: owners.size,
    addresses: endCount(groups),
    workloads: hostsOf(groups, firstOwners(owners, options.names)),
  };
}

/** The first ones by name: sides of whole fleets are many, and only a few of each are named. */
function firstOwners(owners: Iterable<EndOwner>, most: number): EndOwner[] {
  if (most === 0) return [];
  const inOrder = (a: EndOwner, b: EndOwner) => compare(a.name, b.name) || compare(a.href, b.href);
  let first: EndOwner[] = [];
  let last: EndOwner | undefined;
  for (const owner of owners) {
    if (last !== undefined && inOrder(owner, last) > 0) continue;
    first.push(owner);
    if (first.length < 2 * most) continue;
    first = first.sort(inOrder).slice(0, most);
    last = first.at(-1);
  }
  return first.sort(inOrder).slice(0, most);
}

/** The owners with those of their addresses that are in the groups. */
function hostsOf(groups: readonly Group[], owners: readonly EndOwner[]): DifferenceHost[] {
  const wanted = new Map<EndOwner, KnownEnd[]>(owners.map((owner) => [owner, []]));
  for (const { ends } of groups) for (const end of ends) wanted.get(end.owner)?.push(end);
  return [...wanted].map(([{ href, name }, ends]) => ({
    href,
    name,
    addresses: ends
      .map(({ interfaceName, address }) => ({ interfaceName, address }))
      .sort((a, b) => compare(a.interfaceName, b.interfaceName) || compare(a.address, b.address)),
  }));
}

function causesOf(change: Change, { before, after }: EntryOptions): DifferenceCause[] {
  const statements = change.statements.map((href): DifferenceCause => {
    const [was, is] = [before.statement(href), after.statement(href)];
    const known = is ?? was ?? { kind: 'rule', name: href };
    return {
      kind: known.kind,
      href,
      name: known.name,
      change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
    };
  });
  return [...statements, ...change.turned];
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
