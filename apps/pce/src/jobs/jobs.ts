/** Collections that are answered later: each is collected in the background, from one state of the database, into a data file. */
import { Readable } from 'node:stream';
import { COLLECTION_JOB, rolesAllow, type JobWire } from '@bulkhead/contract';
import { recordEvent } from '../audit/record-event.ts';
import type { Db } from '../db/database.ts';
import { afterCommit, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { Authenticator } from '../http/authentication.ts';
import type { UserCaller } from '../http/caller.ts';
import type { AsyncCollections, CollectionReader, CollectionRequest } from '../http/collections.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import {
  claimJob,
  datafileText,
  endAttempt,
  findJob,
  insertJob,
  releaseJob,
  writePart,
  type JobRow,
} from './store.ts';

/** Jobs that one node runs at once; others wait. */
const PARALLEL = 2;
/** A job whose node died three times is no longer tried. */
const ATTEMPTS = 3;
/** How often a node looks for jobs that another one left. */
const POLL_MS = 5000;

export class Jobs implements AsyncCollections {
  readonly #deps: Deps;
  readonly #authenticator: Authenticator;
  readonly #running = new Set<Promise<void>>();
  #reader: CollectionReader | undefined;
  #poll: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#authenticator = new Authenticator(deps, undefined);
  }

  start(): Promise<void> {
    this.#poll = setInterval(() => this.#next(), POLL_MS);
    this.#poll.unref();
    return Promise.resolve();
  }

  /** Jobs under way wait again, for this node's next start or for another node. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#poll);
    await Promise.all(this.#running);
  }

  use(reader: CollectionReader): void {
    this.#reader = reader;
    this.#next();
  }

  async submit(request: CollectionRequest, caller: UserCaller): Promise<string> {
    const { db, clock } = this.#deps;
    const id = await writeTransaction(db, async (trx) => {
      afterCommit(trx, () => this.#next());
      return insertJob(trx, { request, caller, now: clock.now() });
    });
    return `/orgs/${request.orgId}/jobs/${id}`;
  }

  routes(): Routes {
    const deps = this.#deps;
    return {
      'jobs.list': async ({ db, orgId, caller, query }) => {
        const wanted = query.job_type ?? COLLECTION_JOB;
        const rows = await db
          .selectFrom('jobs')
          .selectAll()
          .where('org_id', '=', orgId)
          .where('requested_by', '=', caller.href)
          .where('expires_at', '>', deps.clock.now())
          .orderBy('requested_at', 'desc')
          .orderBy('id')
          .execute();
        const matching = wanted === COLLECTION_JOB ? rows : [];
        return {
          items: matching.slice(0, query.max_results ?? 500).map(presentJob),
          total: matching.length,
        };
      },
      'jobs.get': async ({ db, orgId, caller, params }, reply) => {
        const job = await this.#own(db, { orgId, caller, id: params.id });
        if (job.status === 'pending' || job.status === 'running') reply.header('retry-after', '1');
        return presentJob(job);
      },
      'jobs.delete': async (context) => {
        const { db, orgId, caller, params } = context;
        const job = await findJob(db, { orgId, id: params.id, now: deps.clock.now() });
        const mayDelete = job?.requested_by === caller.href || rolesAllow('edit', caller.roles);
        if (job === undefined || !mayDelete) throw notFound(`The job ${params.id}`);
        await db.deleteFrom('jobs').where('id', '=', job.id).execute();
        await recordEvent(deps, db, {
          orgId,
          eventType: 'job.delete',
          actor: context,
          httpStatus: 204,
          info: { job: { href: hrefOf(job), description: job.description } },
        });
      },
      'datafiles.get': async ({ db, orgId, caller, params, query }, reply) => {
        const job = await this.#own(db, { orgId, caller, id: params.id });
        if (job.status !== 'done')
          throw new DomainError(
            'not_found_error',
            `The job is ${job.status}; its data file is there once it is done`,
          );
        if (query.filename !== undefined)
          reply.header(
            'content-disposition',
            `attachment; filename*=UTF-8''${encodeURIComponent(query.filename)}`,
          );
        return reply
          .header('content-type', 'application/json')
          .header('x-total-count', String(job.item_count))
          .send(Readable.from(datafileText(db, job.id)));
      },
    };
  }

  async #own(
    db: Db,
    { orgId, caller, id }: { orgId: number; caller: UserCaller; id: string },
  ): Promise<JobRow> {
    const job = await findJob(db, { orgId, id, now: this.#deps.clock.now() });
    if (job?.requested_by !== caller.href) throw notFound(`The job ${id}`);
    return job;
  }

  /** Begins what waits, as far as there is room. */
  #next(): void {
    const reader = this.#reader;
    if (this.#stopped || reader === undefined || this.#running.size >= PARALLEL) return;
    const run = this.#runOne(reader)
      .catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'could not look for jobs; trying again soon');
        return false;
      })
      .then((found) => {
        this.#running.delete(run);
        if (found) this.#next();
      });
    this.#running.add(run);
  }

  /** False when nothing waits. */
  async #runOne(reader: CollectionReader): Promise<boolean> {
    const { db, clock } = this.#deps;
    const job = await claimJob(db, clock.now());
    if (job === undefined) return false;
    const message =
      job.attempts > ATTEMPTS
        ? `the PCE ended ${ATTEMPTS} times while it ran; ask for less at once, by filters`
        : await this.#collect(reader, job).catch((error: unknown) => this.#reasonOf(job, error));
    if (message !== undefined)
      await endAttempt(db, job, { status: 'failed', message, at: clock.now() });
    return true;
  }

  #reasonOf(job: JobRow, error: unknown): string {
    if (error instanceof DomainError) return error.message;
    this.#deps.logger.error({ err: error, job: job.id }, 'a job failed');
    return `The server failed; its log says why under job ${job.id}`;
  }

  /** Answers why it failed, undefined when it is done or no longer this node's to do. */
  async #collect(reader: CollectionReader, job: JobRow): Promise<string | undefined> {
    const { db, clock } = this.#deps;
    const caller = await this.#authenticator.byHref(job.requested_by, job.ip_address);
    if (caller === undefined) return 'Who asked may no longer sign in';
    const request: CollectionRequest = {
      operation: job.operation,
      orgId: job.org_id,
      href: job.description,
      params: job.params,
      query: job.query,
      requestId: job.request_id,
      ip: job.ip_address,
    };
    let count = 0;
    let part = 0;
    const isMine = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (snapshot) => {
        for await (const items of reader(snapshot, request, caller)) {
          if (this.#stopped) return false;
          if (items.length === 0) continue;
          if (!(await writePart(db, { job, part, items, now: clock.now() }))) return false;
          count += items.length;
          part += 1;
        }
        return true;
      });
    await (isMine
      ? endAttempt(db, job, { status: 'done', item_count: count, at: clock.now() })
      : releaseJob(db, job));
    return undefined;
  }
}

function hrefOf(job: JobRow): string {
  return `/orgs/${job.org_id}/jobs/${job.id}`;
}

function presentJob(job: JobRow): JobWire {
  return {
    href: hrefOf(job),
    job_type: COLLECTION_JOB,
    description: job.description,
    status: job.status,
    result: {
      ...(job.status === 'done' ? { href: `/orgs/${job.org_id}/datafiles/${job.id}` } : {}),
      ...(job.message === null ? {} : { message: job.message }),
    },
    requested_at: job.requested_at.toISOString(),
    requested_by: { href: job.requested_by },
    terminated_at: job.terminated_at?.toISOString() ?? null,
  };
}
