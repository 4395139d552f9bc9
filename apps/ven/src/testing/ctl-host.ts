/** A host in a network namespace with a PCE beyond its only link, on which illumio-ven-ctl is run as a process. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNamespacePair, enterNamespace, type NamespacePair } from './namespaces.ts';
import { startTestPce, TEST_CODE, TEST_FINGERPRINT, type TestPce } from './test-pce.ts';

const CTL = fileURLToPath(new URL('../ctl.ts', import.meta.url));

/** Reports and connects without waiting. */
const EAGER =
  `--ca-fingerprint ${TEST_FINGERPRINT} --flow-report-seconds 1 --reconnect-seconds 1`.split(' ');

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CtlHost {
  readonly pair: NamespacePair;
  readonly pce: TestPce;
  /** Folder of the VEN's state. */
  readonly data: string;
  /** Folder that `data` is in. */
  readonly folder: string;
  ctl(...args: readonly string[]): Promise<Result>;
  activate(...args: readonly string[]): Promise<Result>;
  /** Our table as nft prints it; empty: there is none. */
  table(): string;
  pid(): Promise<number>;
  dispose(): Promise<void>;
}

export async function startCtlHost(): Promise<CtlHost> {
  const pair = createNamespacePair();
  const folder = await mkdtemp(join(tmpdir(), 'ven-host-'));
  const data = join(folder, 'illumio_ven_data');
  const leave = enterNamespace(pair.peer);
  let pce: TestPce;
  try {
    pce = await startTestPce(8443, '203.0.113.1');
  } finally {
    leave();
  }
  const ctl = (...args: readonly string[]): Promise<Result> =>
    new Promise((resolve) => {
      execFile(
        'ip',
        ['netns', 'exec', pair.ours, process.execPath, CTL, '--data-dir', data, ...args],
        { encoding: 'utf8' },
        (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
      );
    });
  return {
    pair,
    pce,
    data,
    folder,
    ctl,
    activate: (...args) =>
      ctl('activate', '-m', '203.0.113.1:8443', '-a', TEST_CODE, ...EAGER, ...args),
    table() {
      try {
        return pair.run(pair.ours, 'nft', ['list', 'table', 'inet', 'bulkhead']);
      } catch {
        return '';
      }
    },
    pid: async () => Number(await readFile(join(data, 'run', 'ven.pid'), 'utf8')),
    async dispose() {
      if (existsSync(data)) await ctl('unpair', 'saved');
      if (existsSync(join(data, 'run', 'ven.pid'))) {
        // a test that failed may have left a VEN that does not answer
        process.kill(Number(await readFile(join(data, 'run', 'ven.pid'), 'utf8')), 'SIGKILL');
      }
      await pce.close();
      pair.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
