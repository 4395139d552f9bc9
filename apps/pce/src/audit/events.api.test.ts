import { describe, expect, test } from 'vitest';
import type { EventWire } from '@bulkhead/contract';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import { VenClient, until, wired } from '../gateway/testing/ven-client.ts';
import { first, idOf, makeLabel } from '../testing/policy-client.ts';
import { OWNER, basic, withTestPce } from '../testing/test-pce.ts';
import { describeChanges, recordEvent } from './record-event.ts';
import { pruneEvents } from './retention.ts';

const pce = withTestPce();

async function events(query: Record<string, string> = {}): Promise<EventWire[]> {
  return (await pce().client().call('events.list', { query })).items;
}

/** What an event of something happened now would be recorded as. */
function record(eventType: string, at: Date, orgId: number | null = pce().orgId): Promise<string> {
  const { deps } = pce().pce;
  return writeTransaction(deps.db, (trx) =>
    recordEvent({ ...deps, clock: { now: () => at } }, trx, { orgId, eventType }),
  );
}

describe('an event says', () => {
  test('who did what to which object, from where, by which request, and what was before', async () => {
    const label = await makeLabel(pce().client(), 'role', 'before');
    await pce()
      .client()
      .call('labels.update', { params: { id: idOf(label) }, body: { value: 'after' } });
    const event = first(await events({ event_type: 'label.update' }));
    expect(event).toMatchObject({
      status: 'success',
      severity: 'info',
      version: 2,
      pce_fqdn: 'pce.test',
      created_by: {
        user: { href: expect.stringMatching(/^\/users\/\d+$/), username: OWNER.username },
      },
      action: {
        api_endpoint: `/api/v2${label.href}`,
        api_method: 'PUT',
        http_status_code: 204,
        src_ip: '127.0.0.1',
        errors: [],
      },
      resource_changes: [
        {
          resource: { label: { href: label.href } },
          change_type: 'update',
          changes: { value: { before: 'before', after: 'after' } },
        },
      ],
    });
    const one = await pce()
      .client()
      .call('events.get', { params: { id: idOf(event) } });
    expect(one).toEqual(event);
  });

  test('which VEN an incident came from, and from which address', async () => {
    const ven = await VenClient.activate(pce(), { interfaces: [wired('10.9.0.1')] });
    await ven.connect();
    ven.say({ type: 'tampering', detail: 'table bulkhead: rule removed', reverted: true });
    const [event] = await until('the event', async () => {
      const found = await events({ event_type: 'agent.tampering' });
      return found.length > 0 && found;
    });
    expect(event).toMatchObject({
      severity: 'warning',
      created_by: { ven: { href: expect.stringContaining('/vens/') } },
      action: { src_ip: '127.0.0.1' },
      notifications: [{ notification_type: 'workload.oob_policy_changes' }],
    });
  });

  test('what a host reports that has moved, before and after', async () => {
    const ven = await VenClient.activate(pce(), { interfaces: [wired('10.9.1.1')] });
    const { facts } = ven.request;
    const answer = await ven.send('PUT', 'report', {
      facts: { ...facts, os_detail: 'a newer kernel' },
      interfaces: ven.request.interfaces,
    });
    expect(answer.status, answer.text).toBe(204);
    const event = first(await events({ event_type: 'agent.update' }));
    expect(event.resource_changes[0]?.changes).toEqual({
      os_detail: { before: facts.os_detail, after: 'a newer kernel' },
    });
  });

  test('nothing of a secret, however deep it lies', () => {
    const before = { password: null, receiver: { address: 'a', secret: 'old' } };
    const after = {
      password: 'p',
      receiver: { address: 'b', secret: 'new' },
      token_required: true,
    };
    expect(describeChanges(before, after)).toEqual({
      password: { before: null, after: 'FILTERED' },
      receiver: {
        before: { address: 'a', secret: 'FILTERED' },
        after: { address: 'b', secret: 'FILTERED' },
      },
      token_required: { before: null, after: true },
    });
  });
});

test('a fault of the PCE is an event with the request that the log knows it by', async () => {
  const { pool } = pce().pce.deps;
  await pool.query('ALTER TABLE corporate_ips RENAME TO corporate_ips_elsewhere');
  const path = `/api/v2/orgs/${pce().orgId}/settings/corporate_ips`;
  const answer = await pce().send('GET', path);
  await pool.query('ALTER TABLE corporate_ips_elsewhere RENAME TO corporate_ips');
  expect(answer.status).toBe(500);
  const event = first(await events({ event_type: 'request.internal_server_error' }));
  expect(event).toMatchObject({
    status: 'failure',
    severity: 'err',
    action: {
      uuid: answer.headers['x-request-id'],
      api_endpoint: path,
      http_status_code: 500,
      errors: [{ token: 'internal_server_error' }],
    },
  });
  expect(JSON.stringify(event)).not.toContain('corporate_ips_elsewhere');
});

describe('events are found', () => {
  test('by type, severity, status, creator and time, newest first', async () => {
    const times = [
      '2026-01-01T00:00:00.000Z',
      '2026-01-02T00:00:00.000Z',
      '2026-01-03T00:00:00.000Z',
    ];
    for (const time of times) await record('org.update', new Date(time));
    const found = async (query: Record<string, string>): Promise<string[]> =>
      (await events({ event_type: 'org.update', ...query })).map((event) => event.timestamp);
    expect(await found({})).toEqual(times.toReversed());
    expect(await found({ 'timestamp[gte]': '2026-01-02T00:00:00Z' })).toEqual([times[2], times[1]]);
    expect(await found({ 'timestamp[lte]': '2026-01-01' })).toEqual([times[0]]);
    expect(await found({ created_by: 'system', severity: 'info', status: 'success' })).toHaveLength(
      3,
    );
    expect(await found({ created_by: '/users/1' })).toEqual([]);
    expect(await found({ severity: 'emerg' })).toEqual([]);
    expect(await found({ status: 'failure' })).toEqual([]);
    expect(await found({ max_results: '1' })).toEqual([times[2]]);
  });

  test.each(['timestamp[gte]=yesterday', 'severity=loud', 'status=maybe'])(
    'a filter that means nothing is refused: %s',
    async (query) => {
      const answer = await pce().send('GET', `/api/v2/orgs/${pce().orgId}/events?${query}`);
      expect(answer.status).toBe(406);
    },
  );

  test('those of no organization at system_events alone, such as a sign-in with an unknown name', async () => {
    await pce().send('POST', '/api/v2/login_users/authenticate?pce_fqdn=pce.test', {
      auth: basic('nobody@example.com', 'wrong'),
    });
    const { items } = await pce()
      .client()
      .call('system_events.list', { query: { event_type: 'request.authentication_failed' } });
    const event = first(items);
    expect(event).toMatchObject({
      href: expect.stringMatching(/^\/system_events\//),
      status: 'failure',
      created_by: { system: {} },
      action: { src_ip: '127.0.0.1', http_status_code: 401 },
    });
    expect(
      await pce()
        .client()
        .call('system_events.get', { params: { id: idOf(event) } }),
    ).toEqual(event);
    expect(
      (await pce().send('GET', `/api/v2/orgs/${pce().orgId}/events/${idOf(event)}`)).status,
    ).toBe(404);
  });
});

test('their settings are for an owner to change, within their limits, with an event', async () => {
  const client = pce().client();
  const body = { audit_event_min_severity: 'warning' } as const;
  const admin = await pce().userWith('admin');
  const path = `/api/v2/orgs/${pce().orgId}/settings/events`;
  expect((await pce().send('PUT', path, { body, auth: admin.auth })).status).toBe(403);
  await client.call('event_settings.update', { body });
  expect(await client.call('event_settings.get')).toMatchObject({
    audit_event_retention_seconds: 2_592_000,
    audit_event_min_severity: 'warning',
    format: 'JSON',
  });
  const [event] = await events({ event_type: 'event_settings.update' });
  expect(event?.resource_changes[0]?.changes).toEqual({
    audit_event_min_severity: { before: 'informational', after: 'warning' },
  });
  const short = { audit_event_retention_seconds: 3600 };
  expect((await pce().send('PUT', path, { body: short })).status).toBe(406);
});

describe('events are kept', () => {
  test.each(["UPDATE events SET status = 'failure'", 'DELETE FROM events', 'TRUNCATE events'])(
    'the database refuses %s',
    async (statement) => {
      await expect(pce().pce.deps.pool.query(statement)).rejects.toThrow(/append-only/);
    },
  );

  test('until the retention of their organization is over, which is an event', async () => {
    const { deps } = pce().pce;
    const day = 86_400_000;
    const now = deps.clock.now().getTime();
    await record('org.update', new Date(now - 3 * day));
    await record('org.update', new Date(now - 1.5 * day));
    await pce()
      .client()
      .call('event_settings.update', { body: { audit_event_retention_seconds: 172_800 } });
    await pruneEvents(deps);
    expect(await events({ event_type: 'org.update' })).toHaveLength(1);
    const told = first(await events({ event_type: 'system_task.prune_old_log_events' }));
    expect(told).toMatchObject({ created_by: { system: {} }, action: null });
    expect(told.notifications[0]?.info).toMatchObject({ deleted: expect.any(Number) });
    await pruneEvents(deps);
    expect(await events({ event_type: 'system_task.prune_old_log_events' })).toHaveLength(1);
  });

  test('in the order of commits: what commits later is never found before what was read', async () => {
    const { deps } = pce().pce;
    const late = Promise.withResolvers<undefined>();
    const recorded = Promise.withResolvers<undefined>();
    const slow = writeTransaction(deps.db, async (trx) => {
      await recordEvent(deps, trx, { orgId: pce().orgId, eventType: 'settings.update' });
      appendChange(trx, { orgId: pce().orgId, kind: 'settings', href: '/settings' });
      recorded.resolve(undefined);
      await late.promise;
    });
    await recorded.promise;
    const quick = await record('settings.update', deps.clock.now());
    late.resolve(undefined);
    await slow;
    const rows = await deps.db
      .selectFrom('events')
      .select('id')
      .where('event_type', '=', 'settings.update')
      .orderBy('position')
      .execute();
    expect(rows.map((row) => row.id)[0]).toBe(quick);
    expect(rows).toHaveLength(2);
  });
});
