/** The static gate: types, type-aware lint, format, layers, dead code, policy statements held by tests. Runs two at a time; prints what failed and nothing else. */
import { runTool, type Finished } from './run.ts';
import { checkSemantics } from './semantics.ts';

/** The last one is all that runs on Node: in one program, what it shares is looked at once. */
const PROJECTS = [
  'packages/net',
  'packages/policy',
  'packages/enforcement',
  'packages/contract',
  'packages/testkit',
  'apps/console',
  'e2e',
  '.',
];

interface Step {
  readonly name: string;
  readonly run: () => Promise<Finished>;
}

const steps: readonly Step[] = [
  { name: 'lint', run: () => runTool('oxlint', ['--quiet']) },
  ...PROJECTS.map((project) => ({
    name: `types ${project}`,
    run: () => runTool('tsc', ['-p', project]),
  })),
  { name: 'format', run: () => runTool('oxfmt', ['--check', '.']) },
  { name: 'layers', run: () => runTool('depcruise', ['packages', 'apps', 'lab', 'bench', 'e2e']) },
  { name: 'dead code', run: () => runTool('knip', []) },
  { name: 'policy semantics', run: () => Promise.resolve(checkSemantics()) },
];

async function main(): Promise<number> {
  const waiting = [...steps];
  let failed = 0;
  async function worker(): Promise<void> {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const { code, output, seconds } = await step.run();
      if (code !== 0) failed += 1;
      process.stdout.write(
        `${code === 0 ? 'ok  ' : 'FAIL'} ${step.name} (${seconds.toFixed(1)} s)\n`,
      );
      if (code !== 0) process.stdout.write(output.endsWith('\n') ? output : `${output}\n`);
    }
  }
  await Promise.all([worker(), worker()]);
  process.stdout.write(
    failed === 0 ? 'check: all hold\n' : `check: ${failed} of ${steps.length} fail\n`,
  );
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
