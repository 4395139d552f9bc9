import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createTestDatabase,
  withTestDatabase,
  type TestDatabase,
} from '../testing/test-database.ts';
import { readConfig } from '../config.ts';
import { ChangeLog, type ChangeRow } from './change-log.ts';
import { deleteExpired } from './housekeeping.ts';
import { migrate } from './migrate.ts';
import { connect } from './pool.ts';
import { afterCommit, appendChange, writeTransaction } from './transaction.ts';

describe('migrations', () => {
  let empty: TestDatabase;
  beforeAll(async () => {
    empty = await createTestDatabase(null);
  });
  afterAll(() => empty.drop());

  test('nodes that start together migrate once, and a second time nothing is left', async () => {
    const second = connect(empty.connection, () => undefined);
    try {
      const applied = await Promise.all([migrate(empty.db), migrate(second.db)]);
      const rows = await empty.db.selectFrom('schema_migrations').select('name').execute();
      expect(applied.flat()[0]).toBe('0001-initial');
      expect(applied.flat()).toEqual(rows.map((row) => row.name).sort());
      expect(await migrate(empty.db)).toEqual([]);
    } finally {
      await second.db.destroy();
    }
  });

  test('a database of a newer release is refused', async () => {
    await empty.db.insertInto('schema_migrations').values({ name: '9999-future' }).execute();
    await expect(migrate(empty.db)).rejects.toThrow(/newer release \(9999-future\)/);
  });
});

describe('change log', () => {
  const database = withTestDatabase();
  const logger = pino({ level: 'silent' });

  async function listening(): Promise<{ log: ChangeLog; rows: ChangeRow[] }> {
    const log = new ChangeLog(database().connection, database().db, logger);
    await log.start();
    const rows: ChangeRow[] = [];
    log.subscribe((batch) => rows.push(...batch));
    return { log, rows };
  }

  function change(href: string): Promise<void> {
    return writeTransaction(database().db, async (trx) => {
      appendChange(trx, { orgId: 1, kind: 'label', href });
    });
  }

  test('subscribers hear of committed changes only, once each', async () => {
    const { log, rows } = await listening();
    try {
      let committed = 0;
      await writeTransaction(database().db, async (trx) => {
        appendChange(trx, { orgId: 1, kind: 'label', href: '/orgs/1/labels/1' });
        appendChange(trx, { orgId: 1, kind: 'label', href: '/orgs/1/labels/1' });
        afterCommit(trx, () => (committed += 1));
      });
      await expect(
        writeTransaction(database().db, async (trx) => {
          appendChange(trx, { orgId: 1, kind: 'label', href: '/orgs/1/labels/rolled-back' });
          afterCommit(trx, () => (committed += 1));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await change('/orgs/1/labels/2');
      await expect
        .poll(() => rows.map((row) => row.href))
        .toEqual(['/orgs/1/labels/1', '/orgs/1/labels/2']);
      expect(committed).toBe(1);
      expect(log.sequence).toBe(await log.latest());
    } finally {
      await log.stop();
    }
  });

  test('concurrent writers: sequences are seen in order without a gap that fills later', async () => {
    const { log, rows } = await listening();
    try {
      await Promise.all(
        Array.from({ length: 60 }, (_, index) => change(`/orgs/1/labels/c${index}`)),
      );
      await expect.poll(() => rows.length).toBe(60);
      const sequences = rows.map((row) => row.sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      expect(new Set(sequences).size).toBe(60);
    } finally {
      await log.stop();
    }
  });

  test('a broken connection is made again and nothing is missed', async () => {
    const { log, rows } = await listening();
    try {
      await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`.execute(database().db);
      await change('/orgs/1/labels/after-break');
      await expect
        .poll(() => rows.map((row) => row.href), { timeout: 8000 })
        .toEqual(['/orgs/1/labels/after-break']);
    } finally {
      await log.stop();
    }
  });
});

describe('housekeeping', () => {
  const database = withTestDatabase();

  test('what is past its time goes, the newest change and everything younger stay', async () => {
    const { db } = database();
    const now = new Date('2026-11-25T12:00:00Z');
    const old = new Date('2026-11-23T12:00:00Z');
    await db
      .insertInto('change_log')
      .values([
        { org_id: 1, kind: 'label', href: '/a', at: old },
        { org_id: 1, kind: 'label', href: '/b', at: old },
      ])
      .execute();
    await db
      .insertInto('login_failures')
      .values([
        { subject: 'old', failures: 9, window_started_at: old },
        { subject: 'new', failures: 9, window_started_at: now },
      ])
      .execute();
    await deleteExpired({ db, clock: { now: () => now }, config: readConfig({}, {}) });
    expect(await db.selectFrom('change_log').select('href').execute()).toEqual([{ href: '/b' }]);
    expect(await db.selectFrom('login_failures').select('subject').execute()).toEqual([
      { subject: 'new' },
    ]);
  });
});
