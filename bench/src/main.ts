import { Command, InvalidArgumentError } from 'commander';
import { benchApi } from './api.ts';
import { benchCompute } from './compute.ts';
import { benchEnforce } from './enforce.ts';
import { benchGrowth } from './growth.ts';
import type { Figures } from './measure.ts';
import { benchPceStart } from './pce-start.ts';
import { benchProvision } from './provision.ts';
import { benchRoam } from './roam.ts';
import { benchVen } from './ven.ts';

interface Flags {
  readonly json?: boolean;
  readonly seconds: number;
}

const BENCHES: Readonly<Record<string, (flags: Flags) => Promise<Figures>>> = {
  'pce-start': benchPceStart,
  ven: ({ seconds }) => benchVen(seconds),
  provision: benchProvision,
  roam: benchRoam,
  compute: benchCompute,
  enforce: benchEnforce,
  growth: benchGrowth,
  api: benchApi,
};

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('must be above 0');
  return value;
}

const program = new Command('bench')
  .description('measures one thing and prints its figures')
  .argument('<name>', `one of ${Object.keys(BENCHES).join(', ')}`)
  .option('--json', 'as one JSON document')
  .option('--seconds <n>', 'ven: how long it is watched while idle', seconds, 300)
  .parse();
const [name = ''] = program.args;
const flags = program.opts<Flags>();

async function measure(): Promise<Figures> {
  const bench = BENCHES[name];
  if (bench) return bench(flags);
  const known = Object.keys(BENCHES).join(', ');
  return program.error(`bench: no such benchmark: ${name}; there are ${known}`, { exitCode: 2 });
}

try {
  const figures = await measure();
  if (flags.json === true) {
    process.stdout.write(
      `${JSON.stringify({ bench: name, node: process.version, figures }, null, 2)}\n`,
    );
  } else {
    const width = Math.max(...Object.keys(figures).map((key) => key.length));
    process.stdout.write(`${name}\n`);
    for (const [key, value] of Object.entries(figures))
      process.stdout.write(`  ${key.padEnd(width)}  ${value}\n`);
  }
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : 'unknown failure'}\n`);
  process.exit(1);
}
