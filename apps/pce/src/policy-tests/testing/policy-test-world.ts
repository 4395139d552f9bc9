/** A small estate for tests of policy tests: web reaches database on 5432, both with a VEN, and who asks about it. */
import type { ApiClient, PolicyTestResult, PolicyTestWire } from '@bulkhead/contract';
import { until, VenClient, wired } from '../../gateway/testing/ven-client.ts';
import {
  idOf,
  makeLabel,
  makeRuleSet,
  provisionAll,
  refOf,
  rule,
} from '../../testing/policy-client.ts';
import type { TestPce } from '../../testing/test-pce.ts';

export interface World {
  readonly client: ApiClient;
  readonly labels: { readonly web: { href: string }; readonly db: { href: string } };
  readonly web: VenClient;
  readonly db: VenClient;
  /** `ruleset` of the draft; its one rule lets web reach db on 5432. */
  readonly ruleSet: { readonly href: string };
}

let worlds = 0;

/** Labels, hosts and rule of their own, provisioned. */
export async function makeWorld(pce: TestPce): Promise<World> {
  worlds += 1;
  const client = pce.client();
  const labels = {
    web: refOf(await makeLabel(client, 'role', `web ${worlds}`)),
    db: refOf(await makeLabel(client, 'role', `db ${worlds}`)),
  };
  const host = (last: number, label: { href: string }) =>
    VenClient.activate(
      pce,
      { interfaces: [wired(`10.0.${worlds}.${last}`)] },
      { labels: [label.href] },
    );
  const web = await host(1, labels.web);
  const db = await host(2, labels.db);
  const ruleSet = await makeRuleSet(client, `world ${worlds}`);
  await client.call('sec_rules.create', {
    params: { pversion: 'draft', rule_set_id: idOf(ruleSet) },
    body: rule({
      description: `web to db ${worlds}`,
      providers: [{ label: labels.db }],
      consumers: [{ label: labels.web }],
      ingress_services: [{ proto: 6, port: 5432 }],
    }),
  });
  await provisionAll(client);
  return { client, labels, web, db, ruleSet };
}

/** Web reaches db on 5432. */
export function reaches(world: World, name: string): Promise<PolicyTestWire> {
  return world.client.call('policy_tests.create', {
    body: {
      name,
      from: [{ labels: [world.labels.web] }],
      to: [{ labels: [world.labels.db] }],
      ports: [5432],
      decision: 'allowed',
    },
  });
}

export async function resultOf(
  client: ApiClient,
  test: { readonly href: string },
): Promise<PolicyTestResult> {
  const { result } = await client.call('policy_tests.get', { params: { id: idOf(test) } });
  return result;
}

/** The result once it is of that state. */
export function settled(
  client: ApiClient,
  test: { readonly href: string },
  state: PolicyTestResult['state'],
): Promise<PolicyTestResult> {
  return until(`the policy test ${test.href} ${state}`, async () => {
    const result = await resultOf(client, test);
    return result.state === state && result;
  });
}

/** Removes the tests of a file's test, so that they hold no other's provision. */
export async function dropTests(client: ApiClient): Promise<void> {
  const { items } = await client.call('policy_tests.list');
  for (const test of items)
    await client.call('policy_tests.delete', { params: { id: idOf(test) } });
}
