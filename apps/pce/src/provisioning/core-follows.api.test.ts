/** The core that runs takes the rows of the change log, and is at every step what one built from scratch would be. */
import { expect, test } from 'vitest';
import { createPolicyCore, type PolicyCore, type PolicyModel } from '@bulkhead/policy';
import { withVersion } from '@bulkhead/contract';
import { DatabasePolicyLoader } from '../compute/database-policy-loader.ts';
import {
  DRAFT,
  idOf,
  makeIpList,
  makeLabel,
  makeRule,
  makeRuleSet,
  makeService,
  makeVirtualService,
  provisionAll,
  refOf,
} from '../testing/policy-client.ts';
import { makeHost, type Host } from '../testing/policy-hosts.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { loadPolicyModel } from './policy-model.ts';

const pce = withTestPce();

function model(): Promise<PolicyModel> {
  return loadPolicyModel(pce().pce.deps.db, pce().orgId, 'active');
}

function bind(service: { href: string }, host: Host) {
  return pce()
    .client()
    .call('service_bindings.create', {
      body: [{ virtual_service: refOf(service), workload: refOf(host) }],
    });
}

/** All that hosts are told, readable. */
function everything(core: PolicyCore, hosts: readonly string[]): unknown {
  return hosts.map((href) => ({
    href,
    policy: core.hostPolicy(href),
    sets: core.setsOf(href).map((id) => core.addressSet(id)),
  }));
}

test('the running core follows every kind of object change by change, and ends as one built from scratch', async () => {
  const client = pce().client();
  const web = await makeLabel(client, 'app', 'Web');
  const db = await makeLabel(client, 'app', 'Database');
  const staff = await makeLabel(client, 'role', 'Staff');
  const windows = await makeHost(pce(), '192.0.2.10', { labels: [web], os: 'windows' });
  const linux = await makeHost(pce(), '192.0.2.20', { labels: [db] });
  await makeHost(pce(), '10.200.3.4', { labels: [staff], os: 'windows', prefix: 32 });
  const { db: database, changeLog } = pce().pce.deps;
  const loader = new DatabasePolicyLoader(database);
  const core = createPolicyCore(await model());
  let sequence = await changeLog.latest();
  const follow = async (step: string): Promise<void> => {
    const rows = await changeLog.after(sequence);
    sequence = rows.at(-1)?.sequence ?? sequence;
    core.apply(await loader.changes(pce().orgId, rows));
    const now = await model();
    const hosts = now.workloads.map(({ href }) => href);
    const scratch = createPolicyCore(now);
    expect(everything(core, hosts), step).toEqual(everything(scratch, hosts));
  };
  const service = await makeService(client, 'Followed', 8080);
  const list = await makeIpList(client, 'Followed', '198.51.100.0/24');
  const virtual = await makeVirtualService(client, 'Followed', {
    service_ports: [],
    service: refOf(service),
    labels: [refOf(web)],
  });
  const ruleSet = await makeRuleSet(client, 'Followed');
  const rule = await makeRule(client, ruleSet, {
    providers: [{ virtual_service: refOf(virtual) }, { label: refOf(db) }],
    consumers: [{ ip_list: refOf(list) }, { label: refOf(staff) }],
    resolve_labels_as: {
      providers: ['workloads', 'virtual_services'],
      consumers: ['workloads', 'virtual_services'],
    },
  });
  await follow('drafts change nothing');
  await provisionAll(client);
  await follow('everything at once');
  const [binding] = await bind(virtual, windows);
  await follow('a binding');
  await bind(virtual, linux);
  await client.call('service_bindings.delete', {
    params: { id: idOf({ href: binding?.href ?? '' }) },
  });
  await follow('one comes, one goes');
  await client.call('virtual_services.update', {
    params: { ...DRAFT, id: idOf(virtual) },
    body: { ip_overrides: ['203.0.113.9'], labels: [] },
  });
  await provisionAll(client);
  await follow('a virtual service changes, its bindings stay');
  const group = await client.call('security_principals.create', {
    body: { sid: 'S-1-5-21-9-9-9-9', name: 'Followed' },
  });
  await client.call('sec_rules.update', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
    body: { consuming_security_principals: [refOf(group)] },
  });
  await client.call('firewall_settings.update', {
    params: DRAFT,
    body: { ipv6_mode: 'allow_all', vpn_pools: ['10.200.0.0/16'] },
  });
  await provisionAll(client);
  await follow('user groups and settings');
  await client.call('sec_rules.delete', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet), id: idOf(rule) },
  });
  await provisionAll(client);
  await follow('a rule is gone');
  for (const { href } of (
    await client.call('service_bindings.list', { query: { virtual_service: virtual.href } })
  ).items)
    await client.call('service_bindings.delete', { params: { id: idOf({ href }) } });
  await client.call('virtual_services.delete', { params: { ...DRAFT, id: idOf(virtual) } });
  await provisionAll(client);
  await follow('gone');
  expect((await model()).virtualServices.map(({ href }) => href)).not.toContain(
    withVersion(virtual.href, 'active'),
  );
});
