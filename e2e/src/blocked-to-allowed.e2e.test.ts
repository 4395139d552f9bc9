import { pairHost, pairingLine, probeBetween, waitUntil, waitUntilSettled } from '@bulkhead/lab';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { driveConsole, type ConsoleDriver } from './console.ts';
import { openStage, SETUP_MS, type Stage } from './stage.ts';

let stage: Stage;
let ui: ConsoleDriver;

const resolveLabelsAs = { providers: ['workloads' as const], consumers: ['workloads' as const] };

/** An application server and a database of the Shop, enforced in full; the ruleset lets SSH pass and nothing else. */
async function pairShop({ api, network }: Stage): Promise<void> {
  const label = async (key: string, value: string) => {
    const { href } = await api.call('labels.create', { body: { key, value } });
    return { label: { href } };
  };
  const shop = await label('app', 'Shop');
  const roles = { app: await label('role', 'Server'), db: await label('role', 'Database') };
  await api.call('rule_sets.create', {
    params: { pversion: 'draft' },
    body: {
      name: 'Shop',
      scopes: [[shop]],
      rules: [
        {
          enabled: true,
          consumers: [roles.app],
          providers: [roles.db],
          ingress_services: [{ proto: 6, port: 22 }],
          resolve_labels_as: resolveLabelsAs,
        },
      ],
    },
  });
  await api.call('sec_policy.provision', { body: { update_description: 'SSH in the shop' } });
  const line = await pairingLine(api, 'Servers', 'server');
  for (const name of ['app', 'db'] as const) await pairHost(network.host(name), line);
  const hosts = await waitUntilSettled(api, ['app', 'db']);
  for (const name of ['app', 'db'] as const)
    await api.call('workloads.update', {
      params: { id: hosts.get(name)?.href.split('/').at(-1) ?? '' },
      body: { labels: [shop.label, roles[name].label], enforcement_mode: 'full' },
    });
  await waitUntilSettled(api, ['app', 'db']);
}

beforeAll(async () => {
  stage = await openStage();
  ui = driveConsole(stage.page);
  await pairShop(stage);
}, SETUP_MS);

afterAll(async () => {
  await stage?.close();
}, SETUP_MS);

async function serverToDatabase(): Promise<string> {
  const probe = { protocol: 'tcp', port: 5432, timeoutMs: 400 } as const;
  return (await probeBetween(stage.network, 'app', 'db', probe)).outcome;
}
async function waitForServerToDatabase(outcome: string): Promise<void> {
  await waitUntil(`app to db is ${outcome}`, 20_000, async () => {
    const seen = await serverToDatabase();
    return seen === outcome ? null : seen;
  });
}

/** A field of several labels stays open for the next one until it is left. */
async function chooseLabel(name: string, value: string): Promise<void> {
  const field = stage.page.getByRole('combobox', { name, exact: true });
  await ui.chooseOption(field, value);
  await field.press('Tab');
}

describe('from a blocked connection to the rule that allows it, past a policy test', () => {
  test('Explore and Check a Connection say why; the suggested rule is provisioned with a reason, and the versions differ by it', async () => {
    const { owner, page } = stage;
    onTestFailed(async () => {
      process.stderr.write(`picture of the page: ${await stage.picture('blocked-to-allowed')}\n`);
    });
    await waitForServerToDatabase('blocked');
    await ui.signIn(owner);

    // Somebody wrote down that the database is closed.
    await ui.follow('Policy Tests');
    await page.getByRole('link', { name: 'New policy test' }).first().click();
    await page.getByRole('textbox', { name: 'Name' }).fill('The database is closed');
    await chooseLabel('From 1', 'Server');
    await chooseLabel('To 1', 'Database');
    await page.getByRole('textbox', { name: 'Ports' }).fill('5432');
    await ui.chooseOption(page.getByRole('combobox', { name: 'Must be' }), 'Blocked');
    await ui.button('Save').click();
    await page.getByRole('link', { name: 'The database is closed' }).waitFor();
    await ui.button('Run now').click();
    await page.getByRole('menuitem', { name: 'Against the draft' }).click();
    await page.getByText('1 policy test, none fails.').waitFor();

    // The flow that was blocked says why.
    await ui.follow('Explore');
    const blocked = page
      .getByRole('row')
      .filter({ hasText: '5432' })
      .filter({ hasText: 'No rule allows it' });
    await waitUntil('Explore shows the flow', 60_000, async () => {
      if (await ui.button('Run').isDisabled()) return 'it is still looking';
      if ((await blocked.count()) > 0) return null;
      await ui.button('Run').click();
      return `${await page.getByRole('row').count()} rows`;
    });
    await ui.button('Why?', blocked.first()).click();
    await page.getByRole('link', { name: 'Check in draft' }).click();
    await page.getByRole('heading', { name: 'Check a Connection' }).waitFor();
    const why = page.getByRole('region', { name: 'Why?' });
    await why.getByRole('heading', { name: /^Blocked at both ends/ }).waitFor();

    // What it suggests opens in the editor of the ruleset that comes nearest, and is saved there.
    await ui.button('Write this rule', why).click();
    await ui.button('Open the editor', page.getByRole('dialog')).click();
    await page.getByRole('heading', { name: 'Shop', exact: true }).waitFor();
    await ui.button('Save', page.getByRole('row', { name: 'New rule' })).click();
    await page.getByRole('row', { name: 'rule 2' }).waitFor();

    // The policy test stops it: nothing is provisioned.
    await ui.askToProvision('The shop reads its database');
    const stop = page.getByRole('region', { name: 'Policy tests', exact: true });
    await stop.getByText(/"The database is closed" fails, so nothing is provisioned/).waitFor();
    const failing = page.getByRole('region', { name: 'Failing policy tests' });
    await failing.getByText('expected blocked, got allowed').first().waitFor();
    expect(await serverToDatabase()).toBe('blocked');

    // An owner passes over it, and says why.
    const reason = 'The shop moves to the new database today';
    await stop.getByRole('textbox', { name: 'Reason to provision all the same' }).fill(reason);
    await ui.button('Override and provision', stop).click();
    await ui.sawNewVersion();
    await waitForServerToDatabase('passed');

    // The version keeps the reason, and what it let pass can be read from it.
    await page.getByRole('link', { name: /^Policy Versions/ }).click();
    await page.getByRole('row').filter({ hasText: 'The shop reads its database' }).click();
    await page.getByText(reason).waitFor();
    await ui.button('Compare').click();
    const gained = page
      .getByRole('region', { name: /^Connections from version \d+ to version \d+$/ })
      .getByRole('region', { name: 'Gained' });
    await gained.getByText('TCP 5432').first().waitFor();
    await gained.getByRole('link', { name: 'app', exact: true }).first().waitFor();
    await gained.getByRole('link', { name: 'db', exact: true }).first().waitFor();
  }, 300_000);
});
