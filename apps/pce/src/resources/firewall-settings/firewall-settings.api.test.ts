import { expect, test } from 'vitest';
import type { FirewallSettingsWrite } from '@bulkhead/contract';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  DRAFT,
  idOf,
  makeLabel,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const href = (word: string): string => `/orgs/${pce().orgId}/sec_policy/${word}/firewall_settings`;
const draft = () => pce().client().call('firewall_settings.get', { params: DRAFT });
const active = () => pce().client().call('firewall_settings.get', { params: ACTIVE });
const change = (body: FirewallSettingsWrite) =>
  pce().client().call('firewall_settings.update', { params: DRAFT, body });

test('every organization has them, active from the start, under an href without id', async () => {
  expect(await active()).toMatchObject({
    href: href('active'),
    ipv6_mode: 'policy_based',
    allow_ipv6: true,
    firewall_coexistence: [],
    blocked_connection_reject_scopes: [],
    static_policy_scopes: [],
    vpn_pools: [],
    update_type: null,
  });
  expect((await draft()).caps).toEqual(['write', 'provision']);
});

test('drafted, pending, provisioned alone, read at a version, reverted', async () => {
  const client = pce().client();
  const app = await makeLabel(client, 'app', 'Coexistent');
  const group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'Coexistent apps', key: 'app', labels: [refOf(app)] },
  });
  await change({
    ipv6_mode: 'block_all',
    vpn_pools: ['10.200.0.0/16', '2001:DB8:200::/48', '10.200.0.0/16'],
    firewall_coexistence: [{ scope: [refOf(group)], illumio_primary: false }],
    blocked_connection_reject_scopes: [[{ label: refOf(app) }]],
    ip_forwarding_enabled_scopes: [[{ label_group: refOf(group), exclusion: true }]],
    allow_igmp: true,
    ike_authentication_type: 'certificate',
  });
  expect(await draft()).toMatchObject({
    update_type: 'update',
    ipv6_mode: 'block_all',
    allow_ipv6: false,
    vpn_pools: ['10.200.0.0/16', '2001:db8:200::/48'],
    firewall_coexistence: [
      { scope: [{ href: group.href }], illumio_primary: false, workload_mode: null },
    ],
    blocked_connection_reject_scopes: [
      [{ label: { href: app.href, key: 'app', value: 'Coexistent' } }],
    ],
    ip_forwarding_enabled_scopes: [
      [{ label_group: { href: group.href, name: 'Coexistent apps' }, exclusion: true }],
    ],
    allow_igmp: true,
    ike_authentication_type: 'certificate',
  });
  expect((await active()).ipv6_mode).toBe('policy_based');
  expect((await client.call('sec_policy.pending')).firewall_settings).toMatchObject([
    { href: href('draft'), name: 'Firewall settings', update_type: 'update' },
  ]);
  const alone = () =>
    client.call('sec_policy.provision', {
      body: { change_subset: { firewall_settings: [{ href: href('draft') }] } },
    });
  expect((await refusalOf(alone())).errors).toMatchObject([
    { token: 'dependency_required', href: group.href },
  ]);
  const { version } = await provisionAll(client);
  expect(await active()).toMatchObject({ ipv6_mode: 'block_all', update_type: null });

  await change({ allow_ipv6: true });
  expect((await draft()).ipv6_mode).toBe('policy_based');
  const next = await alone();
  const at = (n: number) =>
    client.call('firewall_settings.get', { params: { pversion: String(n) } });
  expect((await at(version)).ipv6_mode).toBe('block_all');
  expect((await at(next.version)).ipv6_mode).toBe('policy_based');
  expect((await at(1)).vpn_pools).toEqual([]);
  const modified = await client.call('sec_policy.modified_objects', {
    params: { pversion: String(next.version) },
  });
  expect(modified.items).toMatchObject([
    { object_type: 'firewall_settings', href: href(String(next.version)) },
  ]);

  await change({ allow_ipv6: false });
  await client.call('sec_policy.revert_all');
  expect(await draft()).toMatchObject({ ipv6_mode: 'policy_based', update_type: null });
});

test('what was read can be written back, and a change of nothing is none', async () => {
  const read = await draft();
  expect((await pce().send('PUT', `/api/v2${href('draft')}`, { body: read })).status).toBe(204);
  expect(await draft()).toEqual(read);
  const onActive = await pce().send('PUT', `/api/v2${href('active')}`, { body: {} });
  expect(onActive.status).toBe(405);
  expect((await pce().send('DELETE', `/api/v2${href('draft')}`)).status).toBe(405);
});

test.each<[string, object, RegExp]>([
  ['a pool that is an address', { vpn_pools: ['10.0.0.1'] }, /vpn_pools\[0\].*no CIDR block/],
  ['a pool with host bits', { vpn_pools: ['10.0.0.1/24'] }, /vpn_pools\[0\].*10\.0\.0\.0\/24/],
  ['a pool of everything (PS-23)', { vpn_pools: ['0.0.0.0/0'] }, /shorter than \/8/],
  ['a pool too short (PS-23)', { vpn_pools: ['2001::/16'] }, /shorter than \/32/],
  ['a mode that is none', { ipv6_mode: 'sometimes' }, /ipv6_mode/],
  ['a member that is none', { allow_everything: true }, /unknown member allow_everything/],
  [
    'coexistence by a mode that is none',
    { firewall_coexistence: [{ scope: [], illumio_primary: true, workload_mode: 'full' }] },
    /firewall_coexistence\[0\]\.workload_mode/,
  ],
  [
    'a label that is none',
    { blocked_connection_reject_scopes: [[{ label: { href: '/orgs/1/labels/999' } }]] },
    /blocked_connection_reject_scopes\[0\]\[0\]: there is no label/,
  ],
])('refused: %s, and nothing is lost', async (_, body, message) => {
  const before = await draft();
  const answer = await pce().send('PUT', `/api/v2${href('draft')}`, { body });
  expect(answer.status).toBe(406);
  expect(answer.text).toMatch(message);
  expect(await draft()).toEqual(before);
});

test('two labels of one key in a scope are refused, in every list of scopes', async () => {
  const client = pce().client();
  const [one, two] = [
    refOf(await makeLabel(client, 'env', 'One')),
    refOf(await makeLabel(client, 'env', 'Two')),
  ];
  const before = await draft();
  for (const body of [
    { blocked_connection_reject_scopes: [[{ label: one }, { label: two }]] },
    { static_policy_scopes: [[{ label: one }, { label: two }]] },
    { firewall_coexistence: [{ scope: [one, two], illumio_primary: true }] },
  ]) {
    const [member] = Object.keys(body);
    expect((await refusalOf(change(body))).message).toMatch(
      new RegExp(`${member}\\[0\\]: has two entries of the key env`),
    );
  }
  expect(await draft()).toEqual(before);
});

test('a workload says what active settings make of it: coexistence of the first scope that holds it, drop or reject', async () => {
  const client = pce().client();
  const [web, lab] = [await makeLabel(client, 'app', 'Web'), await makeLabel(client, 'loc', 'Lab')];
  const make = (name: string, labels: { href: string }[]) =>
    client.call('workloads.create', { body: { name, labels: labels.map(refOf) } });
  const both = await make('both', [web, lab]);
  const other = await make('other', [web]);
  await change({
    firewall_coexistence: [
      { scope: [refOf(web), refOf(lab)], illumio_primary: false },
      { scope: [refOf(web)], illumio_primary: true },
    ],
    blocked_connection_reject_scopes: [[{ label: refOf(lab) }]],
  });
  const said = async (workload: { href: string }) => {
    const read = await client.call('workloads.get', { params: { id: idOf(workload) } });
    return [read.firewall_coexistence.illumio_primary, read.blocked_connection_action];
  };
  expect(await said(both)).toEqual([true, 'drop']);
  await provisionAll(client);
  expect(await said(both)).toEqual([false, 'reject']);
  expect(await said(other)).toEqual([true, 'drop']);
});

test('coexistence for one mode is passed over on workloads in another (PS-51)', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'app', 'By mode');
  const make = (enforcement_mode: 'full' | 'visibility_only') =>
    client.call('workloads.create', {
      body: { name: enforcement_mode, labels: [refOf(label)], enforcement_mode },
    });
  const [enforced, watched] = [await make('full'), await make('visibility_only')];
  await change({
    firewall_coexistence: [
      { scope: [refOf(label)], illumio_primary: false, workload_mode: 'illuminated' },
      { scope: [refOf(label)], illumio_primary: true, workload_mode: null },
    ],
  });
  expect((await draft()).firewall_coexistence.map((entry) => entry.workload_mode)).toEqual([
    'illuminated',
    null,
  ]);
  await provisionAll(client);
  const isPrimary = async ({ href }: { href: string }) =>
    (await client.call('workloads.get', { params: { id: idOf({ href }) } })).firewall_coexistence
      .illumio_primary;
  expect(await isPrimary(enforced)).toBe(true);
  expect(await isPrimary(watched)).toBe(false);
});

test('what always passes is told, and is not for writing', async () => {
  const { items } = await pce().client().call('essential_service_rules.list', { params: DRAFT });
  expect(items.map(({ name }) => name)).toContain("The VEN's own connections to its PCE");
  const path = `/api/v2/orgs/${pce().orgId}/sec_policy/draft/essential_service_rules`;
  expect((await pce().send('PUT', path, { body: [] })).status).toBe(405);
});

test('a label in a scope stays, and its usage says so', async () => {
  const client = pce().client();
  const label = await makeLabel(client, 'loc', 'Held by settings');
  await change({ blocked_connection_reject_scopes: [[{ label: refOf(label) }]] });
  const refused = await refusalOf(client.call('labels.delete', { params: { id: idOf(label) } }));
  expect(refused.has('label_still_has_associated_firewall_settings')).toBe(true);
  const { usage } = await client.call('labels.get', {
    params: { id: idOf(label) },
    query: { usage: 'true' },
  });
  expect(usage).toMatchObject({
    blocked_connection_reject_scopes: true,
    firewall_coexistence_scope: false,
  });
});

test('who may: global roles read, owners and administrators write', async () => {
  const as = async (role: 'read_only' | 'ruleset_viewer') =>
    pce().client((await pce().userWith(role)).auth);
  const reader = await as('read_only');
  expect((await reader.call('firewall_settings.get', { params: DRAFT })).caps).toEqual([]);
  const body = { ipv6_mode: 'allow_all' as const };
  const write = reader.call('firewall_settings.update', { params: DRAFT, body });
  expect((await refusalOf(write)).status).toBe(403);
  const viewer = await as('ruleset_viewer');
  const read = viewer.call('firewall_settings.get', { params: DRAFT });
  expect((await refusalOf(read)).status).toBe(403);
});

test('a change leaves an event that says before and after', async () => {
  const client = pce().client();
  await change({ ipv6_mode: 'allow_all' });
  const { items } = await client.call('events.list', {
    query: { event_type: 'firewall_settings.update', max_results: 1 },
  });
  expect(items[0]).toMatchObject({
    resource_changes: [
      {
        resource: { firewall_settings: { href: href('draft') } },
        changes: { ipv6_mode: { after: 'allow_all' } },
      },
    ],
  });
});
