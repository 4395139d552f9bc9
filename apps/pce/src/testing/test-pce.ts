/** A whole PCE for one test file: real HTTPS on a free port, a database of its own, an organization with its owner. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { createApiClient, type ApiClient, type Role } from '@bulkhead/contract';
import { startPce, type Pce } from '../composition.ts';
import { readConfig } from '../config.ts';
import type { Clock } from '../deps.ts';
import type { StoredScopeRef } from '../db/access-tables.ts';
import { json } from '../db/database.ts';
import { writeTransaction } from '../db/transaction.ts';
import { SYSTEM } from '../provisioning/present.ts';
import { createApiKey } from '../resources/api-keys/store.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

export const OWNER = { username: 'owner@example.com', password: 'correct horse battery' } as const;

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined for an empty body. */
  readonly json: unknown;
}

export interface SendOptions {
  /** Value of the header Authorization; default: an API key of the owner; null: none. */
  readonly auth?: string | null;
  /** A string goes as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestPce {
  readonly pce: Pce;
  readonly database: TestDatabase;
  readonly orgId: number;
  readonly folder: string;
  /** `path` as it goes over the wire, such as `/api/v2/noop`. */
  send(method: string, path: string, options?: SendOptions): Promise<TestAnswer>;
  /** Creates a user with one role (none: null), everywhere or within a scope. Answers its API key as the header's value. */
  userWith(
    role: Role | null,
    scope?: readonly StoredScopeRef[],
  ): Promise<{ auth: string; userId: number }>;
  /** Typed client; default: as the owner. */
  client(auth?: string): ApiClient;
  close(): Promise<void>;
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export interface TestPceOptions {
  readonly clock?: Clock;
  readonly consoleFolder?: string;
  /** Keeps what every user may read in a new organization; else users have just the role that a test gave them. */
  readonly defaultReadOnly?: boolean;
  /** Of one API key or session; default: as many as it likes. */
  readonly requestsPerMinute?: number;
}

export async function startTestPce({
  defaultReadOnly = false,
  ...options
}: TestPceOptions = {}): Promise<TestPce> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-pce-'));
  const database = await createTestDatabase();
  const { host, user, password, database: name } = database.connection;
  const databaseUrl = `postgres://${user}:${String(password)}@localhost/${name}?host=${encodeURIComponent(host ?? '')}`;
  const pce = await startPce({
    config: readConfig(
      { data: folder, host: '127.0.0.1', port: '0', fqdn: 'pce.test', databaseUrl },
      {},
    ),
    logger: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    setup: () => Promise.resolve({ org: 'Test', admin: OWNER.username, password: OWNER.password }),
    checkAnswers: true,
    // Tests ask as fast as they can.
    requestsPerMinute: 1_000_000,
    ...options,
  });
  const { db, clock, identity, address } = pce.deps;
  const owner = await db
    .selectFrom('users')
    .select(['id', 'org_id'])
    .where('username', '=', OWNER.username)
    .executeTakeFirstOrThrow();

  async function keyOf(userId: number): Promise<string> {
    const { row, secret } = await writeTransaction(db, (trx) =>
      createApiKey(trx, {
        owner: { userId },
        name: 'test',
        description: null,
        now: clock.now(),
        expiresAt: null,
      }),
    );
    return basic(`api_${row.key_id}`, secret);
  }
  const ownerAuth = await keyOf(owner.id);
  if (!defaultReadOnly)
    await db.deleteFrom('permissions').where('role', '=', 'read_only').execute();

  async function give(
    username: string,
    role: Role,
    scope: readonly StoredScopeRef[],
  ): Promise<void> {
    const audited = { created_by: SYSTEM, updated_by: SYSTEM };
    const { id } = await db
      .insertInto('auth_security_principals')
      .values({ org_id: owner.org_id, type: 'user', name: username, ...audited })
      .returning('id')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('permissions')
      .values({
        org_id: owner.org_id,
        principal_id: id,
        role,
        scope: json([...scope]),
        ...audited,
      })
      .execute();
  }

  function send(
    method: string,
    path: string,
    { auth = ownerAuth, body, headers = {} }: SendOptions = {},
  ): Promise<TestAnswer> {
    const payload =
      body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: '127.0.0.1',
          port: address.port,
          servername: 'pce.test',
          ca: identity.ca,
          method,
          path,
          agent: false,
          headers: {
            ...(payload === undefined
              ? {}
              : {
                  'content-type': 'application/json',
                  'content-length': String(Buffer.byteLength(payload)),
                }),
            ...(auth === null ? {} : { authorization: auth }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const isJson = response.headers['content-type'] === 'application/json';
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: isJson ? JSON.parse(text) : undefined,
            });
          });
        },
      );
      call.on('error', reject);
      call.end(payload);
    });
  }

  let users = 0;
  return {
    pce,
    database,
    orgId: owner.org_id,
    folder,
    send,
    async userWith(role, scope = []) {
      users += 1;
      const row = await db
        .insertInto('users')
        .values({ org_id: owner.org_id, username: `user-${users}@example.com`, full_name: null })
        .returning(['id', 'username'])
        .executeTakeFirstOrThrow();
      if (role !== null) await give(row.username, role, scope);
      return { auth: await keyOf(row.id), userId: row.id };
    },
    client(auth) {
      return createApiClient(async ({ method, path, body }) => {
        const answer = await send(method, path, {
          ...(auth === undefined ? {} : { auth }),
          ...(body === undefined ? {} : { body }),
        });
        return {
          status: answer.status,
          header: (name) => {
            const value = answer.headers[name];
            return value === undefined ? null : String(value);
          },
          text: () => Promise.resolve(answer.text),
        };
      }, owner.org_id);
    },
    async close() {
      await pce.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** For the whole file: started before its tests, ended after them. */
export function withTestPce(options: TestPceOptions = {}): () => TestPce {
  let pce: TestPce | undefined;
  beforeAll(async () => {
    pce = await startTestPce(options);
  }, 120_000);
  afterAll(() => pce?.close());
  return () => {
    if (pce === undefined)
      throw new Error('the PCE exists in tests only, not while they are collected');
    return pce;
  };
}
