/**
 * Follows the change log and keeps the computed policy of every organization: what each host enforces and who is in each address set.
 * Whatever fails (the worker, the database for a while) ends in building from scratch, which gives the same policy.
 */
import type { Logger } from 'pino';
import {
  changesOf,
  type Connection,
  type CoreSizes,
  type Decision,
  type Diagnostic,
  type DifferenceOptions,
  type PolicyDifference,
} from '@bulkhead/policy';
import type { ChangeLog, ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import type { PolicyAt } from '../provisioning/policy-model.ts';
import { OrganizationPolicy } from './organization-policy.ts';
import type { PolicyLoader } from './policy-loader.ts';
import { DomainError } from '../http/domain-error.ts';
import type { Impact, ImpactQuestion } from './impact.ts';
import { PolicyWorker, WorkerLost } from './policy-worker.ts';
import {
  answerOf,
  type CoreChange,
  type CoreQuestion,
  type CoreUpdate,
  type HostView,
  type WorkerAnswer,
} from './protocol.ts';
import { QuestionCores, type CoreSession } from './question-cores.ts';

/** `workloads`: hrefs of those whose host policy, or a set that it names, changed. */
export interface PolicyUpdate {
  readonly orgId: number;
  readonly workloads: ReadonlySet<string>;
}
export type PolicyListener = (update: PolicyUpdate) => void;

/** A version that was provisioned, and how many hosts enforce something else by it alone. */
export interface VersionEffect {
  readonly orgId: number;
  readonly version: number;
  readonly workloads: number;
}

const RETRY_MS = 1000;

export interface ComputeOptions {
  readonly changeLog: Pick<ChangeLog, 'subscribe' | 'after' | 'sequence'>;
  readonly loader: PolicyLoader;
  readonly db: Db;
  readonly logger: Logger;
}

export class Compute {
  readonly #changeLog: ComputeOptions['changeLog'];
  readonly #loader: PolicyLoader;
  readonly #logger: Logger;
  readonly #worker: PolicyWorker;
  readonly #questionCores: QuestionCores;
  readonly #organizations = new Map<number, OrganizationPolicy>();
  readonly #listeners = new Set<PolicyListener>();
  readonly #effectListeners = new Set<(effect: VersionEffect) => void>();
  /** Organizations whose core has to be built from nothing. */
  readonly #toBuild = new Set<number>();
  #rows: ChangeRow[] = [];
  #running: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Newest row that was taken. */
  #sequence = 0;

  constructor({ changeLog, loader, db, logger }: ComputeOptions) {
    this.#changeLog = changeLog;
    this.#loader = loader;
    this.#logger = logger;
    this.#worker = new PolicyWorker(logger, () => this.#rebuildAll());
    this.#questionCores = new QuestionCores(this.#worker, loader, db);
  }

  /** Resolves when the policy of every organization is computed. */
  async start(): Promise<void> {
    // Subscribed before loading: a change that comes in between is applied twice at worst, which is the same as once.
    this.#sequence = this.#changeLog.sequence;
    this.#unsubscribe = this.#changeLog.subscribe((rows) => {
      this.#take(rows);
      void this.#settle();
    });
    for (const orgId of await this.#loader.organizations()) this.#toBuild.add(orgId);
    await this.#settle();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    clearTimeout(this.#retry);
    await this.#worker.stop();
    await this.#running;
  }

  subscribe(listener: PolicyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears of each version whose effect can be told from that of other changes. */
  subscribeEffects(listener: (effect: VersionEffect) => void): () => void {
    this.#effectListeners.add(listener);
    return () => this.#effectListeners.delete(listener);
  }

  /** Active policy of an organization as it was computed last. */
  organization(orgId: number): OrganizationPolicy | undefined {
    return this.#organizations.get(orgId);
  }

  /** What the policy says of one new connection. */
  async decide(orgId: number, at: PolicyAt, connection: Connection): Promise<Decision> {
    const answer = await this.ask(orgId, at, (core) => ({ type: 'decide', core, connection }));
    return answerOf(answer, 'decision').decision;
  }

  /** Policy of one host with the members of its sets; null when it is no managed workload. */
  async hostView(orgId: number, at: PolicyAt, workload: string): Promise<HostView | null> {
    const answer = await this.ask(orgId, at, (core) => ({ type: 'host', core, workload }));
    return answerOf(answer, 'host').view;
  }

  /** How much the core of a state holds. */
  async sizes(orgId: number, at: PolicyAt): Promise<CoreSizes> {
    return answerOf(await this.ask(orgId, at, (core) => ({ type: 'sizes', core })), 'sizes').sizes;
  }

  /** Organizations whose active policy is computed. */
  organizations(): number[] {
    return [...this.#organizations.keys()];
  }

  /** Names of rules and boundaries by href. */
  ruleNames(orgId: number, at: PolicyAt): Promise<ReadonlyMap<string, string>> {
    return this.#loader.ruleNames(orgId, at);
  }

  /** Asks the core of one state, brought up to everything that is committed; survives the loss of the worker. */
  ask(orgId: number, at: PolicyAt, make: (core: string) => CoreQuestion): Promise<WorkerAnswer> {
    return this.#persisting(() =>
      this.#withCore(orgId, at, (core) => this.#worker.ask(make(core))),
    );
  }

  /** What is legal in a state but probably wrong, the gravest first. */
  async diagnostics(orgId: number, at: PolicyAt): Promise<readonly Diagnostic[]> {
    const answer = await this.ask(orgId, at, (core) => ({ type: 'diagnose', core }));
    return answerOf(answer, 'diagnosed').diagnostics;
  }

  /** What the second of two states decides otherwise than the first. */
  async difference(
    orgId: number,
    states: { readonly from: PolicyAt; readonly to: PolicyAt },
    options: DifferenceOptions,
  ): Promise<PolicyDifference> {
    const { from, to } = states;
    const ask = (core: string, after: string) =>
      this.#worker.ask({ type: 'difference', core, after, options });
    // Cores are taken in one order, so that two who want the same two never wait for each other.
    const [first, second] = String(from) < String(to) ? [from, to] : [to, from];
    const answer = await this.#persisting(() =>
      this.#withCore(orgId, first, (one) => {
        if (first === second) return ask(one, one);
        return this.#withCore(orgId, second, (two) =>
          first === from ? ask(one, two) : ask(two, one),
        );
      }),
    );
    return answerOf(answer, 'difference').difference;
  }

  /**
   * Runs work on a core of the active policy that may try changes. `db`: the caller's transaction, if it is in one.
   * Rejects with WorkerLost when the worker dies meanwhile.
   */
  trial<T>(orgId: number, work: (session: CoreSession) => Promise<T>, db?: Db): Promise<T> {
    return this.#questionCores.use({ orgId, state: 'trial' }, work, db);
  }

  /**
   * What changes of the active policy would do. `db`: the caller's transaction, which holds the policy lock. When the worker is lost
   * meanwhile: 503.
   */
  async impact(orgId: number, question: ImpactQuestion, db: Db): Promise<Impact> {
    try {
      const answer = await this.trial(
        orgId,
        (session) => session.ask((core) => ({ type: 'impact', core, ...question })),
        db,
      );
      return answerOf(answer, 'impact').impact;
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
      throw new DomainError(
        'service_unavailable',
        'The policy worker was lost while it computed; try again',
        { retryAfter: 1 },
      );
    }
  }

  /** For tests of recovery: ends the worker as a crash would. */
  killWorker(): Promise<void> {
    return this.#worker.kill();
  }

  /** Runs work on the core of a state; work that answers `missing` is run again once the core is built anew. */
  async #withCore(
    orgId: number,
    at: PolicyAt,
    work: (core: string) => Promise<WorkerAnswer>,
  ): Promise<WorkerAnswer> {
    if (at !== 'active')
      return this.#questionCores.use({ orgId, state: at }, (session) => session.run(work));
    for (let attempt = 0; ; attempt += 1) {
      await this.#catchUp();
      const answer = await work(activeCore(orgId));
      if (answer.type !== 'missing' || attempt >= 3) return answer;
      this.#toBuild.add(orgId);
    }
  }

  async #persisting<T>(question: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof WorkerLost) || this.#stopped || attempt >= 3) throw error;
      }
    }
  }

  /** What was committed before a question counts in its answer, also when its notification is still under way. */
  async #catchUp(): Promise<void> {
    for (;;) {
      const rows = await this.#changeLog.after(this.#sequence);
      if (rows.length === 0) break;
      this.#take(rows);
    }
    await this.#settle();
    // A run that was under way already may have ended without the last rows.
    if (this.#rows.length > 0) await this.#settle();
  }

  #take(rows: readonly ChangeRow[]): void {
    for (const row of rows) {
      if (row.sequence <= this.#sequence) continue;
      this.#sequence = row.sequence;
      if (POLICY_KINDS.has(row.kind)) this.#rows.push(row);
    }
  }

  #rebuildAll(): void {
    this.#questionCores.forget();
    for (const orgId of this.#organizations.keys()) this.#toBuild.add(orgId);
    void this.#settle();
  }

  /** Works off all that is waiting; one run at a time. */
  #settle(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    while (!this.#stopped && (this.#rows.length > 0 || this.#toBuild.size > 0)) {
      const rows = this.#rows;
      this.#rows = [];
      const byOrganization = new Map<number, ChangeRow[]>();
      for (const row of rows) {
        const list = byOrganization.get(row.orgId);
        if (list === undefined) byOrganization.set(row.orgId, [row]);
        else list.push(row);
      }
      let failed = false;
      for (const orgId of new Set([...this.#toBuild, ...byOrganization.keys()])) {
        try {
          await this.#update(orgId, byOrganization.get(orgId) ?? []);
        } catch (error) {
          if (this.#stopped) return;
          failed = true;
          this.#toBuild.add(orgId);
          if (!(error instanceof WorkerLost))
            this.#logger.error({ err: error, orgId }, 'policy could not be computed; trying again');
        }
      }
      if (failed) {
        this.#retryLater();
        return;
      }
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#settle(), RETRY_MS);
  }

  async #update(orgId: number, rows: readonly ChangeRow[]): Promise<void> {
    const known = this.#organizations.get(orgId);
    if (known === undefined || this.#toBuild.has(orgId)) return this.#build(orgId, known);
    const provisions = rows.filter((row) => row.kind === 'provision');
    const others = rows.filter((row) => row.kind !== 'provision');
    if (others.length > 0) await this.#follow(known, others);
    if (provisions.length === 0 || this.#toBuild.has(orgId)) return;
    const affected = await this.#follow(known, provisions);
    const version = versionIn(provisions);
    // What was read may be of a later version already: then nobody can tell what did what.
    if (affected === undefined || version !== known.version) return;
    for (const listener of this.#effectListeners)
      listener({ orgId, version, workloads: affected.size });
  }

  /** Answers the workloads that enforce something else now; undefined when the core has to be built anew. */
  async #follow(
    known: OrganizationPolicy,
    rows: readonly ChangeRow[],
  ): Promise<ReadonlySet<string> | undefined> {
    const { orgId } = known;
    const changes = await this.#loader.changes(orgId, rows);
    if (rows.some((row) => row.kind === 'provision'))
      known.version = await this.#loader.version(orgId);
    if (changes.length === 0) return new Set();
    const update = await this.#change({ type: 'apply', core: activeCore(orgId), changes });
    if (update === undefined) {
      this.#toBuild.add(orgId);
      return undefined;
    }
    known.learnNames(changes);
    const affected = known.apply(update);
    this.#tell(orgId, affected);
    return affected;
  }

  async #build(orgId: number, known: OrganizationPolicy | undefined): Promise<void> {
    this.#toBuild.delete(orgId);
    const changes = changesOf(await this.#loader.model(orgId, 'active'));
    const version = await this.#loader.version(orgId);
    const update = await this.#change({ type: 'build', core: activeCore(orgId), changes });
    if (update === undefined)
      throw new Error('The policy worker has no core right after building it');
    const organization = known ?? new OrganizationPolicy(orgId);
    organization.version = version;
    organization.learnNames(changes);
    const affected = organization.replace(update);
    this.#organizations.set(orgId, organization);
    this.#tell(orgId, affected);
  }

  /** Undefined: the worker has no such core. */
  async #change(body: CoreChange): Promise<CoreUpdate | undefined> {
    const answer = await this.#worker.ask(body);
    return answer.type === 'missing' ? undefined : answerOf(answer, 'update').update;
  }

  #tell(orgId: number, workloads: ReadonlySet<string>): void {
    if (workloads.size === 0) return;
    for (const listener of this.#listeners) listener({ orgId, workloads });
  }
}

const POLICY_KINDS: ReadonlySet<string> = new Set([
  'workload',
  'label',
  'label_group',
  'service_binding',
  'provision',
]);

/** Undefined when there are several. */
function versionIn(provisions: readonly ChangeRow[]): number | undefined {
  const [row, ...more] = provisions;
  const number = /\/sec_policy\/(\d+)$/.exec(row?.href ?? '')?.[1];
  return more.length === 0 && number !== undefined ? Number(number) : undefined;
}

function activeCore(orgId: number): string {
  return `active ${orgId}`;
}
