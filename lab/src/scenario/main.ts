/** `npm run --silent scenario -- [--json] FILE...`: answers policy tests by the policy core. */
import { Command, CommanderError } from 'commander';
import { evaluateLoaded, loadFile, type LoadedFile } from './load.ts';

function report(loaded: LoadedFile, json: boolean): boolean {
  const results = loaded.scenarios.map((item) => ({ item, outcome: evaluateLoaded(item) }));
  const expectations = results.reduce((sum, { outcome }) => sum + outcome.expectations, 0);
  const mismatches = results.flatMap(({ item, outcome }) =>
    outcome.mismatches.map(({ path, ...mismatch }) => ({
      scenario: item.scenario.name,
      line: item.lineOf(path),
      index: Number(path[1]),
      ...mismatch,
    })),
  );
  const hold = expectations - mismatches.length;
  if (json) {
    const { file } = loaded;
    const line = { file, scenarios: results.length, expectations, hold, not_sent: 0, mismatches };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return mismatches.length === 0;
  }
  for (const item of mismatches) {
    process.stdout.write(
      `${loaded.file}:${item.line}: ${item.scenario}\n  ${item.connection}\n` +
        `  expected ${item.expected}, got ${item.got}\n` +
        item.explanation.map((line) => `    ${line}\n`).join(''),
    );
  }
  process.stdout.write(`${loaded.file}: ${hold} of ${expectations} expectations hold\n`);
  return mismatches.length === 0;
}

function main(argv: readonly string[]): number {
  const command = new Command('scenario')
    .description('Answers the expectations of scenario files with the policy core')
    .argument('<file...>', 'scenario files: .yaml, .yml, .json, .jsonl')
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
  const json = command.opts<{ json?: boolean }>().json === true;
  const results = files.map((file) => report(file, json));
  return results.every(Boolean) ? 0 : 1;
}

process.exitCode = main(process.argv);
