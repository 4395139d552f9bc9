/** Policy tests as they are stored, found and shown. */
import { sql, type Selectable } from 'kysely';
import { parseAddress } from '@bulkhead/net';
import {
  objectHref,
  type PolicyTestHostWire,
  type PolicyTestHostWrite,
  type PolicyTestResult,
  type PolicyTestWire,
} from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type Db, type PolicyTestsTable, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { UserCaller } from '../http/caller.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Actor } from '../http/routes.ts';
import { plainCaps } from '../provisioning/present.ts';
import {
  checkReferences,
  loadNames,
  UUID,
  type Names,
  type Wanted,
} from '../provisioning/references.ts';
import type { StoredHost, StoredPolicyTest } from './stored-test.ts';

export type TestRow = Selectable<PolicyTestsTable>;

const NOT_RUN: PolicyTestResult = {
  state: 'not_run',
  message: null,
  checked: 0,
  failed: 0,
  failures: [],
  policy_version: null,
  at: null,
};

/** Begins the id of a test that came with a request and is stored nowhere. */
export const GIVEN = 'given-';

export function testHref(row: Pick<TestRow, 'org_id' | 'id'>): string {
  return objectHref(row.org_id, 'policy_tests', row.id);
}

/** Oldest first. */
export async function enabledTests(db: Db, orgId: number): Promise<TestRow[]> {
  return db
    .selectFrom('policy_tests')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('enabled', '=', true)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

export async function findTest(db: Db, orgId: number, id: string): Promise<TestRow> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('policy_tests')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The policy test ${id}`);
  return row;
}

/** Names of all workloads and labels that the tests refer to. */
export function namesIn(db: Db, orgId: number, tests: readonly StoredPolicyTest[]): Promise<Names> {
  const hrefs = tests
    .flatMap((test) => [...test.from, ...test.to])
    .flatMap((host) =>
      'workload' in host ? [host.workload] : 'labels' in host ? host.labels : [],
    );
  return loadNames(db, orgId, { hrefs: new Set(hrefs), word: 'draft' });
}

export function presentTest(row: TestRow, names: Names, caller: UserCaller): PolicyTestWire {
  const { content } = row;
  return {
    href: testHref(row),
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    from: content.from.map((host) => presentHost(host, names)),
    to: content.to.map((host) => presentHost(host, names)),
    proto: content.proto,
    ports: [...content.ports],
    icmp_type: content.icmp_type,
    icmp_code: content.icmp_code,
    family: content.family,
    decision: content.decision,
    by: content.by === null ? null : [...content.by],
    outbound: presentEnd(content.outbound),
    inbound: presentEnd(content.inbound),
    note: content.note,
    result: row.result ?? NOT_RUN,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: plainCaps(caller),
  };
}

function presentEnd(end: StoredPolicyTest['outbound']): PolicyTestWire['outbound'] {
  if (end === null) return null;
  const { decision, by } = end;
  return {
    ...(decision === undefined ? {} : { decision }),
    ...(by === undefined ? {} : { by: [...by] }),
  };
}

function presentHost(host: StoredHost, names: Names): PolicyTestHostWire {
  if ('address' in host) return { address: host.address };
  if ('labels' in host)
    return {
      labels: host.labels.map((href) => {
        const found = names.get(href);
        return { href, key: found?.key ?? '', value: found?.value ?? '' };
      }),
    };
  const found = names.get(host.workload);
  return {
    workload: {
      href: host.workload,
      name: found?.name ?? null,
      hostname: found?.hostname ?? null,
      deleted: found === undefined || found.deleted,
    },
  };
}

/** Hosts of a request as they are stored. Refuses addresses that are none, and references to what does not exist. */
export async function storedHosts(
  db: Db,
  orgId: number,
  given: {
    readonly from: readonly PolicyTestHostWrite[];
    readonly to: readonly PolicyTestHostWrite[];
  },
): Promise<{ from: StoredHost[]; to: StoredHost[] }> {
  const wanted: Wanted[] = [];
  const read = (side: 'from' | 'to'): StoredHost[] =>
    given[side].map((host, index) => {
      const member = `${side}[${index}]`;
      if ('workload' in host) {
        wanted.push({ href: host.workload.href, kind: 'workloads', member: `${member}.workload` });
        return { workload: plainHref(host.workload.href) };
      }
      if ('labels' in host) {
        for (const { href } of host.labels)
          wanted.push({ href, kind: 'labels', member: `${member}.labels` });
        return { labels: [...new Set(host.labels.map(({ href }) => plainHref(href)))].toSorted() };
      }
      if (parseAddress(host.address) === null)
        throw new DomainError(
          'invalid_ip_address',
          `${member}.address: "${host.address}" is not an IP address; name a network by the workloads in it`,
        );
      return { address: host.address };
    });
  const hosts = { from: read('from'), to: read('to') };
  await checkReferences(db, orgId, wanted);
  return hosts;
}

function plainHref(href: string): string {
  return href.replace(/^\/api\/v\d+/, '');
}

/** What tests said, with the event of each that failed now or recovered. The caller holds the policy lock. */
export async function storeResults(
  deps: Deps,
  trx: Tx,
  found: readonly { readonly row: TestRow; readonly result: PolicyTestResult }[],
  actor?: Actor,
): Promise<void> {
  const changed = found.filter(({ row, result }) => !sameResult(row.result, result));
  if (changed.length === 0) return;
  const rows = changed.map(({ row, result }) => ({ id: row.id, state: result.state, result }));
  await sql`
    UPDATE policy_tests SET result_state = said.state, result = said.result
    FROM jsonb_to_recordset(${json(rows)}::jsonb) AS said(id uuid, state text, result jsonb)
    WHERE policy_tests.id = said.id`.execute(trx);
  for (const { row, result } of changed) {
    const before = row.result_state;
    if (before === result.state) continue;
    appendChange(trx, { orgId: row.org_id, kind: 'policy_test', href: testHref(row) });
    if (before === 'not_run') continue;
    if (result.state === 'failed') await noteTurn(deps, trx, { row, result, actor });
    else if (before === 'failed' && result.state === 'passed')
      await noteTurn(deps, trx, { row, result, actor });
  }
}

/** Whether two results say the same, whenever that was. */
function sameResult(before: PolicyTestResult | null, after: PolicyTestResult): boolean {
  if (before === null) return false;
  // Members are compared by name: the database keeps them in an order of its own.
  return (
    before.state === after.state &&
    before.message === after.message &&
    before.checked === after.checked &&
    before.failed === after.failed &&
    before.policy_version === after.policy_version &&
    before.failures.map(failureText).join('\n') === after.failures.map(failureText).join('\n')
  );
}

type Failure = PolicyTestResult['failures'][number];

function failureText({ connection, differences, explanation }: Failure): string {
  return [connection.text, ...differences, ...explanation].join('; ');
}

/** The first failure in a sentence. */
export function failureOf({ failures, failed, message }: PolicyTestResult): string {
  const [first] = failures;
  if (first === undefined) return message ?? 'it failed';
  const more = failed > 1 ? ` (and ${failed - 1} more)` : '';
  return `${first.connection.text}: ${first.differences.join('; ')}${more}`;
}

async function noteTurn(
  deps: Deps,
  trx: Tx,
  turn: { row: TestRow; result: PolicyTestResult; actor: Actor | undefined },
): Promise<void> {
  const { row, result, actor } = turn;
  const failed = result.state === 'failed';
  await recordEvent(deps, trx, {
    orgId: row.org_id,
    eventType: failed ? 'policy_test.failed' : 'policy_test.passed',
    severity: failed ? 'warning' : 'info',
    status: failed ? 'failure' : 'success',
    ...(actor === undefined ? {} : { actor }),
    resourceChanges: [
      {
        type: 'policy_test',
        href: testHref(row),
        naming: { name: row.name },
        changeType: 'update',
        changes: describeChanges(
          {
            state: row.result_state,
            failure:
              row.result === null || row.result.state !== 'failed' ? null : failureOf(row.result),
          },
          { state: result.state, failure: failed ? failureOf(result) : null },
        ),
      },
    ],
  });
}
