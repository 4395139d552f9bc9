/** Policy tests: kept beside the policy, held against every provision, and again when facts change. */
import type { PolicyTestRun } from '@bulkhead/contract';
import type { Trial } from '../provisioning/trial.ts';
import type { Compute } from '../compute/compute.ts';
import { WorkerLost } from '../compute/policy-worker.ts';
import { answerOf, type WorkerAnswer } from '../compute/protocol.ts';
import type { Db, Tx } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import { countRuns, type RunCause } from './metrics.ts';
import { PolicyTestWatcher } from './watcher.ts';
import { runTests, type RunOptions, type TestRun } from './run.ts';
import { enabledTests, GIVEN, testHref, type TestRow } from './store.ts';

export class PolicyTests {
  readonly #deps: Deps;
  readonly #compute: Compute;
  readonly #count: ReturnType<typeof countRuns>;
  readonly watcher: PolicyTestWatcher;

  constructor(deps: Deps, compute: Compute) {
    this.#deps = deps;
    this.#compute = compute;
    this.#count = countRuns(deps.metrics);
    this.watcher = new PolicyTestWatcher(deps, compute, this.#count);
  }

  start(): Promise<void> {
    return this.watcher.start();
  }

  stop(): Promise<void> {
    return this.watcher.stop();
  }

  /**
   * Holds all enabled tests (or those that are given) against the active policy as the changes would make it; nothing is stored. `db`: the caller's transaction,
   * or the pool. When the worker is lost meanwhile: 503, and nobody may take the tests for passed.
   */
  async tryChanges(
    db: Db | Tx,
    orgId: number,
    trial: Trial & { readonly version: number; readonly cause: RunCause },
    given?: readonly TestRow[],
  ): Promise<TestRun[]> {
    const rows = given ?? (await enabledTests(db, orgId));
    if (rows.length === 0) return [];
    this.#count(trial.cause, rows.length);
    try {
      return await this.#compute.trial(
        orgId,
        (session) =>
          session.trying(trial, () =>
            runTests(db, rows, {
              ...this.#options(orgId, trial.version),
              check: async (parts) =>
                outcomesOf(await session.ask((core) => ({ type: 'check', core, parts }))),
            }),
          ),
        db.isTransaction ? db : undefined,
      );
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
      throw new DomainError(
        'service_unavailable',
        'The policy worker was lost while the policy tests ran, so nothing was done; try again',
        { retryAfter: 1 },
      );
    }
  }

  #options(orgId: number, policyVersion: number): Omit<RunOptions, 'check'> {
    return { orgId, policyVersion, now: this.#deps.clock.now() };
  }
}

function outcomesOf(answer: WorkerAnswer) {
  return answerOf(answer, 'checked').outcomes;
}

export function presentRun(pversion: string, runs: readonly TestRun[]): PolicyTestRun {
  return {
    pversion,
    state: runs.some(({ result }) => result.state === 'failed') ? 'failed' : 'passed',
    results: runs.map(({ row, result }) => ({
      href: row.id.startsWith(GIVEN) ? null : testHref(row),
      name: row.name,
      result,
    })),
  };
}
