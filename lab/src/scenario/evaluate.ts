/** Answers the expectations of a scenario with `decide` and the compiled host policies of the core. */
import { formatSpan, joinSpans, parseSpan } from '@bulkhead/net';
import {
  createPolicyCore,
  decidersOf,
  describeExplanation,
  judgeDecision,
  type DecidingRule,
  type Decision,
  type EndExpectation as EndExpected,
  type Expectation as Expected,
  type HostRule,
  type PolicyCore,
} from '@bulkhead/policy';
import type { AskedConnection } from './ask.ts';
import type { EndExpectation, Scenario } from './format.ts';
import type { Translation } from './translate.ts';

export interface Mismatch {
  /** Path of the expectation, such as `['expect', 3]`. */
  readonly path: readonly (string | number)[];
  readonly connection: string;
  readonly expected: string;
  readonly got: string;
  readonly explanation: readonly string[];
}

export interface Outcome {
  readonly expectations: number;
  readonly mismatches: readonly Mismatch[];
}

/** An expectation's connection, and what the core decides about it. */
export interface Decided extends AskedConnection {
  readonly decision: Decision;
}

export function decideAll(core: PolicyCore, asked: readonly AskedConnection[]): Decided[] {
  return asked.map((item) => ({ ...item, decision: core.decide(item.connection) }));
}

/** Evaluates every expectation. */
export function evaluateScenario(
  scenario: Scenario,
  translation: Translation,
  asked: readonly AskedConnection[],
): Outcome {
  const core = createPolicyCore(translation.model);
  const decisions = decideAll(core, asked).flatMap((item) => checkDecision(core, item, []) ?? []);
  const compiled: MembersOf = (_, ids) =>
    ids.flatMap((id) => {
      const set = core.addressSet(id);
      return set === undefined ? [] : [...set.hosts, ...set.ranges];
    });
  const subnets = scenario.expect_subnets.flatMap(
    (_, index) => checkSubnets(scenario, { translation, core, index }, compiled) ?? [],
  );
  return {
    expectations: asked.length + scenario.expect_subnets.length,
    mismatches: [...decisions, ...subnets],
  };
}

const nameOf = ({ name }: DecidingRule): string => name;

/** What is written about one end, for the judge: a decision alone is short for its object. */
function endOf(end: EndExpectation | undefined): EndExpected | undefined {
  return typeof end === 'string' ? { decision: end } : end;
}

/**
 * Where a decision is not what was expected, or packets did not show it. `shown`: in what they differ from the decision. The explanation
 * is the one that API, console and `illumio-ven-ctl explain` give, below what is said of the expectation itself.
 */
export function checkDecision(
  core: PolicyCore,
  { path, expectation, text, connection, decision }: Decided,
  shown: readonly string[],
): Mismatch | null {
  const expected: Expected = {
    decision: expectation.decision,
    by: expectation.by,
    outbound: endOf(expectation.outbound),
    inbound: endOf(expectation.inbound),
  };
  const faults = judgeDecision(expected, decision, nameOf);
  if (faults.length + shown.length === 0) return null;
  const by = expectation.by === undefined ? '' : ` by ${expectation.by.join(', ')}`;
  const note = expectation.note === undefined ? [] : [`note: ${expectation.note}`];
  const decided = `${decision.decision} by ${decidersOf(decision, nameOf).join(', ') || 'nobody'}`;
  return {
    path,
    connection: text,
    expected: `${expectation.decision}${by}`,
    got: shown.length === 0 ? decided : `${decided}, and packets that differ`,
    explanation: [
      ...faults,
      ...shown.map((fault) => `packets: ${fault}`),
      ...note,
      ...describeExplanation(core.explain(connection)),
    ],
  };
}

/** Members of address sets, by their ids, as a workload has them. */
export type MembersOf = (workload: string, ids: readonly string[]) => readonly string[];

/** Ids of the sets that the workload is programmed with as the peers of a rule or boundary. */
export function subnetSets(
  { translation, core }: { readonly translation: Translation; readonly core: PolicyCore },
  item: Scenario['expect_subnets'][number],
): string[] {
  const workload = translation.hosts.get(item.workload)?.workload ?? '';
  const href = translation.statements.get(item.rule);
  const direction = item.peers === 'providers' ? 'outbound' : 'inbound';
  const profiles = translation.model.workloads
    .find((entry) => entry.href === workload)
    ?.interfaces.map((entry) => entry.networkProfile);
  const applies = ({ networkType }: HostRule): boolean =>
    networkType === 'all' ||
    profiles?.includes(networkType === 'brn' ? 'corporate' : 'external') === true;
  return (core.hostPolicy(workload)?.rules ?? [])
    .filter((rule) => rule.origin.href === href && rule.direction === direction && applies(rule))
    .flatMap((rule) => rule.peers);
}

/** Where the members that a workload has as peers are not the expected ones. */
export function checkSubnets(
  scenario: Scenario,
  at: { readonly translation: Translation; readonly core: PolicyCore; readonly index: number },
  membersOf: MembersOf,
): Mismatch | null {
  const item = scenario.expect_subnets[at.index];
  if (item === undefined) return null;
  const got = canonical(membersOf(item.workload, subnetSets(at, item)));
  const expected = canonical(item.addresses);
  if (got === expected) return null;
  return {
    path: ['expect_subnets', at.index],
    connection: `${item.workload}: ${item.peers} of ${item.rule}`,
    expected: expected || 'nothing',
    got: got || 'nothing',
    explanation: item.note === undefined ? [] : [`note: ${item.note}`],
  };
}

function canonical(texts: readonly string[]): string {
  const spans = texts.flatMap((text) => {
    const parsed = parseSpan(text);
    return parsed.ok ? [parsed.value] : [];
  });
  return joinSpans(spans).map(formatSpan).join(' ');
}
