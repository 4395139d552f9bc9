/** Brakes on guessing: by account and by address, counted in the database so that every node knows. */
import { sql } from 'kysely';
import type { Db } from '../db/database.ts';

export interface LimitSubject {
  readonly subject: string;
  /** Failures within the window that are let pass. */
  readonly free: number;
}

const WINDOW_SECONDS = 300;
const FIRST_BLOCK_SECONDS = 30;
const LONGEST_BLOCK_SECONDS = 900;

export function accountSubject(username: string): LimitSubject {
  return { subject: `account:${username}`, free: 5 };
}

/** Many people may share an address, so it has more room. */
export function addressSubject(ip: string): LimitSubject {
  return { subject: `address:${ip}`, free: 30 };
}

/** Seconds until the next attempt is looked at; 0: now. */
export async function blockedSeconds(
  db: Db,
  subjects: readonly LimitSubject[],
  now: Date,
): Promise<number> {
  const rows = await db
    .selectFrom('login_failures')
    .select('blocked_until')
    .where(
      'subject',
      'in',
      subjects.map((one) => one.subject),
    )
    .execute();
  const until = Math.max(0, ...rows.map((row) => row.blocked_until?.getTime() ?? 0));
  return Math.max(0, Math.ceil((until - now.getTime()) / 1000));
}

/** Counts one failure for each; past the free ones every failure doubles the time to wait. */
export async function countFailure(
  db: Db,
  subjects: readonly LimitSubject[],
  now: Date,
): Promise<void> {
  const windowStart = new Date(now.getTime() - WINDOW_SECONDS * 1000);
  for (const { subject, free } of subjects) {
    const row = await db
      .insertInto('login_failures')
      .values({ subject, failures: 1, window_started_at: now })
      .onConflict((conflict) =>
        conflict.column('subject').doUpdateSet({
          failures: sql`CASE WHEN login_failures.window_started_at < ${windowStart} THEN 1 ELSE login_failures.failures + 1 END`,
          window_started_at: sql`CASE WHEN login_failures.window_started_at < ${windowStart} THEN ${now} ELSE login_failures.window_started_at END`,
        }),
      )
      .returning('failures')
      .executeTakeFirstOrThrow();
    if (row.failures < free) continue;
    const seconds = Math.min(
      FIRST_BLOCK_SECONDS * 2 ** Math.min(row.failures - free, 10),
      LONGEST_BLOCK_SECONDS,
    );
    await db
      .updateTable('login_failures')
      .set({ blocked_until: new Date(now.getTime() + seconds * 1000), window_started_at: now })
      .where('subject', '=', subject)
      .execute();
  }
}

export async function forgetFailures(db: Db, subject: LimitSubject): Promise<void> {
  await db.deleteFrom('login_failures').where('subject', '=', subject.subject).execute();
}
