/** Jobs and the parts of their data files in the database. */
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { sql, type Selectable } from 'kysely';
import { json, type Db, type JobsTable, type Tx } from '../db/database.ts';
import type { UserCaller } from '../http/caller.ts';
import type { CollectionRequest } from '../http/collections.ts';
import { UUID } from '../provisioning/references.ts';

export type JobRow = Selectable<JobsTable>;

const HOUR_MS = 3_600_000;
const KEPT_MS = 24 * HOUR_MS;
/** A node that has written nothing for so long is taken for dead; its job begins anew elsewhere, or here after a restart. */
const LEASE_MS = 60_000;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** The lists are large and alike: the fastest level makes a tenth of them. */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export async function insertJob(
  trx: Tx,
  { request, caller, now }: { request: CollectionRequest; caller: UserCaller; now: Date },
): Promise<string> {
  const { id } = await trx
    .insertInto('jobs')
    .values({
      org_id: request.orgId,
      requested_by: caller.href,
      operation: request.operation,
      description: request.href,
      params: json(request.params),
      query: json(request.query),
      request_id: request.requestId,
      ip_address: request.ip,
      requested_at: now,
      expires_at: new Date(now.getTime() + KEPT_MS),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Begins the oldest job that waits, or whose node is gone; undefined when there is none. What an attempt before collected goes. */
export async function claimJob(db: Db, now: Date): Promise<JobRow | undefined> {
  const job = await db
    .updateTable('jobs')
    .set({
      status: 'running',
      attempts: sql<number>`attempts + 1`,
      lease_until: new Date(now.getTime() + LEASE_MS),
    })
    .where('id', '=', (query) =>
      query
        .selectFrom('jobs')
        .select('id')
        .where((where) =>
          where.or([
            where('status', '=', 'pending'),
            where.and([where('status', '=', 'running'), where('lease_until', '<=', now)]),
          ]),
        )
        .orderBy('requested_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
  if (job !== undefined)
    await db.deleteFrom('datafile_parts').where('job_id', '=', job.id).execute();
  return job;
}

/** Writes the next part; false when the job is no longer this attempt's: deleted, or taken over. */
export async function writePart(
  db: Db,
  { job, part, items, now }: { job: JobRow; part: number; items: readonly unknown[]; now: Date },
): Promise<boolean> {
  const text = items.map((item) => JSON.stringify(item)).join(',');
  const content = await compress(text, FAST);
  return db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('jobs')
      .set({ lease_until: new Date(now.getTime() + LEASE_MS) })
      .where('id', '=', job.id)
      .where('status', '=', 'running')
      .where('attempts', '=', job.attempts)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await trx.insertInto('datafile_parts').values({ job_id: job.id, part, content }).execute();
    return true;
  });
}

/** How an attempt ended; without effect when the job is no longer this attempt's. */
export async function endAttempt(
  db: Db,
  job: JobRow,
  end: { readonly status: 'done' | 'failed'; readonly at: Date } & Partial<
    Pick<JobRow, 'item_count' | 'message'>
  >,
): Promise<void> {
  const { at, ...members } = end;
  await db
    .updateTable('jobs')
    .set({ ...members, terminated_at: at, lease_until: null })
    .where('id', '=', job.id)
    .where('status', '=', 'running')
    .where('attempts', '=', job.attempts)
    .execute();
}

/** Lays a job down unfinished, because the PCE ends; that is no attempt that failed. */
export async function releaseJob(db: Db, job: JobRow): Promise<void> {
  await db
    .updateTable('jobs')
    .set({ status: 'pending', attempts: job.attempts - 1, lease_until: null })
    .where('id', '=', job.id)
    .where('status', '=', 'running')
    .where('attempts', '=', job.attempts)
    .execute();
}

/** A job that is not expired; undefined also for what can be no id. */
export async function findJob(
  db: Db,
  { orgId, id, now }: { orgId: number; id: string; now: Date },
): Promise<JobRow | undefined> {
  if (!UUID.test(id)) return undefined;
  return db
    .selectFrom('jobs')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', id)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

/** Text of a data file, a part at a time, so that its size never matters to memory. */
export async function* datafileText(db: Db, jobId: string): AsyncGenerator<string> {
  yield '[';
  for (let part = 0; ; part += 1) {
    const row = await db
      .selectFrom('datafile_parts')
      .select('content')
      .where('job_id', '=', jobId)
      .where('part', '=', part)
      .executeTakeFirst();
    if (row === undefined) break;
    if (part > 0) yield ',';
    yield (await decompress(row.content)).toString('utf8');
  }
  yield ']';
}
