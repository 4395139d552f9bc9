import {
  CORPORATE_PUBLIC_IP,
  listWorkloads,
  pairHost,
  pairingLine,
  probeBetween,
  waitUntil,
  waitUntilSettled,
} from '@bulkhead/lab';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { driveConsole, type ConsoleDriver } from './console.ts';
import { openStage, SETUP_MS, type Stage } from './stage.ts';

let stage: Stage;
let ui: ConsoleDriver;

/** A server that was there before: labeled Web of the Shop, enforced in full. */
async function pairWebServer({ api, network }: Stage): Promise<void> {
  const [role, app] = [
    await api.call('labels.create', { body: { key: 'role', value: 'Web' } }),
    await api.call('labels.create', { body: { key: 'app', value: 'Shop' } }),
  ];
  await pairHost(network.host('web'), await pairingLine(api, 'Servers', 'server'));
  const web = (await waitUntilSettled(api, ['web'])).get('web');
  await api.call('workloads.update', {
    params: { id: web?.href.split('/').at(-1) ?? '' },
    body: {
      labels: [{ href: role.href }, { href: app.href }],
      enforcement_mode: 'full',
    },
  });
  await waitUntilSettled(api, ['web']);
}

beforeAll(async () => {
  stage = await openStage();
  ui = driveConsole(stage.page);
  await pairWebServer(stage);
}, SETUP_MS);

afterAll(async () => {
  await stage?.close();
}, SETUP_MS);

async function createLabel(dimension: string, value: string): Promise<void> {
  const { page } = stage;
  await ui.button('New label').first().click();
  const form = page.getByRole('dialog', { name: 'New label' });
  await ui.chooseOption(form.getByRole('combobox', { name: 'Dimension' }), dimension);
  await form.getByRole('textbox', { name: 'Value' }).fill(value);
  await ui.button('Save', form).click();
  await form.waitFor({ state: 'hidden' });
  await page.getByText(value, { exact: true }).first().waitFor();
}

async function fillSide(side: string, key: string, label: string, subnets: boolean): Promise<void> {
  const { page } = stage;
  const name = `${side} of new rule`;
  await ui.button(name).click();
  const editor = page.getByRole('dialog', { name });
  await editor.getByRole('textbox', { name: `Search for ${name}` }).fill(label);
  await ui.button(`${key}: ${label}`, editor).click();
  if (subnets) {
    await editor.getByRole('button', { name: /^Advanced Options/ }).click();
    await editor.getByRole('checkbox', { name: 'Use Workload Subnets' }).check();
  }
  await ui.button('Save side', editor).click();
  await editor.waitFor({ state: 'hidden' });
}

async function laptopToWeb(port: number): Promise<string> {
  const { network } = stage;
  const probe = { protocol: 'tcp', port, timeoutMs: 400 } as const;
  return (await probeBetween(network, 'laptop-1', 'web', probe)).outcome;
}

describe('the four tasks of the guide, in the console, on real hosts (R-FLOW-1)', () => {
  test('label, corporate public IP, ruleset, pairing; then the rule holds, and without it nothing passes', async () => {
    const { api, network, owner, page } = stage;
    onTestFailed(async () => {
      process.stderr.write(`picture of the page: ${await stage.picture('four-tasks')}\n`);
    });

    await ui.signIn(owner);

    // Task 1: labels for endpoints (R-POL-1).
    await ui.follow('Labels');
    await createLabel('Application', 'Endpoints');
    await createLabel('Role', 'Sales');

    // Task 2: corporate public IPs (R-NET-2).
    await ui.follow('Settings');
    await ui.button('Edit').click();
    await page.getByRole('textbox', { name: 'Address or CIDR block 1' }).fill(CORPORATE_PUBLIC_IP);
    await ui.button('Save').click();
    await page
      .getByRole('table', { name: 'Corporate Public IPs' })
      .getByText(CORPORATE_PUBLIC_IP)
      .waitFor();

    // Task 3: a ruleset for endpoints, with Use Workload Subnets (R-POL-2, R-POL-3).
    await ui.follow('Rulesets');
    await ui.button('New ruleset').first().click();
    const ruleset = page.getByRole('dialog', { name: 'New ruleset' });
    await ruleset.getByRole('textbox', { name: 'Name' }).fill('Endpoints to the shop');
    await ui.chooseOption(
      ruleset.getByRole('combobox', { name: 'Application of scope 1' }),
      'Shop',
    );
    await ui.button('Save', ruleset).click();
    await page.getByRole('heading', { name: 'Endpoints to the shop' }).waitFor();
    await ui.button('Add extra-scope rule').click();
    await fillSide('Consumers', 'Application', 'Endpoints', true);
    await fillSide('Providers', 'Role', 'Web', false);
    const services = 'Providing Services of new rule';
    await ui.button(services).click();
    const picker = page.getByRole('dialog', { name: services });
    await picker.getByRole('textbox', { name: `Search for ${services}` }).fill('tcp/443');
    await page.keyboard.press('Enter');
    await ui.button('Save services', picker).click();
    await ui.button('Save', page.getByRole('row', { name: 'New rule' })).click();
    await page.getByRole('row', { name: 'rule 1' }).waitFor();
    await ui.provision('Endpoints reach the shop');

    // Task 4: install and activate a VEN in endpoint mode (R-VEN-1, R-MAC-5's line for Linux).
    await ui.follow('Pairing Profiles');
    await page
      .getByRole('link', { name: 'New pairing profile' })
      .or(ui.button('New pairing profile'))
      .first()
      .click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Laptops');
    await page.getByText('Endpoint VEN', { exact: true }).click();
    await ui.chooseOption(page.getByRole('combobox', { name: 'Role' }), 'Sales');
    await ui.chooseOption(page.getByRole('combobox', { name: 'Application' }), 'Endpoints');
    await ui.chooseOption(page.getByRole('combobox', { name: 'Enforcement', exact: true }), 'Full');
    await ui.button('Save').click();
    await page.getByText('Laptops', { exact: true }).first().waitFor();
    await ui.follow('VENs');
    await page
      .getByRole('link', { name: 'Add with Pairing Profile' })
      .or(ui.button('Add with Pairing Profile'))
      .first()
      .click();
    await ui.chooseOption(page.getByRole('combobox', { name: 'Pairing Profile' }), 'Laptops');
    await ui.button('Generate Key').click();
    const scripts = page.getByRole('region', { name: 'Pairing Scripts' });
    await ui.button('Copy', scripts).click();
    const line = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(line).toContain('-endpoint true');
    expect(line).toContain('pair_script=pair.sh&profile_id=');
    await pairHost(network.host('laptop-1'), line);

    // The console shows the laptop without a reload, and says where it is (R-SYS-1, R-NET-5, R-NET-6).
    await page.getByRole('link', { name: 'laptop-1', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Workload - laptop-1' }).waitFor();
    const summary = page.getByRole('tabpanel', { name: 'Summary' });
    await summary.getByText('eth0: 10.20.0.11/24 10.20.0.1').waitFor();
    await summary.getByText('(Corporate)').or(summary.getByText('Corporate')).first().waitFor();
    await summary.getByText(CORPORATE_PUBLIC_IP).first().waitFor();
    await waitUntilSettled(api, ['web', 'laptop-1']);
    expect((await listWorkloads(api)).get('laptop-1')?.enforcement_mode).toBe('full');

    // The rule holds, and only that.
    await waitUntil('the rule lets laptop-1 reach web', 20_000, async () => {
      const outcome = await laptopToWeb(443);
      return outcome === 'passed' ? null : outcome;
    });
    expect(await laptopToWeb(80)).toBe('blocked');

    // Without it nothing passes.
    await ui.follow('Rulesets');
    await page.getByRole('link', { name: 'Endpoints to the shop' }).click();
    await ui.button('Rule Options of rule 1').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await ui.button('Delete rule', page.getByRole('dialog')).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await laptopToWeb(443)).toBe('passed');
    await ui.provision('Endpoints reach nothing');
    await waitUntil('laptop-1 cannot reach web', 20_000, async () => {
      const outcome = await laptopToWeb(443);
      return outcome === 'blocked' ? null : outcome;
    });

    // The console says what became of both connections, and why (R-VEN-3).
    await ui.follow('Explore');
    const flows = page.getByRole('row').filter({ hasText: 'laptop-1' }).filter({ hasText: '443' });
    const blocked = flows.filter({ hasText: 'Blocked' }).filter({ hasText: 'No rule allows it' });
    const allowed = flows.filter({ hasText: 'Allowed' }).filter({ hasText: 'Rule' });
    await waitUntil('Explore shows the flows', 60_000, async () => {
      if (!(await ui.button('Run').isDisabled())) await ui.button('Run').click();
      const seen = [await blocked.count(), await allowed.count()];
      return seen.every((count) => count > 0)
        ? null
        : `${seen.join(' blocked, ')} allowed; ${(await flows.allTextContents()).join(' | ')}`;
    });
    await ui.button('Why?', blocked.first()).click();
    await page
      .getByRole('region', { name: 'Why?' })
      .getByRole('heading', { name: /^Blocked at both ends/ })
      .waitFor();
  }, 300_000);
});
