import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { ChangeLog } from '../db/change-log.ts';
import { json, type Tx } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import { until } from '../gateway/testing/ven-client.ts';
import { withTestDatabase } from '../testing/test-database.ts';
import { Compute } from './compute.ts';
import { DatabasePolicyLoader } from './database-policy-loader.ts';

const database = withTestDatabase();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function started(): Promise<Compute> {
  const { db, connection } = database();
  const logger = pino({ level: 'silent' });
  const changeLog = new ChangeLog(connection, db, logger);
  await changeLog.start();
  const compute = new Compute({ changeLog, loader: new DatabasePolicyLoader(db), db, logger });
  stops.push(
    () => compute.stop(),
    () => changeLog.stop(),
  );
  await compute.start();
  return compute;
}

async function organization(): Promise<number> {
  const row = await database()
    .db.insertInto('orgs')
    .values({ display_name: 'Test' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Answers its href. */
async function workload(
  orgId: number,
  address: string,
  mode: 'full' | 'selective' = 'full',
): Promise<string> {
  const id = randomUUID();
  const href = `/orgs/${orgId}/workloads/${id}`;
  await change(async (trx) => {
    await trx
      .insertInto('workloads')
      .values({
        id,
        org_id: orgId,
        managed: true,
        ven_type: 'server',
        hostname: address,
        online: true,
        enforcement_mode: mode,
        interfaces: json([
          {
            name: 'eth0',
            address,
            cidr_block: 24,
            default_gateway_address: null,
            link_state: 'up',
            loopback: false,
            network: 'corporate',
            network_detection_mode: null,
          },
        ]),
        created_by: '/users/0',
        updated_by: '/users/0',
      })
      .execute();
    appendChange(trx, { orgId, kind: 'workload', href });
  });
  return href;
}

function change(work: (trx: Tx) => Promise<void>): Promise<void> {
  return writeTransaction(database().db, work);
}

test('what is stored before the start, after it, and in an organization that came later is computed', async () => {
  const first = await organization();
  const before = await workload(first, '192.0.2.1');
  const compute = await started();
  expect(compute.organization(first)?.classOf(before)?.policy.mode).toBe('full');
  const after = await workload(first, '192.0.2.2', 'selective');
  await until(
    'the new workload',
    () => compute.organization(first)?.classOf(after)?.policy.mode === 'selective',
  );
  const second = await organization();
  const elsewhere = await workload(second, '192.0.2.3');
  await until('the new organization', () => compute.organization(second)?.classOf(elsewhere));
  expect(compute.organization(first)?.classOf(elsewhere)).toBeUndefined();
});

test('a worker that dies is replaced: the policy is the same, and later changes count', async () => {
  const orgId = await organization();
  const href = await workload(orgId, '192.0.2.11');
  const compute = await started();
  const hash = compute.organization(orgId)?.classOf(href)?.policy.hash;
  const moved: string[] = [];
  compute.subscribe((update) => moved.push(...update.workloads));
  await compute.killWorker();
  const connection = {
    source: { workload: href, address: '192.0.2.11', interfaceName: null, fqdn: null },
    destination: { workload: null, address: '203.0.113.1', interfaceName: null, fqdn: null },
    protocol: 6,
    port: 443,
    icmpType: null,
    icmpCode: null,
  };
  expect(await compute.decide(orgId, 'active', connection)).toMatchObject({
    decision: 'blocked',
    outbound: { reason: 'default' },
  });
  expect(compute.organization(orgId)?.classOf(href)?.policy.hash).toBe(hash);
  expect(moved, 'nobody is sent anything for it').toEqual([]);
  const next = await workload(orgId, '192.0.2.12');
  await until('a change after the death', () => compute.organization(orgId)?.classOf(next));
  expect(moved).toEqual([next]);
});

test('a change that is committed before the question counts in the answer', async () => {
  const orgId = await organization();
  const compute = await started();
  for (let round = 1; round <= 5; round += 1) {
    const href = await workload(orgId, `192.0.2.${100 + round}`);
    expect(await compute.hostView(orgId, 'active', href)).toMatchObject({
      policy: { mode: 'full' },
    });
    expect(await compute.hostView(orgId, 'draft', href)).toMatchObject({
      policy: { mode: 'full' },
    });
  }
});

test('a workload that goes has no policy any more', async () => {
  const orgId = await organization();
  const href = await workload(orgId, '192.0.2.31');
  const compute = await started();
  await change(async (trx) => {
    await trx
      .updateTable('workloads')
      .set({ deleted: true })
      .where('id', '=', href.split('/').at(-1) ?? '')
      .execute();
    appendChange(trx, { orgId, kind: 'workload', href });
  });
  await until('gone', () => compute.organization(orgId)?.classOf(href) === undefined);
  expect(await compute.hostView(orgId, 'active', href)).toBeNull();
});
