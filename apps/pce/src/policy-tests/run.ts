/** Runs policy tests: their hosts as they are now, in messages that leave the worker room for others, to one result each. */
import {
  withVersion,
  MAX_POLICY_TEST_CHECKS,
  MAX_POLICY_TEST_FAILURES,
  type PolicyTestResult,
} from '@bulkhead/contract';
import type { Expectation } from '@bulkhead/policy';
import type { Db } from '../db/database.ts';
import type { Names } from '../provisioning/references.ts';
import { checksIn, type CheckEnd, type CheckOutcome, type CheckPart } from './evaluate.ts';
import { resolveHosts, type ResolvedHosts } from './hosts.ts';
import { namesIn, type TestRow } from './store.ts';
import type { StoredHost, StoredPolicyTest } from './stored-test.ts';

/** Connections that the worker decides in one go; it answers others in between. */
const CHECKS_PER_MESSAGE = 10 * MAX_POLICY_TEST_CHECKS;

/**
 * Connections of all tests of a run together. Those beyond it are not checked and fail: a provision waits for its tests and has everybody
 * else wait, so that they must be over in about a second.
 */
const CHECKS_PER_RUN = 300 * MAX_POLICY_TEST_CHECKS;

export interface TestRun {
  readonly row: TestRow;
  readonly result: PolicyTestResult;
  /** Hrefs of the workloads that were its hosts. */
  readonly hosts: ReadonlySet<string>;
}

export interface RunOptions {
  readonly orgId: number;
  readonly policyVersion: number;
  readonly now: Date;
  /** Holds parts against the policy that the tests are about. */
  readonly check: (parts: readonly CheckPart[]) => Promise<readonly CheckOutcome[]>;
}

/** One result for each row, in their order. */
export async function runTests(
  db: Db,
  rows: readonly TestRow[],
  options: RunOptions,
): Promise<TestRun[]> {
  const contents = rows.map((row) => row.content);
  const hosts = await resolveHosts(db, options.orgId, contents);
  const names = await namesIn(db, options.orgId, contents);
  const planned = withinRun(rows.map((row) => plan(row, hosts, names)));
  const outcomes = await checkAll(
    planned.flatMap((test) => test.parts),
    options.check,
  );
  return planned.map((test) => ({
    row: test.row,
    hosts: test.hosts,
    result: {
      ...(test.refusal ?? verdict(outcomes.get(test.row.id))),
      policy_version: options.policyVersion,
      at: options.now.toISOString(),
    },
  }));
}

type Said = Omit<PolicyTestResult, 'policy_version' | 'at'>;

export interface PlannedTest {
  readonly row: TestRow;
  readonly hosts: ReadonlySet<string>;
  /** Said without asking the policy. */
  readonly refusal: Said | undefined;
  readonly parts: readonly CheckPart[];
}

function plan(row: TestRow, resolved: ResolvedHosts, names: Names): PlannedTest {
  const { content } = row;
  const from = distinct(content.from.flatMap((host) => resolved.endsOf(host)));
  const to = distinct(content.to.flatMap((host) => resolved.endsOf(host)));
  const hosts = new Set([...from, ...to].flatMap(({ workload }) => workload ?? []));
  const part: CheckPart = { test: row.id, from, to, ...connectionOf(content) };
  const refusal = refusalOf(part, content, names);
  return { row, hosts, refusal, parts: refusal === undefined ? slices(part) : [] };
}

/** The tests in their order, those beyond `CHECKS_PER_RUN` refused. */
export function withinRun(planned: readonly PlannedTest[]): PlannedTest[] {
  let checks = 0;
  return planned.map((test) => {
    checks += test.parts.reduce((sum, part) => sum + checksIn(part), 0);
    if (checks <= CHECKS_PER_RUN || test.parts.length === 0) return test;
    const message = `The policy tests together stand for more than ${CHECKS_PER_RUN} connections, and this one was not checked; name fewer hosts in them, or disable some`;
    return { ...test, refusal: nothing('failed', message), parts: [] };
  });
}

function refusalOf(part: CheckPart, content: StoredPolicyTest, names: Names): Said | undefined {
  for (const side of ['from', 'to'] as const) {
    if (part[side].length > 0) continue;
    const said = content[side].map((host) => inWords(host, names)).join(', ');
    return nothing('no_hosts', `${side}: there is no workload online for ${said}`);
  }
  const checks = checksIn(part);
  if (checks <= MAX_POLICY_TEST_CHECKS) return undefined;
  return nothing(
    'failed',
    `It stands for ${part.from.length} × ${part.to.length} hosts on ${part.ports.length} ports, more than ${MAX_POLICY_TEST_CHECKS} connections, and was not checked; split it, or name fewer hosts`,
  );
}

function nothing(state: 'no_hosts' | 'failed', message: string): Said {
  return { state, message, checked: 0, failed: 0, failures: [] };
}

function inWords(host: StoredHost, names: Names): string {
  if ('address' in host) return host.address;
  if ('workload' in host) {
    const found = names.get(host.workload);
    return found === undefined ? host.workload : (found.name ?? found.hostname ?? host.workload);
  }
  return host.labels
    .map((href) => {
      const found = names.get(href);
      return found === undefined ? href : `${found.key}=${found.value}`;
    })
    .join(' and ');
}

function distinct(ends: readonly CheckEnd[]): CheckEnd[] {
  const address = ({ ipv4, ipv6 }: CheckEnd) => ipv4?.address ?? ipv6?.address;
  return [...new Map(ends.map((end) => [`${end.workload} ${address(end)}`, end])).values()];
}

function connectionOf(content: StoredPolicyTest): Omit<CheckPart, 'test' | 'from' | 'to'> {
  const { proto } = content;
  const isIcmp = proto === 1 || proto === 58;
  const byLabels = [...content.from, ...content.to].some((host) => 'labels' in host);
  return {
    protocol: proto,
    ports: content.ports.length === 0 ? [null] : content.ports,
    icmpType: isIcmp ? (content.icmp_type ?? (proto === 1 ? 8 : 128)) : null,
    icmpCode: isIcmp ? (content.icmp_code ?? 0) : null,
    family: proto === 1 ? 'ipv4' : proto === 58 ? 'ipv6' : content.family,
    withItself: !byLabels,
    expectation: expectationOf(content),
  };
}

function expectationOf({ decision, by, outbound, inbound }: StoredPolicyTest): Expectation {
  const end = (given: StoredPolicyTest['outbound']): Expectation['outbound'] =>
    given === null ? undefined : { decision: given.decision, by: given.by?.map(activeName) };
  return {
    decision,
    by: by?.map(activeName),
    outbound: end(outbound),
    inbound: end(inbound),
  };
}

/** Rules are tried under their active hrefs, whichever word the test was written with. */
function activeName(text: string): string {
  return withVersion(text.replace(/^\/api\/v\d+(?=\/orgs\/)/, ''), 'active');
}

/** Parts of a test that are small enough for one message. */
function slices(part: CheckPart): CheckPart[] {
  const perHost = part.to.length * part.ports.length;
  const size = Math.max(1, Math.floor(CHECKS_PER_MESSAGE / perHost));
  const parts: CheckPart[] = [];
  for (let start = 0; start < part.from.length; start += size)
    parts.push({ ...part, from: part.from.slice(start, start + size) });
  return parts;
}

async function checkAll(
  parts: readonly CheckPart[],
  check: RunOptions['check'],
): Promise<Map<string, CheckOutcome>> {
  const found = new Map<string, CheckOutcome>();
  for (const message of messagesOf(parts))
    for (const outcome of await check(message)) {
      const before = found.get(outcome.test);
      found.set(outcome.test, before === undefined ? outcome : joined(before, outcome));
    }
  return found;
}

function* messagesOf(parts: readonly CheckPart[]): Generator<CheckPart[]> {
  let message: CheckPart[] = [];
  let checks = 0;
  for (const part of parts) {
    if (message.length > 0 && checks + checksIn(part) > CHECKS_PER_MESSAGE) {
      yield message;
      message = [];
      checks = 0;
    }
    message.push(part);
    checks += checksIn(part);
  }
  if (message.length > 0) yield message;
}

function joined(before: CheckOutcome, after: CheckOutcome): CheckOutcome {
  return {
    test: before.test,
    checked: before.checked + after.checked,
    failed: before.failed + after.failed,
    failures: [...before.failures, ...after.failures].slice(0, MAX_POLICY_TEST_FAILURES),
  };
}

function verdict(outcome: CheckOutcome | undefined): Said {
  if (outcome === undefined || outcome.checked === 0)
    return nothing('no_hosts', 'No two of its hosts have addresses of one family');
  const { checked, failed, failures } = outcome;
  const state = failed === 0 ? 'passed' : 'failed';
  return { state, message: null, checked, failed, failures: [...failures] };
}
