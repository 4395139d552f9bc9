import type { PceOwner } from '@bulkhead/lab';
import type { Locator, Page } from 'playwright-core';

/** What a person does in the console again and again, found as a person finds it: by its role and name. */
export interface ConsoleDriver {
  readonly signIn: (owner: PceOwner) => Promise<void>;
  /** Follows a link of the side navigation. */
  readonly follow: (page: string) => Promise<void>;
  readonly button: (name: string, within?: Locator) => Locator;
  readonly chooseOption: (field: Locator, value: string) => Promise<void>;
  /** Writes the note on the Provision page, which it goes to, and provisions all changes. */
  readonly askToProvision: (note: string) => Promise<void>;
  readonly provision: (note: string) => Promise<void>;
  /** The console says that a version became active. */
  readonly sawNewVersion: () => Promise<void>;
}

export function driveConsole(page: Page): ConsoleDriver {
  const button = (name: string, within: Locator = page.locator('body')): Locator =>
    within.getByRole('button', { name, exact: true });
  const follow = (name: string): Promise<void> =>
    page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  async function askToProvision(note: string): Promise<void> {
    await follow('Provision');
    await page.getByRole('textbox', { name: 'Provision note' }).fill(note);
    await page.getByRole('button', { name: /^Provision \d+ changes?$/ }).click();
  }
  const sawNewVersion = (): Promise<void> =>
    page
      .getByText(/^Version \d+ is active$/)
      .first()
      .waitFor();
  return {
    button,
    follow,
    askToProvision,
    sawNewVersion,
    async signIn(owner) {
      await page.goto('/');
      await page.getByRole('textbox', { name: 'Email' }).fill(owner.user);
      await page.getByLabel('Password', { exact: true }).fill(owner.password);
      await button('Sign in').click();
      await page.getByRole('heading', { name: 'Workloads', exact: true }).waitFor();
    },
    async chooseOption(field, value) {
      await field.click();
      await page.getByRole('option', { name: value, exact: true }).click();
    },
    async provision(note) {
      await askToProvision(note);
      await sawNewVersion();
    },
  };
}
