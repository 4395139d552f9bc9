/** How often policy tests are run, and for what. */
import { Counter, type Registry } from 'prom-client';

export type RunCause = 'provision' | 'question' | 'facts';

/** Counts tests that were run, each time. */
export function countRuns(metrics: Registry): (cause: RunCause, tests: number) => void {
  const counter = new Counter({
    name: 'pce_policy_test_runs_total',
    help: 'Policy tests held against a policy: at a provision, in a dry run, or because facts moved',
    labelNames: ['cause'],
    registers: [metrics],
  });
  return (cause, tests) => counter.inc({ cause }, tests);
}
