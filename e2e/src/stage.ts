import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '@bulkhead/contract';
import {
  createNetwork,
  startPce,
  type LabNetwork,
  type LabPce,
  type PceOwner,
} from '@bulkhead/lab';
import { chromium, type Browser, type Page } from 'playwright-core';
import { buildConsole } from '../../tools/build.ts';

/** Time to set up or end a stage with its hosts: builds, a PCE and pairings, on a machine that does something else besides. */
export const SETUP_MS = 300_000;

/** A lab with a PCE, and a browser that has its console open. */
export interface Stage {
  readonly network: LabNetwork;
  readonly pce: LabPce;
  readonly api: ApiClient;
  readonly owner: PceOwner;
  readonly page: Page;
  /** Keeps a picture of the page below the system's temporary folder and answers its path. */
  readonly picture: (name: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

const OWNER: PceOwner = {
  organization: 'Journey',
  user: 'owner@bulkhead.example',
  password: 'journey password 2026',
};

/** Builds the console where needed, and starts lab, PCE and Chromium. Everything is ended by `close`. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-e2e-'));
  await chmod(folder, 0o711);
  const ends: (() => Promise<void>)[] = [
    () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  ];
  async function close(): Promise<void> {
    for (const end of ends.toReversed()) await end();
    ends.length = 0;
  }
  try {
    await buildConsole();
    const network = await createNetwork(folder);
    ends.push(() => network.close());
    const pce = await startPce(network, OWNER);
    ends.push(() => pce.stop());
    const browser: Browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    ends.push(() => browser.close());
    // The certificate comes from the PCE's own CA, which this browser does not know.
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      baseURL: await pce.openConsole(0),
      viewport: { width: 1440, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    return {
      network,
      pce,
      api: await pce.signIn(),
      owner: OWNER,
      page,
      picture: async (name) => {
        const path = join(tmpdir(), `bulkhead-${name}.png`);
        await page.screenshot({ path, fullPage: true });
        return path;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
