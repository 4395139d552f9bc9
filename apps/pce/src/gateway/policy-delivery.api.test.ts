import { expect, test } from 'vitest';
import { objectHref } from '@bulkhead/contract';
import { withTestPce } from '../testing/test-pce.ts';
import { VenClient, until, wired } from './testing/ven-client.ts';

const pce = withTestPce();
let names = 0;

function unique(word: string): string {
  names += 1;
  return `${word} ${names}`;
}

async function label(key: string): Promise<string> {
  const created = await pce()
    .client()
    .call('labels.create', { body: { key, value: unique(key) } });
  return created.href;
}

function provision(): Promise<unknown> {
  return pce()
    .client()
    .call('sec_policy.provision', { body: { update_description: 'test' } });
}

interface Link {
  readonly server: VenClient;
  readonly laptop: VenClient;
  readonly ruleSet: string;
  readonly labels: { readonly server: string; readonly laptop: string };
}

/** A server that lets laptops in on 443, both connected, provisioned and settled. */
async function linked(useSubnets: boolean): Promise<Link> {
  const labels = { server: await label('role'), laptop: await label('app') };
  const server = await VenClient.activate(
    pce(),
    { interfaces: [wired('192.0.2.10')] },
    { labels: [labels.server] },
  );
  const laptop = await VenClient.activate(
    pce(),
    { ven_type: 'endpoint', interfaces: [wired('198.51.100.5', 'corporate', 'wlan0')] },
    { labels: [labels.laptop] },
  );
  await server.connect();
  await laptop.connect();
  const created = await pce()
    .client()
    .call('rule_sets.create', {
      params: { pversion: 'draft' },
      body: {
        name: unique('ruleset'),
        scopes: [[]],
        rules: [
          {
            enabled: true,
            providers: [{ label: { href: labels.server } }],
            consumers: [{ label: { href: labels.laptop } }],
            ingress_services: [{ proto: 6, port: 443 }],
            resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
            unscoped_consumers: true,
            use_workload_subnets: useSubnets ? ['consumers'] : [],
          },
        ],
      },
    });
  await provision();
  await until('the server lets the laptop in', () => server.peers('inbound').length === 1);
  await until('the laptop may reach the server', () => laptop.peers('outbound').length === 1);
  return { server, laptop, ruleSet: created.href, labels };
}

function venOf(ven: VenClient): Promise<{ policy_messages: number; policy_sync_state: string }> {
  return pce()
    .database.db.selectFrom('vens')
    .select(['policy_messages', 'policy_sync_state'])
    .where('id', '=', ven.identity.ven_uuid)
    .executeTakeFirstOrThrow();
}

/** Another host's change that certainly reaches the server, so that what came before has been sent. */
async function flush(link: Link): Promise<void> {
  const before = link.server.policyMessages.length;
  const other = await VenClient.activate(
    pce(),
    { interfaces: [wired('203.0.113.99')] },
    { labels: [link.labels.laptop] },
  );
  await until(
    'the server hears of another laptop',
    () => link.server.policyMessages.length > before,
  );
  expect(other.identity.ven_uuid).not.toBe('');
}

test('a rule that is provisioned reaches both hosts with its members, named after the rule', async () => {
  const { server, laptop, ruleSet } = await linked(false);
  expect(server.peers('inbound')).toEqual(['198.51.100.5']);
  expect(laptop.peers('outbound')).toEqual(['192.0.2.10']);
  expect(server.policy?.rules[0]?.origin.href).toContain(ruleSet.replace('draft', 'active'));
  const decision = await pce()
    .client()
    .call('sec_policy.decide', {
      params: { pversion: 'active' },
      query: {
        src_workload: laptop.workload,
        dst_workload: server.workload,
        protocol: 6,
        port: 443,
      },
    });
  expect(decision).toMatchObject({
    decision: 'allowed',
    inbound: {
      reason: 'rule',
      rules: [{ version: expect.any(Number) }],
      workload: { href: server.workload },
    },
    outbound: { reason: 'rule' },
  });
  const view = await pce()
    .client()
    .call('sec_policy.policy_view', {
      params: { pversion: 'active' },
      query: { workload: server.workload },
    });
  expect(view).toMatchObject({
    mode: 'full',
    policy_hash: server.policy?.hash,
    rules: [
      {
        action: 'allow',
        direction: 'inbound',
        services: ['443 TCP'],
        peers: ['198.51.100.5'],
        peer_count: 1,
      },
    ],
  });
});

test('a roam is exactly one policy message to the server when the rule uses addresses', async () => {
  const link = await linked(false);
  const before = link.server.policyMessages.length;
  expect(
    (
      await link.laptop.report([
        wired('198.51.100.77', 'corporate', 'wlan0'),
        wired('198.51.100.78', 'corporate', 'eth1'),
      ])
    ).status,
  ).toBe(204);
  await until('the new addresses are in', () => link.server.peers('inbound').length === 2);
  expect(link.server.peers('inbound')).toEqual(['198.51.100.77', '198.51.100.78']);
  expect(link.server.policyMessages).toHaveLength(before + 1);
  expect(link.server.policyMessages.at(-1)?.type).toBe('policy_delta');
});

test('a roam within the same subnets is no message at all to the server when the rule uses workload subnets (R-POL-3)', async () => {
  const link = await linked(true);
  expect(link.server.peers('inbound')).toEqual(['198.51.100.0/24']);
  const before = link.server.policyMessages.length;
  await link.laptop.report([wired('198.51.100.200', 'corporate', 'wlan0')]);
  await until('the report is stored', async () => {
    const row = await pce()
      .database.db.selectFrom('workloads')
      .select('interfaces')
      .where('id', '=', link.laptop.identity.ven_uuid)
      .executeTakeFirstOrThrow();
    return row.interfaces[0]?.address === '198.51.100.200';
  });
  await flush(link);
  expect(link.server.policyMessages, 'only the other laptop was news').toHaveLength(before + 1);
});

test('the messages that the PCE says it sent are those that came', async () => {
  const { server } = await linked(false);
  await until('counted', async () => {
    const row = await venOf(server);
    return (
      row.policy_messages === server.policyMessages.length && row.policy_sync_state === 'applied'
    );
  });
  const shown = await pce()
    .client()
    .call('vens.get', { params: { id: server.identity.ven_uuid } });
  expect(shown).toMatchObject({
    policy_messages: server.policyMessages.length,
    policy_hash: server.policy?.hash,
    connected: true,
  });
});

test('a report that says nothing new moves nothing', async () => {
  const link = await linked(false);
  const sequence = await pce().pce.deps.changeLog.latest();
  await link.laptop.report([wired('198.51.100.5', 'corporate', 'wlan0')]);
  const rows = await pce().pce.deps.changeLog.after(sequence);
  expect(rows.filter((row) => row.kind === 'workload')).toEqual([]);
});

test('a VEN that was away gets what it missed as one message', async () => {
  const link = await linked(false);
  const before = link.server.policyMessages.length;
  link.server.disconnect();
  await until('away', () => link.server.closed !== undefined);
  await link.laptop.report([wired('198.51.100.91', 'corporate', 'wlan0')]);
  await link.laptop.report([wired('198.51.100.92', 'corporate', 'wlan0')]);
  await link.server.connect();
  await until('caught up', () => link.server.peers('inbound')[0] === '198.51.100.92');
  expect(link.server.policyMessages.length - before).toBeLessThanOrEqual(2);
  expect(link.server.policyMessages.at(-1)?.type).toBe('policy_delta');
});

test('a VEN at a version that the PCE does not know, or with another policy at it, gets the whole and no delta', async () => {
  const link = await linked(false);
  const { server } = link;
  const { version, policy } = server;
  const comesBack = async (at: number, hash: string | undefined): Promise<string | undefined> => {
    server.disconnect();
    await until('away', () => server.closed !== undefined);
    server.version = at;
    server.policy = policy === undefined || hash === undefined ? undefined : { ...policy, hash };
    const before = server.policyMessages.length;
    await server.connect();
    await until('answered', () => server.policyMessages.length > before);
    expect(server.policy?.hash).toBe(policy?.hash);
    return server.policyMessages.at(-1)?.type;
  };
  expect(await comesBack(version + 1000, policy?.hash)).toBe('policy');
  expect(await comesBack(server.version, 'of another policy')).toBe('policy');
  expect(await comesBack(0, undefined)).toBe('policy');
  const before = server.policyMessages.length;
  await link.laptop.report([wired('198.51.100.93', 'corporate', 'wlan0')]);
  await until('goes on', () => server.peers('inbound')[0] === '198.51.100.93');
  expect(server.policyMessages.slice(before).map(({ type }) => type)).toEqual(['policy_delta']);
});

test('an unpaired host leaves the policy of others at once', async () => {
  const { server, laptop } = await linked(false);
  await pce()
    .client()
    .call('vens.unpair', { body: { vens: [{ href: laptop.href }] } });
  await until('the server knows', () => server.peers('inbound').length === 0);
  expect(server.policy?.rules.flatMap((rule) => rule.peers).length).toBe(server.sets.size);
});

test('deleting the rule and provisioning takes it from both hosts', async () => {
  const { server, laptop, ruleSet } = await linked(false);
  await pce().send('DELETE', `/api/v2${ruleSet}`);
  expect(server.policy?.rules).toHaveLength(1);
  await provision();
  await until(
    'no rules',
    () => server.policy?.rules.length === 0 && laptop.policy?.rules.length === 0,
  );
  expect(server.sets.size).toBe(0);
});

test('questions about the draft see what is not provisioned; the active answer stays', async () => {
  const { server, laptop, ruleSet } = await linked(false);
  await pce().send('PUT', `/api/v2${ruleSet}`, { body: { enabled: false } });
  const ask = (pversion: string) =>
    pce()
      .client()
      .call('sec_policy.decide', {
        params: { pversion },
        query: {
          src_workload: laptop.workload,
          dst_workload: server.workload,
          protocol: 6,
          port: 443,
        },
      });
  expect(await ask('draft')).toMatchObject({ decision: 'blocked', inbound: { reason: 'default' } });
  expect(await ask('active')).toMatchObject({ decision: 'allowed' });
});

test('decide refuses what is no question, by name', async () => {
  const path = `/api/v2/orgs/${pce().orgId}/sec_policy/active/decide`;
  expect((await pce().send('GET', `${path}?protocol=6&port=443&src_ip=10.0.0.1`)).text).toContain(
    'dst_workload or dst_ip',
  );
  expect(
    (await pce().send('GET', `${path}?protocol=6&port=70000&src_ip=10.0.0.1&dst_ip=10.0.0.2`))
      .status,
  ).toBe(406);
  expect(
    (await pce().send('GET', `${path}?protocol=6&port=1&src_ip=10.0.0.300&dst_ip=10.0.0.2`)).text,
  ).toContain('invalid_ip_address');
  const nobody = objectHref(pce().orgId, 'workloads', '00000000-0000-4000-8000-000000000000');
  expect(
    (await pce().send('GET', `${path}?protocol=6&port=1&src_workload=${nobody}&dst_ip=10.0.0.2`))
      .status,
  ).toBe(404);
});
