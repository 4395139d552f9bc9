/** What a Limited Ruleset Manager may write: provider and consumer in scope (rest-api 1.4). */
import { beforeAll, expect, test } from 'vitest';
import type { ApiClient, LabelWire, RuleSetWire, SecRuleWrite } from '@bulkhead/contract';
import { makeHost, type Host } from '../../testing/policy-hosts.ts';
import { withTestPce } from '../../testing/test-pce.ts';
import {
  anyList,
  DRAFT,
  idOf,
  makeLabel,
  makeRule,
  refOf,
  refusalOf,
} from '../../testing/policy-client.ts';

const pce = withTestPce();
const ALL = [{ actors: 'ams' as const }];
let web: LabelWire;
let inside: Host;
let outside: Host;
let ruleSet: RuleSetWire;
let limited: ApiClient;

beforeAll(async () => {
  const client = pce().client();
  web = await makeLabel(client, 'app', 'Shop');
  inside = await makeHost(pce(), '10.7.0.1', { labels: [web] });
  outside = await makeHost(pce(), '10.7.0.2');
  ruleSet = await client.call('rule_sets.create', {
    params: DRAFT,
    body: { name: 'Shop', scopes: [[{ label: refOf(web) }]] },
  });
  limited = pce().client((await pce().userWith('limited_ruleset_manager')).auth);
});

function write(client: ApiClient, input: Partial<SecRuleWrite>) {
  return makeRule(client, ruleSet, { providers: ALL, consumers: ALL, ...input });
}

test('rules within the scope are written', async () => {
  expect(await write(limited, {})).toMatchObject({ update_type: 'create' });
  await write(limited, {
    providers: [{ label: refOf(web) }],
    consumers: [{ workload: refOf(inside) }],
  });
});

test.each([
  'ip list',
  'label group',
  'user group',
  'unscoped consumers',
  'workload out of scope',
  'provider out of scope',
])('no %s', async (kind) => {
  const client = pce().client();
  const group = async () =>
    client.call('label_groups.create', { params: DRAFT, body: { name: 'Group', key: 'app' } });
  const users = () =>
    client.call('security_principals.create', {
      body: { sid: 'S-1-5-21-1-2-3-1001', name: 'Staff' },
    });
  const inputs: Record<string, () => Promise<Partial<SecRuleWrite>>> = {
    'ip list': async () => ({ consumers: [{ ip_list: refOf(await anyList(client)) }] }),
    'label group': async () => ({ consumers: [{ label_group: refOf(await group()) }] }),
    'user group': async () => ({ consuming_security_principals: [refOf(await users())] }),
    'unscoped consumers': () => Promise.resolve({ unscoped_consumers: true }),
    'workload out of scope': () => Promise.resolve({ consumers: [{ workload: refOf(outside) }] }),
    'provider out of scope': () => Promise.resolve({ providers: [{ workload: refOf(outside) }] }),
  };
  const input = (await inputs[kind]?.()) ?? {};
  const refused = await refusalOf(write(limited, input));
  expect(refused.status).toBe(403);
  expect(refused.has('forbidden')).toBe(true);
  const full = pce().client((await pce().userWith('ruleset_manager')).auth);
  await write(full, input);
});

test('what somebody else wrote stays when the ruleset is written back, and cannot be changed into more', async () => {
  const client = pce().client();
  const theirs = await write(client, { unscoped_consumers: true, description: 'theirs' });
  const params = { ...DRAFT, id: idOf(ruleSet) };
  const read = await limited.call('rule_sets.get', { params });
  const same = await pce().send('PUT', `/api/v2${ruleSet.href}`, {
    auth: (await pce().userWith('limited_ruleset_manager')).auth,
    body: { ...read, description: 'mine' },
  });
  expect(same.status, same.text).toBe(204);
  const changed = limited.call('sec_rules.update', {
    params: { ...DRAFT, rule_set_id: params.id, id: idOf(theirs) },
    body: { description: 'mine' },
  });
  expect((await refusalOf(changed)).status).toBe(403);
  await limited.call('sec_rules.update', {
    params: { ...DRAFT, rule_set_id: params.id, id: idOf(theirs) },
    body: { unscoped_consumers: false },
  });
});
