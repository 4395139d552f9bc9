import { beforeAll, expect, test } from 'vitest';
import type { IpListWire, LabelWire, SecurityPrincipalWire } from '@bulkhead/contract';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  ACTIVE,
  anyList,
  DRAFT,
  first,
  idOf,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const AMS = [{ actors: 'ams' as const }];
const DOMAIN = 'S-1-5-21-1004336348-1177238915-682003330';
let staff: LabelWire;
let any: IpListWire;
beforeAll(async () => {
  staff = await makeLabel(pce().client(), 'role', 'Staff');
  any = await anyList(pce().client());
});

function makeGroup(name: string, rid: number): Promise<SecurityPrincipalWire> {
  return pce()
    .client()
    .call('security_principals.create', { body: { sid: `${DOMAIN}-${rid}`, name } });
}

test('effective at once, found by SID and by part of the name; the SID is the identity', async () => {
  const client = pce().client();
  const created = await makeGroup('Finance', 1106);
  expect(created).toMatchObject({
    href: `/orgs/${pce().orgId}/security_principals/${DOMAIN}-1106`,
    sid: `${DOMAIN}-1106`,
    name: 'Finance',
    description: null,
    deleted: false,
    used_by_ruleset: false,
  });
  const found = async (query: Record<string, string>) =>
    (await client.call('security_principals.list', { query })).items.map(({ name }) => name);
  expect(await found({ name: 'fin' })).toEqual(['Finance']);
  expect(await found({ sid: created.sid })).toEqual(['Finance']);
  expect(await found({ sid: DOMAIN })).toEqual([]);
  const params = { id: created.sid };
  await client.call('security_principals.update', {
    params,
    body: { name: 'Finance department', description: 'Books' },
  });
  expect(await client.call('security_principals.get', { params })).toMatchObject({
    name: 'Finance department',
    description: 'Books',
  });
  // What was read can be written back.
  const read = await client.call('security_principals.get', { params });
  expect((await pce().send('PUT', `/api/v2${created.href}`, { body: read })).status).toBe(204);
  const twice = await refusalOf(makeGroup('Other', 1106));
  expect(twice.errors).toMatchObject([
    {
      token: 'name_must_be_unique',
      href: created.href,
      message: expect.stringContaining('Finance') as unknown,
    },
  ]);
  await client.call('security_principals.delete', { params });
  expect((await refusalOf(client.get(created.href))).status).toBe(404);
  // Gone, its SID is free again.
  expect((await makeGroup('Finance', 1106)).name).toBe('Finance');
});

test('in bulk: one item that fails leaves the others', async () => {
  const made = await pce()
    .client()
    .call('security_principals.bulk_create', {
      body: [
        { sid: `${DOMAIN}-2001`, name: 'Bulk one' },
        { sid: `${DOMAIN}-2001`, name: 'Bulk again' },
        { sid: 'no sid', name: 'Bulk bad' },
      ],
    });
  expect(made).toMatchObject([
    { status: 'created', href: `/orgs/${pce().orgId}/security_principals/${DOMAIN}-2001` },
    { status: 'error', token: 'name_must_be_unique' },
    { status: 'validation_failure', message: expect.stringContaining('S-1-5-21') as unknown },
  ]);
});

test('a rule names groups; they read back with name and SID and stay while it names them', async () => {
  const client = pce().client();
  const group = await makeGroup('Developers', 3001);
  const ruleSet = await makeRuleSet(client, 'Developers only');
  const rule = await makeRule(client, ruleSet, {
    providers: AMS,
    consumers: [{ label: refOf(staff) }],
    consuming_security_principals: [refOf(group)],
  });
  expect(rule.consuming_security_principals).toEqual([
    { href: group.href, sid: group.sid, name: 'Developers', deleted: false },
  ]);
  const params = { id: group.sid };
  expect(await client.call('security_principals.get', { params })).toMatchObject({
    used_by_ruleset: true,
  });
  const remove = () => client.call('security_principals.delete', { params });
  expect((await refusalOf(remove())).errors).toMatchObject([
    {
      token: 'security_principal_referenced',
      message: expect.stringContaining('ruleset "Developers only"') as unknown,
    },
  ]);
  const { version } = await provisionAll(client);
  const rulePath = { rule_set_id: idOf(ruleSet), id: idOf(rule) };
  // Taken off in draft, active policy still holds it.
  await client.call('sec_rules.update', {
    params: { ...DRAFT, ...rulePath },
    body: { consuming_security_principals: [] },
  });
  expect((await refusalOf(remove())).has('security_principal_referenced')).toBe(true);
  await provisionAll(client);
  await remove();
  // Versions of before say whom they named.
  const before = await client.call('rule_sets.get', {
    params: { pversion: String(version), id: idOf(ruleSet) },
  });
  expect(first(before.rules).consuming_security_principals).toMatchObject([
    { sid: group.sid, deleted: true },
  ]);
  const now = await client.call('sec_rules.get', { params: { ...ACTIVE, ...rulePath } });
  expect(now.consuming_security_principals).toEqual([]);
});

test('a rule for user groups needs hosts beside them (R-WIN-8), and is lost in no refusal', async () => {
  const client = pce().client();
  const group = await makeGroup('Without hosts', 3002);
  const ruleSet = await makeRuleSet(client, 'Groups');
  const groups = { consuming_security_principals: [refOf(group)] };
  const alone = makeRule(client, ruleSet, {
    providers: AMS,
    consumers: [{ ip_list: refOf(any) }],
    ...groups,
  });
  expect((await refusalOf(alone)).errors).toMatchObject([
    {
      token: 'rule_needs_workload_side',
      message: expect.stringMatching(
        /consuming_security_principals.*labels, workloads or/,
      ) as unknown,
    },
  ]);
  const created = await makeRule(client, ruleSet, { providers: AMS, consumers: AMS, ...groups });
  const params = { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(created) };
  const narrowed = client.call('sec_rules.update', {
    params,
    body: { consumers: [{ ip_list: refOf(any) }] },
  });
  expect((await refusalOf(narrowed)).has('rule_needs_workload_side')).toBe(true);
  expect(await client.call('sec_rules.get', { params })).toEqual(created);
  const nobody = makeRule(client, ruleSet, {
    providers: AMS,
    consumers: AMS,
    consuming_security_principals: [
      { href: `/orgs/${pce().orgId}/security_principals/${DOMAIN}-9` },
    ],
  });
  expect((await refusalOf(nobody)).errors).toMatchObject([
    { token: 'invalid_uri', message: expect.stringContaining('there is no user group') as unknown },
  ]);
});

test('who may: everybody reads, owners and administrators write', async () => {
  const { auth } = await pce().userWith('ruleset_manager');
  const client = pce().client(auth);
  expect((await client.call('security_principals.list')).total).toBeGreaterThan(0);
  const body = { sid: `${DOMAIN}-4`, name: 'Mine' };
  const mine = client.call('security_principals.create', { body });
  expect((await refusalOf(mine)).status).toBe(403);
});

test('a change leaves an event', async () => {
  const client = pce().client();
  const group = await makeGroup('Seen', 3003);
  const { items } = await client.call('events.list', {
    query: { event_type: 'security_principal.create', max_results: 1 },
  });
  expect(items[0]).toMatchObject({
    resource_changes: [{ resource: { security_principal: { href: group.href, name: 'Seen' } } }],
  });
});
