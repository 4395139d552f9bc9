import { randomBytes } from 'node:crypto';
import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { createNetwork, type LabNetwork } from '../network/network.ts';
import { buildConsole, buildVenPackage } from '../../../tools/build.ts';
import { PCE_PORT, startPce, type LabPce } from '../pce/pce.ts';
import { createReporter } from './report.ts';
import { tellStory } from './story.ts';

interface Flags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly data?: string;
}

const program = new Command('demo')
  .description(
    'builds the lab, pairs its hosts, provisions a policy and holds real connections against it',
  )
  .option('--once', 'ends after the story; the exit code is 0 only if every line of it held')
  .option(
    '--json',
    'prints the result as one JSON document on standard output, everything else on standard error',
  )
  .option(
    '--data <folder>',
    'keeps the data of PCE and hosts in this folder (default: a temporary one, removed at the end)',
  )
  .parse();
const flags = program.opts<Flags>();
const reporter = createReporter((text) =>
  (flags.json === true ? process.stderr : process.stdout).write(text),
);

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => reject(new Interrupted(signal)));
});
interrupted.catch(() => {});

class Interrupted extends Error {}

const OWNER = {
  organization: 'Bulkhead Demo',
  user: 'admin@bulkhead.example',
  password: randomBytes(12).toString('base64url'),
};

let network: LabNetwork | undefined;
let pce: LabPce | undefined;

async function tell(folder: string): Promise<void> {
  await reporter.step('Building the lab in network namespaces', async () => {
    network = await createNetwork(folder);
    return `${network.hosts().length} hosts, namespaces ${network.instance}-*`;
  });
  if (!network) return;
  await reporter.step('Building the console', async () =>
    (await buildConsole()) ? 'built from its sources' : 'already built',
  );
  const lab = network;
  await reporter.step('Building the VEN package', async () => {
    const { version, bytes } = await buildVenPackage();
    return `version ${version}, ${Math.round(bytes / 1e6)} MB`;
  });
  await reporter.step('Starting the PCE on its embedded stores', async () => {
    pce = await startPce(lab, OWNER);
    return `ready in ${pce.secondsToReady.toFixed(2)} s, log ${pce.logFile}`;
  });
  if (pce) await tellStory(lab, pce, reporter);
}

async function stayOpen(): Promise<void> {
  if (!pce || !network) return;
  const url = await pce.openConsole(PCE_PORT);
  reporter.say('');
  reporter.say(`Console:  ${url}`);
  reporter.say(`User:     ${OWNER.user}`);
  reporter.say(`Password: ${OWNER.password}`);
  reporter.say(`Its certificate comes from the PCE's own CA: ${pce.caFile}`);
  reporter.say(`A shell on a host (web): ${network.host('web').shellLine}`);
  reporter.say('Everything keeps running until Ctrl-C.');
  await new Promise<void>(() => setInterval(() => {}, 60_000));
}

async function main(): Promise<number> {
  const keep = flags.data !== undefined;
  const folder = keep ? resolve(flags.data ?? '') : await mkdtemp(join(tmpdir(), 'bulkhead-demo-'));
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) {
    process.stderr.write(
      `demo: ${folder} is not empty, and the story begins with a new PCE; name another folder\n`,
    );
    return 2;
  }
  let failure: unknown;
  let told = false;
  try {
    await Promise.race([tell(folder), interrupted]);
    told = true;
  } catch (error) {
    failure = error;
  }
  const report = reporter.report();
  const ok = told && report.ok;
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ ...report, ok }, null, 2)}\n`);
  try {
    if (flags.once !== true && told) await Promise.race([stayOpen(), interrupted]);
  } catch (error) {
    if (!(error instanceof Interrupted)) failure ??= error;
  }
  reporter.say('Ending the VENs, the PCE and the lab ...');
  await pce?.stop();
  await network?.close();
  const isFailure = failure !== undefined && !(failure instanceof Interrupted);
  if (isFailure) {
    const words = failure instanceof Error ? failure.message : 'unknown failure';
    process.stderr.write(`demo: ${words}\n`);
  }
  if (isFailure && pce !== undefined) reporter.say(`Logs and data are kept in ${folder}`);
  else if (!keep)
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  reporter.say(ok ? `Every line held, in ${report.seconds} s.` : 'Not every line held.');
  return ok ? 0 : 1;
}

process.exit(await main());
