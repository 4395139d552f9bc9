/** Stored policy as the policy core takes it: what was written over the API is what hosts would enforce. */
import { expect, test } from 'vitest';
import { createPolicyCore } from '@bulkhead/policy';
import { withTestPce } from '../testing/test-pce.ts';
import {
  activeHref,
  DRAFT,
  first,
  idOf,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  provisionAll,
  refOf,
} from '../testing/policy-client.ts';
import { loadPolicyModel, policyObjectChanges } from './policy-model.ts';

const pce = withTestPce();

test('a rule over the API decides connections, in draft first and in active once provisioned', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const { orgId } = pce();
  const app = await makeLabel(client, 'app', 'Web');
  const group = await client.call('label_groups.create', {
    params: DRAFT,
    body: { name: 'Apps', key: 'app', labels: [refOf(app)] },
  });
  const list = await client.call('ip_lists.create', {
    params: DRAFT,
    body: {
      name: 'Office',
      ip_ranges: [
        { from_ip: '203.0.113.0/24' },
        { from_ip: '203.0.113.9', to_ip: '203.0.113.10', exclusion: true },
      ],
      fqdns: [{ fqdn: '*.example.com' }],
    },
  });
  const web = await client.call('services.create', {
    params: DRAFT,
    body: {
      name: 'Web ports',
      service_ports: [{ proto: 6, port: 80, to_port: 90 }, { proto: 17 }],
    },
  });
  const workload = await client.call('workloads.create', {
    body: {
      name: 'web-1',
      labels: [refOf(app)],
      interfaces: [{ name: 'eth0', address: '192.0.2.80', cidr_block: 24 }],
    },
  });
  const ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Web access', scopes: [[{ label_group: refOf(group) }]] },
  });
  const created = await makeRule(client, ruleSet, {
    providers: [{ actors: 'ams' }],
    consumers: [{ ip_list: refOf(list) }],
    ingress_services: [refOf(web), { proto: 6, port: 0 }],
    description: 'Office to web',
    use_workload_subnets: ['providers'],
  });

  const draft = await loadPolicyModel(db, orgId, 'draft');
  expect(draft.workloads).toMatchObject([
    {
      href: workload.href,
      type: 'unmanaged',
      labels: [app.href],
      venVersion: null,
      online: true,
      interfaces: [{ addresses: [{ address: '192.0.2.80', prefixLength: 24 }] }],
    },
  ]);
  expect(draft.services.find(({ href }) => href === web.href)?.ports).toEqual([
    { protocol: 6, port: 80, toPort: 90, icmpType: null, icmpCode: null },
    { protocol: 17, port: null, toPort: null, icmpType: null, icmpCode: null },
  ]);
  expect(draft.ruleSets).toEqual([
    {
      href: ruleSet.href,
      name: 'Web access',
      enabled: true,
      scopes: [[{ kind: 'label_group', href: group.href, exclusion: false }]],
      rules: [
        {
          href: created.href,
          name: 'Web access: Office to web',
          version: 0,
          enabled: true,
          providers: [{ kind: 'ams' }],
          consumers: [{ kind: 'ip_list', href: list.href }],
          ingressServices: [
            { href: web.href },
            { port: { protocol: 6, port: null, toPort: null, icmpType: null, icmpCode: null } },
          ],
          resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
          consumingSecurityPrincipals: [],
          unscopedConsumers: false,
          useWorkloadSubnets: ['providers'],
          networkType: 'brn',
          stateless: false,
        },
      ],
      ipTablesRules: [],
    },
  ]);
  expect((await loadPolicyModel(db, orgId, 'active')).ruleSets).toEqual([]);

  const { version } = await provisionAll(client);
  const active = await loadPolicyModel(db, orgId, 'active');
  const activeRule = first(first(active.ruleSets).rules);
  expect(activeRule).toMatchObject({
    href: activeHref(created),
    version,
    consumers: [{ kind: 'ip_list', href: activeHref(list) }],
  });
  // Every reference of the model resolves within it.
  expect(active.ipLists.map(({ href }) => href)).toContain(activeHref(list));
  expect(active.labelGroups).toMatchObject([{ href: activeHref(group), labels: [app.href] }]);
  expect(() => createPolicyCore(active)).not.toThrow();
});

test('rules keep the version in which they last changed', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const ruleSet = await makeRuleSet(client, 'Versions');
  const ams = [{ actors: 'ams' as const }];
  await makeRule(client, ruleSet, { providers: ams, consumers: ams, description: 'one' });
  const { version } = await provisionAll(client);
  const two = await makeRule(client, ruleSet, {
    providers: ams,
    consumers: ams,
    description: 'two',
  });
  await provisionAll(client);
  const versions = async (): Promise<number[]> => {
    const model = await loadPolicyModel(db, pce().orgId, 'active');
    const found = model.ruleSets.find(({ name }) => name === 'Versions');
    return found?.rules.map((item) => item.version) ?? [];
  };
  expect(await versions()).toEqual([version, version + 1]);
  const params = { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(two) };
  await client.call('sec_rules.delete', { params });
  // A rule that is deleted in draft is no part of the draft policy.
  const draft = await loadPolicyModel(db, pce().orgId, 'draft');
  expect(draft.ruleSets.find(({ name }) => name === 'Versions')?.rules).toHaveLength(1);
  expect(await versions()).toHaveLength(2);
  // New scopes change what every rule means.
  const app = await makeLabel(client, 'app', 'Versions');
  await client.call('rule_sets.update', {
    params: { ...DRAFT, id: idOf(ruleSet) },
    body: { scopes: [[{ label: refOf(app) }]] },
  });
  await provisionAll(client);
  expect(await versions()).toEqual([version + 2]);
});

test('a provision is told as the objects that it changed, also those that are gone', async () => {
  const client = pce().client();
  const { db, changeLog } = pce().pce.deps;
  const { orgId } = pce();
  const kept = await makeIpList(client, 'Told', '192.0.2.0/24');
  const gone = await makeIpList(client, 'Gone', '192.0.2.0/24');
  await provisionAll(client);
  const start = await changeLog.latest();
  await client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(gone) } });
  await client.call('ip_lists.update', {
    params: { ...DRAFT, id: idOf(kept) },
    body: { name: 'Told again' },
  });
  // Drafts tell compute nothing.
  expect(await policyObjectChanges(db, orgId, await changeLog.after(start))).toEqual([]);
  await provisionAll(client);
  const changes = await policyObjectChanges(db, orgId, await changeLog.after(start));
  expect(changes).toMatchObject([
    { type: 'ip_list', href: activeHref(kept), value: { name: 'Told again' } },
    { type: 'ip_list', href: activeHref(gone), value: null },
  ]);
});

test('an old version is read as it was', async () => {
  const client = pce().client();
  const { db } = pce().pce.deps;
  const list = await makeIpList(client, 'History', '192.0.2.0/24');
  const { version } = await provisionAll(client);
  await client.call('ip_lists.delete', { params: { ...DRAFT, id: idOf(list) } });
  await provisionAll(client);
  const at = async (n: number): Promise<string[]> =>
    (await loadPolicyModel(db, pce().orgId, n)).ipLists.map(({ name }) => name);
  expect(await at(version)).toContain('History');
  expect(await at(version - 1)).not.toContain('History');
  expect(await at(version + 1)).not.toContain('History');
  expect(await at(1)).toEqual(['Any (0.0.0.0/0 and ::/0)']);
});
