/** Holds policy tests against a policy core. Runs in the policy worker. */
import {
  describeExplanation,
  judgeDecision,
  type Connection,
  type ConnectionEnd,
  type NameOfRule,
  type Expectation,
  type PolicyCore,
} from '@bulkhead/policy';
import { withVersion, MAX_POLICY_TEST_FAILURES, type PolicyTestFailure } from '@bulkhead/contract';
import { EndVerdicts, OtherEnds, SetMembers, VerdictNumbers, type Place } from './end-verdicts.ts';
import { describeService } from '../compute/describe-service.ts';

export interface CheckPlace {
  readonly address: string;
  readonly interfaceName: string | null;
}

/** A host of a test, with the address that it uses of each family. */
export interface CheckEnd {
  readonly workload: string | null;
  readonly name: string | null;
  readonly ipv4: CheckPlace | null;
  readonly ipv6: CheckPlace | null;
}

/** A test, or the part of it that some of its hosts make: every combination of `from`, `to` and `ports` that has a common family. */
export interface CheckPart {
  readonly test: string;
  readonly from: readonly CheckEnd[];
  readonly to: readonly CheckEnd[];
  readonly protocol: number;
  /** One null for protocols without ports. */
  readonly ports: readonly (number | null)[];
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  readonly family: 'ipv4' | 'ipv6' | null;
  /** Whether a host is held against itself too. */
  readonly withItself: boolean;
  /** Rules and boundaries by name, or by their hrefs with the word `active`. */
  readonly expectation: Expectation;
}

export interface CheckOutcome {
  readonly test: string;
  readonly checked: number;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly PolicyTestFailure[];
}

/** Holds parts against one state of a policy, in their order. */
export function checkParts(core: PolicyCore, parts: readonly CheckPart[]): CheckOutcome[] {
  const sets = new SetMembers(core);
  return parts.map((part) => checkPart(core, part, sets));
}

/** What is decided otherwise than expected of every connection of a part. */
function checkPart(core: PolicyCore, part: CheckPart, sets: SetMembers): CheckOutcome {
  const nameOf = namingOf(part.expectation);
  const verdictOf = verdictsOf(core, part, sets);
  // what both ends say alike is judged once
  const judged = new Map<number, boolean>();
  const failures: PolicyTestFailure[] = [];
  let checked = 0;
  let failed = 0;
  forEachPlace(part, (from, to, port, family) => {
    checked += 1;
    const verdict = verdictOf(from, to, port, family);
    let holds = judged.get(verdict);
    if (holds === undefined || verdict === ITSELF) {
      const { connection } = connectionAt(part, { from, to, port, family });
      holds = judgeDecision(part.expectation, core.decide(connection), nameOf).length === 0;
      judged.set(verdict, holds);
    }
    if (holds) return;
    failed += 1;
    if (failures.length < MAX_POLICY_TEST_FAILURES)
      failures.push(failureAt(core, part, { from, to, port, family }, nameOf));
  });
  return { test: part.test, checked, failed, failures };
}

function failureAt(
  core: PolicyCore,
  part: CheckPart,
  place: CheckedPlace,
  nameOf: NameOfRule,
): PolicyTestFailure {
  const { from, to, connection } = connectionAt(part, place);
  const decision = core.decide(connection);
  return {
    connection: present(from, to, connection),
    expected: part.expectation.decision,
    got: decision.decision,
    differences: [...judgeDecision(part.expectation, decision, nameOf)],
    explanation: [...describeExplanation(core.explain(connection))],
  };
}

type Family = 'ipv4' | 'ipv6';

/** Numbers what both ends say of a connection; ITSELF where it has to be asked. */
function verdictsOf(core: PolicyCore, part: CheckPart, sets: SetMembers): Visit<number> {
  const { protocol, icmpType, icmpCode } = part;
  const numbers = new VerdictNumbers();
  const owners = new Map<string, number>();
  const ownersOf = (ends: readonly CheckEnd[]) =>
    Int32Array.from(ends, ({ workload }, index) => {
      if (workload === null) return -1 - index;
      const known = owners.get(workload) ?? owners.size;
      owners.set(workload, known);
      return known;
    });
  const [sources, targets] = [ownersOf(part.from), ownersOf(part.to)];
  const gridsOf = (family: Family) => {
    const [from, to] = [part.from, part.to].map(
      (ends) =>
        new OtherEnds(
          ends.map((end) => placeOf(end, family)),
          sets,
        ),
    ) as [OtherEnds, OtherEnds];
    return part.ports.map((port) => {
      const asked = { service: { protocol, port, icmpType, icmpCode }, numbers };
      return {
        outbound: rowsOf(from, new EndVerdicts(core, to, { direction: 'outbound', ...asked })),
        inbound: rowsOf(to, new EndVerdicts(core, from, { direction: 'inbound', ...asked })),
      };
    });
  };
  const grids = { ipv4: gridsOf('ipv4'), ipv6: gridsOf('ipv6') };
  return (from, to, port, family) => {
    const source = sources[from] ?? -1;
    const grid = grids[family][port];
    // a host and itself have essential traffic only
    if (grid === undefined || (source >= 0 && source === targets[to])) return ITSELF;
    return (grid.outbound(from)[to] ?? 0) * NUMBERS_MOST + (grid.inbound(to)[from] ?? 0);
  };
}

/** More than the ends of a part have verdicts; a pair of them is still a small integer. */
const NUMBERS_MOST = 2 ** 15;
const ITSELF = -1;

function placeOf({ workload, ...places }: CheckEnd, family: Family): Place | null {
  const place = places[family];
  return place === null ? null : { workload, ...place };
}

/** Rows of verdicts by place, each made when it is asked for. */
function rowsOf(owners: OtherEnds, verdicts: EndVerdicts): (index: number) => Uint32Array {
  const rows: Uint32Array[] = [];
  return (index) => {
    const own = owners.places[index];
    return (rows[index] ??= own == null ? new Uint32Array(0) : verdicts.of(own));
  };
}

/** How many connections a part has at most, without looking at addresses. */
export function checksIn(part: Pick<CheckPart, 'from' | 'to' | 'ports'>): number {
  return part.from.length * part.to.length * part.ports.length;
}

/** Places of both hosts and of the port in a part, and the family in which they meet. */
type Visit<T> = (from: number, to: number, port: number, family: Family) => T;

interface CheckedPlace {
  readonly from: number;
  readonly to: number;
  readonly port: number;
  readonly family: Family;
}

/** Every connection of a part, in its order. Without an object for each: there may be millions. */
function forEachPlace(part: CheckPart, visit: Visit<void>): void {
  for (const [fromAt, from] of part.from.entries()) {
    for (const [toAt, to] of part.to.entries()) {
      if (!part.withItself && from.workload !== null && from.workload === to.workload) continue;
      const family = commonFamily(from, to, part.family);
      if (family === undefined) continue;
      for (let port = 0; port < part.ports.length; port += 1) visit(fromAt, toAt, port, family);
    }
  }
}

interface Check {
  readonly from: CheckEnd;
  readonly to: CheckEnd;
  readonly connection: Connection;
}

function connectionAt(part: CheckPart, at: CheckedPlace): Check {
  const { protocol, icmpType, icmpCode } = part;
  const [from, to] = [part.from[at.from], part.to[at.to]];
  const [source, destination] = [from?.[at.family], to?.[at.family]];
  if (from === undefined || to === undefined || source == null || destination == null)
    throw new Error(`A host of ${part.test} has no address of ${at.family}`);
  const ends = { source: end(from, source), destination: end(to, destination) };
  const port = part.ports[at.port] ?? null;
  return { from, to, connection: { ...ends, protocol, port, icmpType, icmpCode } };
}

/** Undefined: the hosts have no addresses of one family. */
function commonFamily(
  from: CheckEnd,
  to: CheckEnd,
  family: CheckPart['family'],
): Family | undefined {
  if (family !== 'ipv6' && from.ipv4 !== null && to.ipv4 !== null) return 'ipv4';
  return family !== 'ipv4' && from.ipv6 !== null && to.ipv6 !== null ? 'ipv6' : undefined;
}

function end({ workload }: CheckEnd, place: CheckPlace): ConnectionEnd {
  return { workload, ...place, fqdn: null };
}

/** Rules are called as the test calls them: by href where it writes that href. */
function namingOf(expectation: Expectation): NameOfRule {
  const { by, outbound, inbound } = expectation;
  const hrefs = new Set(
    [by, outbound?.by, inbound?.by].flatMap((names) => names ?? []).filter(isHref),
  );
  return ({ href, name }) => {
    const identity = withVersion(href, 'active');
    return hrefs.has(identity) ? identity : name;
  };
}

function isHref(text: string): boolean {
  return text.startsWith('/orgs/');
}

function present(
  from: CheckEnd,
  to: CheckEnd,
  connection: Connection,
): PolicyTestFailure['connection'] {
  const { source, destination, protocol, port, icmpType, icmpCode } = connection;
  const service = describeService({ protocol, port, toPort: null, icmpType, icmpCode });
  return {
    from: { workload: from.workload, name: from.name, address: source.address },
    to: { workload: to.workload, name: to.name, address: destination.address },
    proto: protocol,
    port,
    icmp_type: icmpType,
    icmp_code: icmpCode,
    text: `${called(from, source)} to ${called(to, destination)} on ${service}`,
  };
}

function called({ name }: CheckEnd, { address }: ConnectionEnd): string {
  return name === null ? address : `${name} (${address})`;
}
