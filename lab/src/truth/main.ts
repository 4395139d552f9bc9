/** `npm run --silent truth -- [--seed N] [--cases N] [--json]`: random policies, held against real packets. */
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { LabError } from '../network/commands.ts';
import { openPacketLab } from '../packets/packet-lab.ts';
import { beyondText } from './beyond.ts';
import { seekTruth, type Found, type Truth } from './seek.ts';
import { worldText } from './world.ts';

const SHRINK_MS = 120_000;

interface Options {
  readonly seed: number;
  readonly cases: number;
  readonly from: number;
  readonly out?: string;
  readonly json?: true;
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('write a whole number');
  return Number(text);
}

function parseOptions(argv: readonly string[]): Options | number {
  const command = new Command('truth')
    .description(
      'Random policies and connections: the reference evaluator, the policy core, the firewall plans of both ends and real packets must agree. Needs root.',
    )
    .option('--seed <number>', 'the same seed makes the same policies (default: by chance)', count)
    .option('--cases <number>', 'connections to send at least', count, 1000)
    .option('--from <number>', 'number of the first policy, to see one again', count, 0)
    .option(
      '--out <folder>',
      'where the scenario of a disagreement is written (default: a new folder)',
    )
    .option('--json', 'the figures as one JSON object on standard output')
    .allowExcessArguments(false)
    .exitOverride();
  try {
    command.parse(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  const options = command.opts<Omit<Options, 'seed'> & { seed?: number }>();
  return { ...options, seed: options.seed ?? randomInt(1_000_000_000) };
}

/** Writes the scenario of a disagreement and answers where. */
function writeFound(found: Found, out: string | undefined): string {
  const folder = out ?? mkdtempSync(join(tmpdir(), 'bulkhead-truth-'));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `disagreement-${found.policy}.yaml`);
  writeFileSync(file, worldText(found.world));
  return file;
}

function report(truth: Truth, options: Options): void {
  const { found } = truth;
  const file = found === null ? null : writeFound(found, options.out);
  if (options.json === true) {
    const { notSent, decisions, reasons, ...figures } = truth;
    const line = {
      seed: options.seed,
      ...figures,
      decisions: Object.fromEntries(decisions),
      reasons: Object.fromEntries(reasons),
      not_sent: Object.fromEntries(notSent),
      found: found && {
        policy: found.policy,
        connection: found.disagreement.connection,
        faults: found.disagreement.faults,
        beyond_the_format: found.world.beyond.map(beyondText),
        file,
        scenario: worldText(found.world),
      },
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const list = (figures: ReadonlyMap<string, number>): string =>
    [...figures].map(([name, number]) => `${name} ${number}`).join(', ');
  process.stdout.write(
    [
      `${truth.cases} connections under ${truth.policies} policies, ${truth.moved} of them come to by changes, in ${truth.seconds} s (seed ${options.seed})`,
      `decisions: ${list(truth.decisions)}`,
      `reasons at the ends: ${list(truth.reasons)}`,
      `besides, not sent: ${list(truth.notSent) || 'none'}`,
      found === null ? 'all agree' : `DISAGREEMENT: ${found.disagreement.connection}`,
      ...(found?.disagreement.faults.map((fault) => `  ${fault}`) ?? []),
      ...(found === null || file === null
        ? []
        : ['', worldText(found.world), `written to ${file}`]),
      '',
    ].join('\n'),
  );
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (typeof options === 'number') return options;
  process.stderr.write(`seed ${options.seed}\n`);
  try {
    const lab = await openPacketLab();
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.once(signal, () => void lab.close().finally(() => process.exit(code)));
    }
    try {
      const truth = await seekTruth(lab, {
        ...options,
        shrinkMs: SHRINK_MS,
        progress: (line) => void process.stderr.write(`${line}\n`),
      });
      report(truth, options);
      return truth.found === null ? 0 : 1;
    } finally {
      await lab.close();
    }
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main(process.argv);
