/**
 * Pairs of groups of which traffic is decided otherwise. Few lines hold most pairs (a rule for All Workloads): what these say is found
 * once for all groups that they treat alike, and the pairs that other lines hold too are the exceptions, so that the work grows with the
 * lines and their sides and not with all pairs.
 */
import { isOutside, serialOf, statesOf, type Group, type GroupedField } from './groups.ts';
import { BOTH, turned, type Line } from './kinds.ts';
import { changesOfMeeting, type Change, type Match } from './verdicts.ts';

/** Groups but some of them. Thousands of rectangles may share the groups, which are many then. */
export interface Columns {
  readonly groups: ReadonlySet<Group>;
  /** Ends of the groups, those left out included. */
  readonly ends: number;
  readonly but: ReadonlySet<Group>;
}

/** From each row to each column the same traffic is decided otherwise, in the same way. */
export interface Rectangle {
  readonly rows: readonly Group[];
  readonly columns: Columns;
  readonly changes: readonly Change[];
}

export interface PairOptions {
  readonly subjectOnly: boolean;
  /** Pairs of groups that are looked at one by one, at most. */
  readonly oneByOne: number;
}

const NO_GROUPS: ReadonlySet<Group> = new Set();
const UNCHANGED: readonly Change[] = [];

/** Groups that the broad lines treat alike. */
interface SuperGroup {
  readonly groups: Group[];
  readonly sample: Group;
  readonly broad: readonly number[];
}

interface Held {
  /** By states less one. */
  readonly rows: readonly [Group[], Group[], Group[]];
  readonly columns: readonly [Group[], Group[], Group[]];
}

export class PairSearch {
  private readonly field: GroupedField;
  private readonly lines: readonly Line[];
  private readonly options: PairOptions;
  private readonly held = new Map<number, Held>();
  private readonly broad = new Set<number>();
  private readonly outcomes = new Map<string, readonly Change[]>();
  private readonly texts = new Map<string, readonly Change[]>();

  constructor(field: GroupedField, lines: readonly Line[], options: PairOptions) {
    this.field = field;
    this.lines = lines;
    this.options = options;
    for (const group of field.sources) this.hold(group, 'rows');
    for (const group of field.destinations) this.hold(group, 'columns');
    this.chooseBroad();
  }

  rectangles(): Rectangle[] {
    const rows = this.superGroups(this.field.sources);
    const columns = this.superGroups(this.field.destinations);
    const usual = new Map<SuperGroup, Map<SuperGroup, readonly Change[]>>();
    for (const row of rows) {
      for (const column of columns) {
        const changes = this.outcome(row.sample, column.sample, row.broad, column.broad);
        if (changes === null) continue;
        let own = usual.get(row);
        if (own === undefined) usual.set(row, (own = new Map()));
        own.set(column, changes);
      }
    }
    const superOf = new Map(
      [...rows, ...columns].flatMap((item) => item.groups.map((group) => [group, item] as const)),
    );
    const exceptions = this.exceptions((row, column) => {
      const [of, to] = [superOf.get(row), superOf.get(column)];
      return of !== undefined && to !== undefined && usual.get(of)?.has(to) === true;
    });
    return [
      ...this.listed(exceptions),
      ...[...usual].flatMap(([row, own]) =>
        [...own].flatMap(([column, changes]) =>
          usualRectangles(row, column, { changes, exceptions }),
        ),
      ),
    ];
  }

  private hold(group: Group, side: 'rows' | 'columns'): void {
    for (const code of group.codes) {
      let held = this.held.get(serialOf(code));
      if (held === undefined) {
        held = { rows: [[], [], []], columns: [[], [], []] };
        this.held.set(serialOf(code), held);
      }
      held[side][(statesOf(code) - 1) as 0 | 1 | 2].push(group);
    }
  }

  /** The lines of fewest pairs are looked at pair by pair, as long as these are few. */
  private chooseBroad(): void {
    const count = (lists: readonly (readonly Group[])[]) =>
      lists.reduce((sum, list) => sum + list.length, 0);
    const sizes = [...this.held].map(
      ([serial, { rows, columns }]) => [serial, count(rows) * count(columns)] as const,
    );
    let sum = 0;
    for (const [serial, size] of sizes.sort(([, a], [, b]) => a - b)) {
      sum += size;
      if (sum > this.options.oneByOne) this.broad.add(serial);
    }
  }

  private superGroups(groups: readonly Group[]): SuperGroup[] {
    const found = new Map<string, SuperGroup>();
    for (const group of groups) {
      const broad = group.codes.filter((code) => this.broad.has(serialOf(code)));
      const key = `${group.footing} ${broad.join()}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { groups: [group], sample: group, broad });
      else known.groups.push(group);
    }
    return [...found.values()];
  }

  /** Pairs that a narrow line holds and that may come out otherwise than those around them, with how they do. */
  private exceptions(
    mayDiffer: (row: Group, column: Group) => boolean,
  ): Map<Group, Map<Group, readonly Change[]>> {
    const found = new Map<Group, Map<Group, readonly Change[]>>();
    const look = (row: Group, column: Group) => {
      let own = found.get(row);
      if (own?.has(column) === true) return;
      if (own === undefined) found.set(row, (own = new Map()));
      own.set(column, this.outcome(row, column, row.codes, column.codes) ?? UNCHANGED);
    };
    for (const [serial, { rows, columns }] of this.held) {
      if (this.broad.has(serial)) continue;
      for (const [i, someRows] of rows.entries()) {
        for (const [j, someColumns] of columns.entries()) {
          const states = (i + 1) & (j + 1);
          if (states === 0) continue;
          for (const row of someRows) {
            for (const column of someColumns) {
              if (states !== BOTH || mayDiffer(row, column)) look(row, column);
            }
          }
        }
      }
    }
    return found;
  }

  /** Null: nothing that either is part of differs. Empty: something does, and decides nothing. */
  private outcome(
    row: Group,
    column: Group,
    rowCodes: readonly number[],
    columnCodes: readonly number[],
  ): readonly Change[] | null {
    if (row.family !== column.family || (isOutside(row) && isOutside(column))) return null;
    if (this.options.subjectOnly && !row.isSubject && !column.isSubject) return null;
    const common = meet(rowCodes, columnCodes);
    if (
      !turned(row.stances) &&
      !turned(column.stances) &&
      common.every((code) => statesOf(code) === BOTH)
    ) {
      return null;
    }
    const key = `${row.footing} > ${column.footing} ${common.join()}`;
    let changes = this.outcomes.get(key);
    if (changes === undefined) {
      changes = changesOfMeeting({
        family: row.family,
        source: row.stances,
        destination: column.stances,
        matches: common.map((code) => this.match(code)),
      });
      // equal outcomes are one object, so that they are found equal at once
      const text = JSON.stringify(changes);
      changes = this.texts.get(text) ?? changes;
      this.texts.set(text, changes);
      this.outcomes.set(key, changes);
    }
    return changes;
  }

  private match(code: number): Match {
    const line = this.lines[serialOf(code)];
    if (line === undefined)
      throw new Error(`no line ${serialOf(code)}; lines are numbered as they are found`);
    return { line, states: statesOf(code) };
  }

  /** Rows with the same columns and outcome together. */
  private listed(
    exceptions: ReadonlyMap<Group, ReadonlyMap<Group, readonly Change[]>>,
  ): Rectangle[] {
    const found = new Map<
      string,
      { rows: Group[]; columns: Group[]; changes: readonly Change[] }
    >();
    const serials = new Map<readonly Change[], number>();
    for (const [row, own] of exceptions) {
      const byOutcome = Map.groupBy(own, ([column, changes]) => {
        let serial = serials.get(changes);
        if (serial === undefined) serials.set(changes, (serial = serials.size));
        return `${serial} ${isOutside(column)}`;
      });
      for (const [outcome, pairs] of byOutcome) {
        const changes = pairs[0]?.[1] ?? [];
        if (changes.length === 0) continue;
        const columns = pairs.map(([column]) => column).sort((a, b) => a.id - b.id);
        const key = `${isOutside(row)} ${outcome} ${columns.map(({ id }) => id).join()}`;
        const known = found.get(key);
        if (known === undefined) found.set(key, { rows: [row], columns, changes });
        else known.rows.push(row);
      }
    }
    return [...found.values()].map(({ rows, columns, changes }) => ({
      rows,
      columns: listedColumns(columns),
      changes,
    }));
  }
}

export function listedColumns(groups: readonly Group[]): Columns {
  return { groups: new Set(groups), ends: endCount(groups), but: NO_GROUPS };
}

export function endCount(groups: Iterable<Group>): number {
  let count = 0;
  for (const { ends } of groups) count += ends.length;
  return count;
}

/** What the usual outcome of two super groups holds for: rows with the same exceptions together. */
function usualRectangles(
  row: SuperGroup,
  column: SuperGroup,
  found: {
    readonly changes: readonly Change[];
    readonly exceptions: ReadonlyMap<Group, ReadonlyMap<Group, unknown>>;
  },
): Rectangle[] {
  const all = listedColumns(column.groups);
  const byExceptions = new Map<string, { rows: Group[]; but: Set<Group> }>();
  for (const group of row.groups) {
    const but = [...(found.exceptions.get(group)?.keys() ?? [])]
      .filter((other) => all.groups.has(other))
      .sort((a, b) => a.id - b.id);
    const key = but.map(({ id }) => id).join();
    const known = byExceptions.get(key);
    if (known === undefined) byExceptions.set(key, { rows: [group], but: new Set(but) });
    else known.rows.push(group);
  }
  return [...byExceptions.values()]
    .filter(({ but }) => found.changes.length > 0 && but.size < column.groups.length)
    .map(({ rows, but }) => ({
      rows,
      columns: { ...all, but },
      changes: found.changes,
    }));
}

/** Lines that both are part of, in the states in which both are. */
function meet(a: readonly number[], b: readonly number[]): number[] {
  const common: number[] = [];
  let at = 0;
  let to = 0;
  while (at < a.length && to < b.length) {
    const left = a[at] ?? 0;
    const right = b[to] ?? 0;
    if (serialOf(left) < serialOf(right)) at += 1;
    else if (serialOf(right) < serialOf(left)) to += 1;
    else {
      const states = left & right & 3;
      if (states !== 0) common.push(serialOf(left) * 4 + states);
      at += 1;
      to += 1;
    }
  }
  return common;
}
