/** `npm run --silent scenario -- [--packets] [--json] FILE...`: answers policy tests by the policy core, and by packets. */
import { Command, CommanderError } from 'commander';
import { LabError } from '../network/commands.ts';
import type { PacketLab } from '../packets/packet-lab.ts';
import type { Outcome } from './evaluate.ts';
import { evaluateLoaded, loadFile, type LoadedFile, type LoadedScenario } from './load.ts';

type Evaluate = (
  loaded: LoadedScenario,
) => Promise<Outcome & { readonly notSent?: ReadonlyMap<string, number> }>;

async function report(loaded: LoadedFile, evaluate: Evaluate, json: boolean): Promise<boolean> {
  const results = [];
  for (const item of loaded.scenarios) results.push({ item, outcome: await evaluate(item) });
  const expectations = results.reduce((sum, { outcome }) => sum + outcome.expectations, 0);
  const notSent = new Map<string, number>();
  for (const [reason, count] of results.flatMap(({ outcome }) => [...(outcome.notSent ?? [])])) {
    notSent.set(reason, (notSent.get(reason) ?? 0) + count);
  }
  const unsent = [...notSent.values()].reduce((sum, count) => sum + count, 0);
  const mismatches = results.flatMap(({ item, outcome }) =>
    outcome.mismatches.map(({ path, ...mismatch }) => ({
      scenario: item.scenario.name,
      line: item.lineOf(path),
      index: Number(path[1]),
      ...mismatch,
    })),
  );
  const { file } = loaded;
  const hold = expectations - mismatches.length;
  if (json) {
    const line = {
      file,
      scenarios: results.length,
      expectations,
      hold,
      not_sent: unsent,
      mismatches,
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return mismatches.length === 0;
  }
  for (const item of mismatches) {
    process.stdout.write(
      `${file}:${item.line}: ${item.scenario}\n  ${item.connection}\n` +
        `  expected ${item.expected}, got ${item.got}\n` +
        item.explanation.map((line) => `    ${line}\n`).join(''),
    );
  }
  const left = unsent === 0 ? '' : `, ${unsent} not sent: ${[...notSent.keys()].join('; ')}`;
  process.stdout.write(`${file}: ${hold} of ${expectations} expectations hold${left}\n`);
  return mismatches.length === 0;
}

async function reportAll(
  files: readonly LoadedFile[],
  evaluate: Evaluate,
  json: boolean,
): Promise<number> {
  let allHold = true;
  for (const file of files) allHold = (await report(file, evaluate, json)) && allHold;
  return allHold ? 0 : 1;
}

/** Namespaces go also when the command is stopped; what even that misses, the janitor removes. */
function closeWhenStopped(lab: PacketLab): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void lab.close().finally(() => process.exit(code)));
  }
}

async function reportByPackets(files: readonly LoadedFile[], json: boolean): Promise<number> {
  // loaded late: without --packets this runs on any system
  const [{ openPacketLab }, { evaluateByPackets }] = await Promise.all([
    import('../packets/packet-lab.ts'),
    import('./by-packets.ts'),
  ]);
  const lab = await openPacketLab();
  closeWhenStopped(lab);
  try {
    return await reportAll(files, (loaded) => evaluateByPackets(loaded, lab), json);
  } finally {
    await lab.close();
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const command = new Command('scenario')
    .description('Answers the expectations of scenario files with the policy core')
    .argument('<file...>', 'scenario files: .yaml, .yml, .json, .jsonl')
    .option(
      '--packets',
      'besides, send each connection between namespaces that enforce the policy; needs root',
    )
    .option('--json', 'one JSON object a file on standard output')
    .exitOverride();
  try {
    command.parse(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  const files = command.args.map(loadFile);
  const faults = files.flatMap((file) => file.faults);
  if (faults.length > 0) {
    process.stderr.write(`${faults.join('\n')}\n`);
    return 2;
  }
  const { json = false, packets = false } = command.opts<{ json?: boolean; packets?: boolean }>();
  if (!packets) {
    return reportAll(files, (loaded) => Promise.resolve(evaluateLoaded(loaded)), json);
  }
  try {
    return await reportByPackets(files, json);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main(process.argv);
