/** Holds policy tests against a policy core. Runs in the policy worker. */
import {
  describeExplanation,
  judgeDecision,
  type Connection,
  type ConnectionEnd,
  type DecidingRule,
  type Expectation,
  type PolicyCore,
} from '@bulkhead/policy';
import { withVersion, MAX_POLICY_TEST_FAILURES, type PolicyTestFailure } from '@bulkhead/contract';
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

/** Decides every connection of a part and answers those that are decided otherwise than expected. */
export function checkPart(core: PolicyCore, part: CheckPart): CheckOutcome {
  const nameOf = namingOf(part.expectation);
  const failures: PolicyTestFailure[] = [];
  let checked = 0;
  let failed = 0;
  for (const { from, to, connection } of connectionsOf(part)) {
    checked += 1;
    const decision = core.decide(connection);
    const differences = judgeDecision(part.expectation, decision, nameOf);
    if (differences.length === 0) continue;
    failed += 1;
    if (failures.length >= MAX_POLICY_TEST_FAILURES) continue;
    failures.push({
      connection: present(from, to, connection),
      expected: part.expectation.decision,
      got: decision.decision,
      differences: [...differences],
      explanation: [...describeExplanation(core.explain(connection))],
    });
  }
  return { test: part.test, checked, failed, failures };
}

/** How many connections a part has at most, without looking at addresses. */
export function checksIn(part: Pick<CheckPart, 'from' | 'to' | 'ports'>): number {
  return part.from.length * part.to.length * part.ports.length;
}

interface Check {
  readonly from: CheckEnd;
  readonly to: CheckEnd;
  readonly connection: Connection;
}

function* connectionsOf(part: CheckPart): Generator<Check> {
  const { protocol, icmpType, icmpCode } = part;
  for (const from of part.from) {
    for (const to of part.to) {
      if (!part.withItself && from.workload !== null && from.workload === to.workload) continue;
      const ends = endsOf(from, to, part.family);
      if (ends === undefined) continue;
      for (const port of part.ports)
        yield { from, to, connection: { ...ends, protocol, port, icmpType, icmpCode } };
    }
  }
}

/** Undefined: the hosts have no addresses of one family. */
function endsOf(
  from: CheckEnd,
  to: CheckEnd,
  family: CheckPart['family'],
): Pick<Connection, 'source' | 'destination'> | undefined {
  for (const candidate of family === null ? (['ipv4', 'ipv6'] as const) : [family]) {
    const source = from[candidate];
    const destination = to[candidate];
    if (source !== null && destination !== null)
      return { source: end(from, source), destination: end(to, destination) };
  }
  return undefined;
}

function end({ workload }: CheckEnd, place: CheckPlace): ConnectionEnd {
  return { workload, ...place, fqdn: null };
}

/** Rules are called as the test calls them: by href where it writes that href. */
function namingOf(expectation: Expectation): (rule: DecidingRule) => string {
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
