/** Every test, then one closing line that a person and a machine read alike: `N passed, N failed, N skipped`. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from './build.ts';
import { root } from './run.ts';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly success: boolean;
}

async function main(): Promise<number> {
  await buildConsole();
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-test-'));
  try {
    const file = join(folder, 'report.json');
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const result = spawnSync(process.execPath, [vitest, ...args, ...process.argv.slice(2)], {
      cwd: root,
      stdio: 'inherit',
    });
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const { numPassedTests: passed, numPendingTests: pending, numTodoTests: todo } = report;
    // a file that cannot even be loaded has no failed test of its own, and counts as one
    const failed = report.numFailedTests + (report.numFailedTests === 0 && !report.success ? 1 : 0);
    process.stdout.write(`${passed} passed, ${failed} failed, ${pending + todo} skipped\n`);
    return result.status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
