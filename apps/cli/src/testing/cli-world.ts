/** The command against a real PCE, with a folder of its own for each test. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ApiClient } from '@bulkhead/contract';
import { startTestPce, type TestPce } from '../../../pce/src/testing/test-pce.ts';
import { yamlFiles } from '../folder/read.ts';
import { runBulkhead } from '../program.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** With --json: the document. */
  readonly json: unknown;
}

export class CliWorld {
  readonly pce: TestPce;
  readonly client: ApiClient;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #root: string;
  #folders = 0;
  /** Whether something may have been written since the policy was emptied last. */
  #isWritten = false;

  private constructor(pce: TestPce, root: string, environment: Readonly<Record<string, string>>) {
    this.pce = pce;
    this.client = pce.client();
    this.#root = root;
    this.#environment = environment;
  }

  static async start(): Promise<CliWorld> {
    const pce = await startTestPce();
    const root = await mkdtemp(join(tmpdir(), 'bulkhead-cli-'));
    const { auth } = await pce.userWith('owner');
    const [user = '', ...secret] = Buffer.from(auth.replace('Basic ', ''), 'base64')
      .toString()
      .split(':');
    const { address, identity } = pce.pce.deps;
    const ca = join(root, 'ca.pem');
    await writeFile(ca, identity.ca);
    return new CliWorld(pce, root, {
      BULKHEAD_PCE: `https://localhost:${address.port}`,
      BULKHEAD_API_KEY: user,
      BULKHEAD_API_SECRET: secret.join(':'),
      BULKHEAD_CA: ca,
    });
  }

  async close(): Promise<void> {
    await this.pce.close();
    await rm(this.#root, { recursive: true, force: true });
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  async run(...argv: readonly string[]): Promise<Ran> {
    return this.runWith({}, ...argv);
  }

  async runWith(
    environment: Readonly<Record<string, string | undefined>>,
    ...argv: readonly string[]
  ): Promise<Ran> {
    if (argv[0] === 'apply' || argv[0] === 'import') this.#isWritten = true;
    let out = '';
    let err = '';
    const code = await runBulkhead(argv, {
      out: (text) => (out += text),
      err: (text) => (err += text),
      environment: { ...this.#environment, ...environment },
    });
    return { code, out, err, json: argv.includes('--json') ? JSON.parse(out) : undefined };
  }

  /** A new folder with these files. */
  async folder(files: Readonly<Record<string, string>> = {}): Promise<string> {
    this.#folders += 1;
    const folder = join(this.#root, `folder-${this.#folders}`);
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) await write(join(folder, name), text);
    return folder;
  }

  /** Takes the whole draft back to what a new organization has, provisioned. */
  async empty(): Promise<void> {
    const folder = await this.folder({
      'empty.yaml': [
        'policy_tests',
        'enforcement_boundaries',
        'rulesets',
        'virtual_services',
        'label_groups',
        'services',
        'ip_lists',
      ]
        .map((section) => `${section}: []\n`)
        .join(''),
    });
    const { code, err } = await this.run('apply', folder, '--provision');
    if (code !== 0) throw new Error(err);
    this.#isWritten = false;
  }

  async emptyAgain(): Promise<void> {
    if (this.#isWritten) await this.empty();
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Text of every policy file by its name. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of await yamlFiles(folder))
    files[path.slice(folder.length + 1)] = await readFile(path, 'utf8');
  return files;
}

/** One PCE for the file; each test begins with nothing in the policy. */
export function withCliWorld(): () => CliWorld {
  let world: CliWorld | undefined;
  beforeAll(async () => {
    world = await CliWorld.start();
  }, 60_000);
  afterEach(() => world?.emptyAgain());
  afterAll(() => world?.close());
  return () => {
    if (world === undefined) throw new Error('the PCE exists in tests only');
    return world;
  };
}
