/**
 * Holds policy tests against the active policy again when facts move: tests with a host whose policy or sets changed, and those whose
 * hosts are others now. Beside the requests, several changes at once.
 */
import type { Compute } from '../compute/compute.ts';
import type { ChangeRow } from '../db/change-log.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { lockPolicy } from '../provisioning/drafts.ts';
import { UUID } from '../provisioning/references.ts';
import { latestVersion } from '../provisioning/versions.ts';
import { answerOf } from '../compute/protocol.ts';
import type { countRuns } from './metrics.ts';
import { runTests, type TestRun } from './run.ts';
import { enabledTests, storeResults, type TestRow } from './store.ts';

/** Changes that come within this time are looked at together. */
const COALESCE_MS = 200;
const RETRY_MS = 1000;

/** What moved since the tests were looked at last. */
class Moved {
  everything = false;
  /** Whose policy, or a set that it names, changed. */
  readonly workloads = new Set<string>();
  /** Workloads that are others now: labels, addresses, mode, online. */
  readonly facts = new Set<string>();
  readonly tests = new Set<string>();
}

export class PolicyTestWatcher {
  readonly #deps: Deps;
  readonly #compute: Compute;
  readonly #count: ReturnType<typeof countRuns>;
  readonly #moved = new Map<number, Moved>();
  /** Hosts of each test when it was run last. */
  readonly #hosts = new Map<string, ReadonlySet<string>>();
  readonly #subscriptions: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: Deps, compute: Compute, count: ReturnType<typeof countRuns>) {
    this.#deps = deps;
    this.#compute = compute;
    this.#count = count;
  }

  async start(): Promise<void> {
    this.#subscriptions.push(
      this.#compute.subscribe(({ orgId, workloads }) => {
        const moved = this.#of(orgId);
        for (const workload of workloads) moved.workloads.add(workload);
        this.#soon(COALESCE_MS);
      }),
      this.#deps.changeLog.subscribe((rows) => this.#takeRows(rows)),
    );
    const rows = await this.#deps.db
      .selectFrom('policy_tests')
      .select('org_id')
      .distinct()
      .execute();
    for (const row of rows) this.#of(row.org_id).everything = true;
    if (rows.length > 0) this.#soon(COALESCE_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    await this.#running;
  }

  /** A test that says something new. */
  changed(orgId: number, id: string): void {
    this.#hosts.delete(id);
    this.#of(orgId).tests.add(id);
    this.#soon(0);
  }

  #takeRows(rows: readonly ChangeRow[]): void {
    let found = false;
    for (const row of rows) {
      if (row.kind !== 'workload') continue;
      this.#of(row.orgId).facts.add(row.href);
      found = true;
    }
    if (found) this.#soon(COALESCE_MS);
  }

  #of(orgId: number): Moved {
    const known = this.#moved.get(orgId);
    if (known !== undefined) return known;
    const moved = new Moved();
    this.#moved.set(orgId, moved);
    return moved;
  }

  #soon(ms: number): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#work());
    }, ms);
  }

  async #work(): Promise<void> {
    const organizations = [...this.#moved];
    this.#moved.clear();
    for (const [orgId, moved] of organizations) {
      try {
        if (this.#stopped) return;
        if (!(await this.#look(orgId, moved))) this.#again(orgId, moved);
      } catch (error) {
        if (this.#stopped) return;
        this.#deps.logger.warn(
          { err: error, orgId },
          'policy tests could not be run; trying again',
        );
        this.#again(orgId, moved);
      }
    }
  }

  #again(orgId: number, moved: Moved): void {
    const next = this.#of(orgId);
    next.everything ||= moved.everything;
    for (const name of ['workloads', 'facts', 'tests'] as const)
      for (const item of moved[name]) next[name].add(item);
    this.#soon(RETRY_MS);
  }

  /** False: the policy moved on meanwhile, look again. */
  async #look(orgId: number, moved: Moved): Promise<boolean> {
    const { db, clock } = this.#deps;
    const rows = await enabledTests(db, orgId);
    const affected = await this.#affected(orgId, rows, moved);
    if (affected.length === 0) return true;
    this.#count('facts', affected.length);
    const version = await latestVersion(db, orgId);
    const runs = await runTests(db, affected, {
      orgId,
      policyVersion: version,
      now: clock.now(),
      check: async (parts) =>
        answerOf(
          await this.#compute.ask(orgId, 'active', (core) => ({ type: 'check', core, parts })),
          'checked',
        ).outcomes,
    });
    for (const { row, hosts } of runs) this.#hosts.set(row.id, hosts);
    return this.#store(orgId, version, runs);
  }

  async #affected(
    orgId: number,
    rows: readonly TestRow[],
    moved: Moved,
  ): Promise<readonly TestRow[]> {
    if (moved.everything || rows.length === 0) return rows;
    const { labels, addresses } = await this.#factsOf(orgId, moved.facts);
    return rows.filter(({ id, content }) => {
      const known = this.#hosts.get(id);
      if (known === undefined || moved.tests.has(id)) return true;
      for (const host of known) if (moved.workloads.has(host) || moved.facts.has(host)) return true;
      return [...content.from, ...content.to].some((host) => {
        if ('labels' in host)
          return labels.some((own) => host.labels.every((label) => own.has(label)));
        return 'address' in host && addresses.has(host.address);
      });
    });
  }

  async #factsOf(
    orgId: number,
    hrefs: ReadonlySet<string>,
  ): Promise<{ labels: ReadonlySet<string>[]; addresses: ReadonlySet<string> }> {
    const ids = [...hrefs]
      .map((href) => href.split('/').at(-1) ?? '')
      .filter((id) => UUID.test(id));
    if (ids.length === 0) return { labels: [], addresses: new Set() };
    const rows = await this.#deps.db
      .selectFrom('workloads')
      .select(['labels', 'interfaces'])
      .where('org_id', '=', orgId)
      .where('id', 'in', ids)
      .execute();
    return {
      labels: rows.map((row) => new Set(row.labels)),
      addresses: new Set(rows.flatMap((row) => row.interfaces.map(({ address }) => address))),
    };
  }

  /** Stores what was found, unless the policy or a test is another one by now. */
  #store(orgId: number, version: number, runs: readonly TestRun[]): Promise<boolean> {
    return writeTransaction(this.#deps.db, async (trx) => {
      await lockPolicy(trx, orgId);
      if ((await latestVersion(trx, orgId)) !== version) return false;
      const now = new Map((await enabledTests(trx, orgId)).map((row) => [row.id, row]));
      const found = runs.flatMap(({ row, result }) => {
        const current = now.get(row.id);
        const isSame = current?.updated_at.getTime() === row.updated_at.getTime();
        return current !== undefined && isSame ? [{ row: current, result }] : [];
      });
      await storeResults(this.#deps, trx, found);
      return true;
    });
  }
}
