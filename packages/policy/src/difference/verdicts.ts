/** What of the traffic between two ends is decided otherwise, given the lines that match at either end in either state. */
import type { Family } from '@bulkhead/net';
import type { ServicePort } from '../model.ts';
import type { PolicyDecision } from '../vocabulary.ts';
import type { DifferenceCause, ProgramCondition, UserCondition } from './difference.ts';
import { AFTER, BEFORE, BOTH, type Line, type Stance, type States } from './kinds.ts';
import { entriesOverlap, TrafficSpace, type TrafficBox } from './traffic.ts';

/** A line whose own side and peers hold the two ends, and in which states both do. */
export interface Match {
  readonly line: Line;
  readonly states: States;
}

export interface EndStances {
  readonly before: Stance | null;
  readonly after: Stance | null;
}

export interface Meeting {
  readonly family: Family;
  readonly source: EndStances;
  readonly destination: EndStances;
  readonly matches: readonly Match[];
}

/** Why an end decides otherwise: hrefs of rules and boundaries, or how it enforces. */
export interface Reason {
  readonly statements: readonly string[];
  readonly turned: readonly Exclude<DifferenceCause, { kind: 'rule' | 'boundary' }>[];
}

/** A part of the traffic that is decided otherwise. */
export interface Change extends TrafficBox, Reason {
  readonly from: PolicyDecision;
  readonly to: PolicyDecision;
  readonly program: ProgramCondition | null;
  readonly user: UserCondition | null;
}

const RANK = { allowed: 0, potentially_blocked: 1, blocked: 2 } as const satisfies Record<
  PolicyDecision,
  number
>;

/** Whether a change lets more pass than before. */
export function isGain({ from, to }: Pick<Change, 'from' | 'to'>): boolean {
  return RANK[to] < RANK[from];
}

export function changesOfMeeting(meeting: Meeting): Change[] {
  const { matches } = meeting;
  const turned = isTurned(meeting.source) || isTurned(meeting.destination);
  const moved = matches.filter(({ states }) => states !== BOTH);
  if (!turned && moved.length === 0) return [];
  const wanted = turned ? null : moved.flatMap(({ line }) => line.rule.services);
  const relevant = matches.filter(
    ({ line }) => wanted === null || servicesOverlap(line.rule.services, wanted),
  );
  const space = new TrafficSpace(
    relevant
      .flatMap(({ line }) => line.rule.services)
      .filter((entry) => wanted === null || servicesOverlap([entry], wanted)),
  );
  const programs = programsOf(relevant);
  const users = usersOf(relevant);
  const outcomes = programs.map((program) =>
    users.map((user) => outcome(meeting, { relevant, space, wanted, program, user })),
  );
  return inOrder(join(outcomes, programs, users));
}

/** Equal changes in equal order, in whichever order the lines came: they are compared as text. */
function inOrder(changes: readonly Change[]): Change[] {
  return changes
    .map((change) => ({ change, text: JSON.stringify(change) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ change }) => change);
}

function isTurned({ before, after }: EndStances): boolean {
  return before?.mode !== after?.mode || before?.ipv6Mode !== after?.ipv6Mode;
}

export function servicesOverlap(a: readonly ServicePort[], b: readonly ServicePort[]): boolean {
  return a.some((left) => b.some((right) => entriesOverlap(left, right)));
}

function programsOf(matches: readonly Match[]): ProgramCondition[] {
  const entries = matches.flatMap(({ line }) => line.rule.services);
  const distinct = (values: (string | undefined)[]) =>
    [...new Set(values.filter((value) => value !== undefined))].sort();
  const processes = distinct(entries.map(({ process }) => process?.toLowerCase()));
  const windowsServices = distinct(entries.map(({ windowsService }) => windowsService));
  return [null, ...processes].flatMap((process) =>
    [null, ...windowsServices].map((windowsService) => ({
      process,
      windowsService,
      others: {
        processes: processes.filter((other) => other !== process),
        windowsServices: windowsServices.filter((other) => other !== windowsService),
      },
    })),
  );
}

function usersOf(matches: readonly Match[]): UserCondition[] {
  const sids = [...new Set(matches.flatMap(({ line }) => line.rule.principals))].sort();
  return [null, ...sids].map((sid) => ({ sid, others: sids.filter((other) => other !== sid) }));
}

interface Asked {
  readonly relevant: readonly Match[];
  readonly space: TrafficSpace;
  /** Traffic in which something can differ; null: all. */
  readonly wanted: readonly ServicePort[] | null;
  readonly program: ProgramCondition;
  readonly user: UserCondition;
}

/** What matches in one cell: at which end, and whether it allows. */
interface CellMatches {
  readonly outbound: Match[];
  readonly inbound: Match[];
}

type Outcome = Omit<Change, 'program' | 'user'>;

function outcome(meeting: Meeting, asked: Asked): Outcome[] {
  const { relevant, space, wanted } = asked;
  const cells: (CellMatches | undefined)[] = [];
  for (const match of relevant) {
    const { rule } = match.line;
    if (!userFits(rule.principals, asked.user)) continue;
    for (const entry of rule.services) {
      if (!programFits(entry, asked.program)) continue;
      if (wanted !== null && !servicesOverlap([entry], wanted)) continue;
      space.mark(entry, (cell) => {
        const own = (cells[cell] ??= { outbound: [], inbound: [] })[rule.direction];
        // entries of one line may overlap
        if (own.at(-1) !== match) own.push(match);
      });
    }
  }
  const found = new Map<
    string,
    { readonly change: Omit<Outcome, keyof TrafficBox>; cells: Set<number> }
  >();
  const verdicts = new Map<string, Omit<Outcome, keyof TrafficBox> | null>();
  for (let cell = 0; cell < space.cells; cell += 1) {
    const { outbound = [], inbound = [] } = cells[cell] ?? {};
    const key = `${keyOf(outbound)}|${keyOf(inbound)}`;
    let verdict = verdicts.get(key);
    if (verdict === undefined) verdicts.set(key, (verdict = changeOf(meeting, outbound, inbound)));
    if (verdict === null) continue;
    const text = JSON.stringify(verdict);
    const known = found.get(text);
    if (known === undefined) found.set(text, { change: verdict, cells: new Set([cell]) });
    else known.cells.add(cell);
  }
  return [...found.values()].flatMap(({ change, cells: held }) =>
    space.boxes((cell) => held.has(cell)).map((box) => ({ ...change, ...box })),
  );
}

function keyOf(matches: readonly Match[]): string {
  return matches.map(({ line }) => line.serial).join();
}

function userFits(principals: readonly string[], { sid }: UserCondition): boolean {
  return principals.length === 0 || (sid !== null && principals.includes(sid));
}

function programFits(entry: ServicePort, program: ProgramCondition): boolean {
  const { process, windowsService } = entry;
  return (
    (process === undefined || process.toLowerCase() === program.process) &&
    (windowsService === undefined || windowsService === program.windowsService)
  );
}

function changeOf(
  meeting: Meeting,
  outbound: readonly Match[],
  inbound: readonly Match[],
): Omit<Outcome, keyof TrafficBox> | null {
  const out = endChange(meeting.source, meeting.family, outbound);
  const into = endChange(meeting.destination, meeting.family, inbound);
  const from = worst(out.from, into.from);
  const to = worst(out.to, into.to);
  if (from === to) return null;
  const ends = [
    ['source', meeting.source, out],
    ['destination', meeting.destination, into],
  ] as const;
  const moved = ends.filter(([, , end]) => end.from !== end.to);
  return {
    from,
    to,
    statements: [...new Set(moved.flatMap(([, , end]) => end.statements))].sort(),
    turned: moved.flatMap(([end, stances]) => turns(end, stances, meeting.family)),
  };
}

function turns(
  end: 'source' | 'destination',
  { before, after }: EndStances,
  family: Family,
): Reason['turned'] {
  if (before?.mode !== after?.mode) return [{ kind: 'enforcement', end }];
  const byFamily = family === 6 && before?.ipv6Mode !== after?.ipv6Mode;
  return byFamily ? [{ kind: 'ipv6_mode', end }] : [];
}

function worst(a: PolicyDecision, b: PolicyDecision): PolicyDecision {
  return RANK[a] > RANK[b] ? a : b;
}

interface EndChange {
  /** `allowed` where the end has no say: it hinders nothing. */
  readonly from: PolicyDecision;
  readonly to: PolicyDecision;
  /** Those that decide in a state in which alone they match. */
  readonly statements: readonly string[];
}

function endChange(stances: EndStances, family: Family, matches: readonly Match[]): EndChange {
  const before = matches.filter(({ states }) => (states & BEFORE) !== 0);
  const after = matches.filter(({ states }) => (states & AFTER) !== 0);
  const from = decided(stances.before, family, before);
  const to = decided(stances.after, family, after);
  const statements = [...from.by, ...to.by]
    .filter(({ states }) => states !== BOTH)
    .map(({ line }) => line.rule.origin.href);
  return { from: from.decision, to: to.decision, statements };
}

function decided(
  stance: Stance | null,
  family: Family,
  matches: readonly Match[],
): { readonly decision: PolicyDecision; readonly by: readonly Match[] } {
  if (stance === null) return { decision: 'allowed', by: [] };
  const isBlocking = stance.mode === 'full';
  if (family === 6 && stance.ipv6Mode !== 'policy_based') {
    if (stance.ipv6Mode === 'allow_all') return { decision: 'allowed', by: [] };
    const blocks = stance.mode !== 'visibility_only';
    return { decision: blocks ? 'blocked' : 'potentially_blocked', by: [] };
  }
  const allow = matches.filter(({ line }) => line.rule.action === 'allow');
  if (allow.length > 0) return { decision: 'allowed', by: allow };
  const deny = matches.filter(({ line }) => line.rule.action === 'deny');
  const blocks = isBlocking || (stance.mode === 'selective' && deny.length > 0);
  return { decision: blocks ? 'blocked' : 'potentially_blocked', by: deny };
}

/** Leaves out conditions on program and user where they make no difference. */
function join(
  outcomes: readonly (readonly Outcome[][])[],
  programs: readonly ProgramCondition[],
  users: readonly UserCondition[],
): Change[] {
  const texts = outcomes.map((row) => row.map((cell) => JSON.stringify(cell)));
  const byUser = texts.some((row) => row.some((text) => text !== row[0]));
  const byProgram = users.some((_, at) => texts.some((row) => row[at] !== texts[0]?.[at]));
  return outcomes.slice(0, byProgram ? undefined : 1).flatMap((row, place) =>
    row.slice(0, byUser ? undefined : 1).flatMap((changes, at) =>
      changes.map((change) => ({
        ...change,
        program: byProgram ? (programs[place] ?? null) : null,
        user: byUser ? (users[at] ?? null) : null,
      })),
    ),
  );
}
