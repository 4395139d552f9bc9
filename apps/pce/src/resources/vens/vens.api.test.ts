import { expect, test } from 'vitest';
import { idOf, refusalOf } from '../../testing/policy-client.ts';
import { makeHost } from '../../testing/policy-hosts.ts';
import { withTestPce } from '../../testing/test-pce.ts';

const pce = withTestPce();

const missed = {
  latest_event: { notification_type: 'agent.missed_heartbeats', severity: 'warning' },
};
const cloned = { latest_event: { notification_type: 'agent.clone_detected', severity: 'err' } };

function setVen(host: { href: string }, values: Record<string, unknown>) {
  return pce()
    .pce.deps.db.updateTable('vens')
    .set({ policy_sync_state: 'applied', ...values })
    .where('id', '=', idOf(host))
    .execute();
}

function venOf(host: { href: string }) {
  return { href: host.href.replace('/workloads/', '/vens/') };
}

test('statistics count by property, of all and of those that filters hold for; conditions are cleared', async () => {
  const client = pce().client();
  const [one, two, three] = [
    await makeHost(pce(), '192.0.2.1'),
    await makeHost(pce(), '192.0.2.2', { status: 'suspended' }),
    await makeHost(pce(), '192.0.2.3'),
  ];
  await setVen(one, { os_id: 'Debian 13' });
  await setVen(two, { version: '22.5.0-1', conditions: JSON.stringify([missed, cloned]) });
  await setVen(three, { conditions: JSON.stringify([missed]) });
  const [status, health, condition, version] = await client.call('vens.statistics', {
    body: {
      property_counts: [
        { property: 'status', values: ['active', 'stopped'] },
        { property: 'health', filters: [{ filter_property: 'status', values: ['active'] }] },
        {
          property: 'condition',
          filters: [{ filter_property: 'condition', values: ['agent.clone_detected'] }],
        },
        {
          property: 'version',
          filters: [
            { filter_property: 'health', values: ['healthy', 'warning'] },
            { filter_property: 'os_id', values: ['Debian 13'] },
          ],
        },
      ],
    },
  });
  const rows = (answer: typeof status) =>
    answer?.counts.map((row) => [row.value, row.filtered_count, row.unfiltered_count]);
  expect(rows(status)).toEqual([
    ['active', 2, 2],
    ['stopped', 0, 0],
  ]);
  expect([rows(health), health?.total_filtered_count]).toEqual([
    [
      ['error', 0, 1],
      ['healthy', 1, 1],
      ['warning', 1, 1],
    ],
    2,
  ]);
  expect([rows(condition), condition?.total_filtered_count]).toEqual([
    [
      ['agent.clone_detected', 1, 1],
      ['agent.missed_heartbeats', 1, 2],
    ],
    1,
  ]);
  expect(rows(version)).toEqual([
    ['22.5.0-1', 0, 1],
    ['23.2.0-100', 1, 2],
  ]);

  const nobody = { href: `/orgs/${pce().orgId}/vens/1` };
  const answer = await client.call('vens.clear_conditions', {
    body: {
      vens: [venOf(two), venOf(three), nobody],
      notification_type: 'agent.missed_heartbeats',
    },
  });
  expect(answer.errors).toMatchObject([{ token: 'not_found_error', hrefs: [nobody.href] }]);
  const conditionsOf = async (host: { href: string }) =>
    (await client.call('vens.get', { params: { id: idOf(host) } })).conditions;
  expect([await conditionsOf(two), await conditionsOf(three)]).toEqual([[cloned], []]);
  await client.call('vens.clear_conditions', { body: { vens: [venOf(two)] } });
  expect(await conditionsOf(two)).toEqual([]);
});

test('the old form of a VEN is found by the number in its workload', async () => {
  const client = pce().client();
  const host = await makeHost(pce(), '192.0.2.9');
  const { agent } = await client.call('workloads.get', { params: { id: idOf(host) } });
  const old = await client.call('agents.get', { params: { id: idOf({ href: agent.href ?? '' }) } });
  expect(old).toMatchObject({
    href: agent.href,
    uid: idOf(host),
    mode: 'enforced',
    agent_version: '23.2.0-100',
    ven: venOf(host),
  });
  expect((await refusalOf(client.call('agents.get', { params: { id: '999999' } }))).status).toBe(
    404,
  );
});
