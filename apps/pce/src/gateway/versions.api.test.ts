import { expect, test } from 'vitest';
import { UPGRADE_RULESET, type ReportedInterface } from '@bulkhead/contract';
import { writeTransaction } from '../db/transaction.ts';
import { withTestPce } from '../testing/test-pce.ts';
import { activation, pairingCode, until, VenClient, wired } from './testing/ven-client.ts';
import { ensureUpgradeRuleset } from './upgrade-ruleset.ts';

const pce = withTestPce();

/** An endpoint whose VEN speaks as a version, at the office and on a café's network at once. */
function endpoint(version: string): Promise<VenClient> {
  const interfaces: ReportedInterface[] = [
    wired('10.8.6.52', 'corporate', 'eth0'),
    wired('192.0.2.77', 'external', 'wlan0'),
  ];
  const facts = { ...activation('').facts, version };
  return VenClient.activate(pce(), { ven_type: 'endpoint', facts, interfaces });
}

interface Workload {
  interfaces: { name: string; network: { name: string } }[];
  warnings: { token: string; message: string }[];
}

async function workloadOf(ven: VenClient): Promise<Workload> {
  return (await pce().send('GET', `/api/v2${ven.workload}`)).json as Workload;
}

interface RuleSet {
  href: string;
  name: string;
  rules: { network_type: string; href: string }[];
}

async function upgradeRulesets(word: 'draft' | 'active'): Promise<RuleSet[]> {
  const path = `/api/v2/orgs/${pce().orgId}/sec_policy/${word}/rule_sets`;
  const all = (await pce().send('GET', path)).json as RuleSet[];
  return all.filter(({ name }) => name === UPGRADE_RULESET);
}

const makeIfNeeded = (): Promise<void> =>
  writeTransaction(pce().database.db, (trx) =>
    ensureUpgradeRuleset(pce().pce.deps, trx, pce().orgId),
  );

test('an organization without older endpoints gets no ruleset of an upgrade (R-POL-10)', async () => {
  await endpoint('23.2.0-161');
  const { facts } = activation('');
  await VenClient.activate(pce(), { facts: { ...facts, version: '21.2.0-1' } });
  await makeIfNeeded();
  expect(await upgradeRulesets('active')).toEqual([]);
});

test('a VEN without endpoint mode is told what has it, and may be a server (R-SYS-4)', async () => {
  const { code } = await pairingCode(pce());
  const facts = { ...activation('').facts, version: '21.5.10-3' };
  const body = activation(code, { ven_type: 'endpoint', facts });
  const refused = await pce().send('POST', '/api/v2/ven/activate', { auth: null, body });
  expect(refused.status).toBe(406);
  expect(refused.text).toContain('21.5.11, and 21.5.20 and later');
  const server = { ...body, ven_type: 'server' };
  const answer = await pce().send('POST', '/api/v2/ven/activate', { auth: null, body: server });
  expect(answer.status).toBe(201);
});

test('before 22.3 an endpoint has its corporate interfaces alone, stays connected, and its page says what it lacks (R-NET-4, R-NET-7, R-SYS-4)', async () => {
  const lacks = ['ven_without_external_interfaces', 'ven_without_network_detection'];
  const cases: [version: string, interfaces: string[], warnings: string[]][] = [
    ['21.5.11-1', ['eth0'], lacks],
    ['22.2.0-5', ['eth0'], ['ven_without_external_interfaces']],
    ['22.3.0-1', ['eth0', 'wlan0'], []],
    ['23.2.0-161', ['eth0', 'wlan0'], []],
  ];
  for (const [version, interfaces, warnings] of cases) {
    const ven = await endpoint(version);
    const workload = await workloadOf(ven);
    expect([version, workload.interfaces.map(({ name }) => name)]).toEqual([version, interfaces]);
    expect([version, workload.warnings.map(({ token }) => token)]).toEqual([version, warnings]);
    await ven.connect();
    await ven.waitFor('policy');
    expect([version, ven.policy?.managesExternal]).toEqual([version, interfaces.length === 2]);
    ven.disconnect();
  }
});

test('the ruleset of the upgrade comes once, active, is edited as any other, and never returns (R-POL-10)', async () => {
  const [ruleSet, ...more] = await upgradeRulesets('active');
  expect(more).toEqual([]);
  expect(ruleSet?.rules.map((rule) => rule.network_type)).toEqual(['non_brn', 'non_brn']);
  await makeIfNeeded();
  expect(await upgradeRulesets('active')).toHaveLength(1);

  // it opens the external interface of an endpoint that has become a newer one
  const ven = await endpoint('23.2.0-161');
  await ven.connect();
  await until('the rules', () =>
    ven.policy?.rules.some(
      ({ networkType, action }) => networkType !== 'brn' && action === 'allow',
    ),
  );
  ven.disconnect();

  const [draft] = await upgradeRulesets('draft');
  const path = `/api/v2${draft?.href ?? ''}`;
  const edited = await pce().send('PUT', path, { body: { description: 'Ours now' } });
  expect(edited.status).toBe(204);
  expect((await pce().send('DELETE', path)).status).toBe(204);
  const provisioned = await pce().send('POST', `/api/v2/orgs/${pce().orgId}/sec_policy`, {
    body: { update_description: 'without it' },
  });
  expect(provisioned.status).toBe(201);
  await endpoint('22.2.0-5');
  await makeIfNeeded();
  expect(await upgradeRulesets('draft')).toEqual([]);
  expect(await upgradeRulesets('active')).toEqual([]);
});
