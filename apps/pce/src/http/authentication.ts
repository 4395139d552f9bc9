/** Who is calling. Basic with an API key or a session, Bearer with a VEN's token. */
import { ROLES } from '@bulkhead/contract';
import { loadAccess, type AccountRef } from '../access/grants.ts';
import { PASSWORD_POLICY } from '../access/settings.ts';
import { readSetting } from '../db/settings.ts';
import { recordEvent } from '../audit/record-event.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { UserCaller, VenCaller, VenResolver } from './caller.ts';
import { DomainError } from './domain-error.ts';
import { addressSubject, blockedSeconds, countFailure } from './login-limits.ts';
import type { Actor } from './routes.ts';
import { hashSecret, sameSecret } from './secrets.ts';

const TOUCH_MS = 60_000;

export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

export function parseBasic(header: string | undefined): BasicCredentials | undefined {
  const match = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? '');
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

export function authenticationFailed(message: string): DomainError {
  return new DomainError('authentication_failed', message);
}

/** Whose credentials were right. */
interface Account {
  readonly ref: AccountRef;
  readonly userId: number | null;
  readonly orgId: number;
  readonly href: string;
  readonly name: string;
  readonly via: UserCaller['via'];
}

interface UserColumns {
  readonly id: number;
  readonly org_id: number;
  readonly username: string;
  readonly effective_groups: readonly string[];
}

function userAccount(row: UserColumns, via: UserCaller['via']): Account {
  return {
    ref: { username: row.username, groups: row.effective_groups },
    userId: row.id,
    orgId: row.org_id,
    href: `/users/${row.id}`,
    name: row.username,
    via,
  };
}

export class Authenticator {
  readonly #deps: Deps;
  readonly #resolveVen: VenResolver | undefined;

  constructor(deps: Deps, resolveVen: VenResolver | undefined) {
    this.#deps = deps;
    this.#resolveVen = resolveVen;
  }

  /**
   * The owner of an API key or session. Throws 401, 429 when the address guessed too often, and 403 when an access restriction does not
   * hold the address; what was rejected is an event.
   */
  async user(header: string | undefined, actor: Actor): Promise<UserCaller> {
    const credentials = parseBasic(header);
    if (credentials === undefined)
      throw authenticationFailed('Sign in: send Basic authentication with an API key or a session');
    const account = await this.#find(credentials, actor.ip);
    if (account !== undefined) return admit(this.#deps, account, actor);
    const subject = addressSubject(actor.ip);
    await refuseWhileBlocked(this.#deps, [subject]);
    await countFailure(this.#deps.db, [subject], this.#deps.clock.now());
    return rejectCredentials(this.#deps, actor, {
      orgId: await this.#orgOf(credentials.user),
      message: 'The API key or session is unknown, expired or revoked',
    });
  }

  /**
   * A user or service account that asked before and whose work is done now, for the address that it asked from (null: wherever that was); undefined when it may do
   * nothing any more.
   */
  async byHref(href: string, ip: string | null): Promise<UserCaller | undefined> {
    const id = href.split('/').at(-1) ?? '';
    const account = /^\/users\/\d+$/.test(href)
      ? await this.#userOf(Number(id))
      : await this.#serviceAccount(id);
    if (account === undefined) return undefined;
    const { caller, admitted } = await callerOf(this.#deps, account, ip);
    return admitted ? caller : undefined;
  }

  async ven(header: string | undefined): Promise<VenCaller> {
    const token = /^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
    const caller = token === undefined ? undefined : await this.#resolveVen?.(token);
    if (caller === undefined)
      throw authenticationFailed('The VEN token is missing, unknown or revoked');
    return caller;
  }

  async #find({ user, password }: BasicCredentials, ip: string): Promise<Account | undefined> {
    if (/^api_[0-9a-f]{1,64}$/.test(user)) return this.#byApiKey(user.slice(4), password);
    const id = /^user_(\d{1,9})$/.exec(user)?.[1];
    return id === undefined ? undefined : this.#bySession(Number(id), password, ip);
  }

  /** Where the rejection of these credentials is an event; null when they name nobody. */
  async #orgOf(user: string): Promise<number | null> {
    const { db } = this.#deps;
    const id = /^user_(\d{1,9})$/.exec(user)?.[1];
    if (id !== undefined) {
      const users = db.selectFrom('users').select('org_id').where('id', '=', Number(id));
      return (await users.executeTakeFirst())?.org_id ?? null;
    }
    const row = await db
      .selectFrom('api_keys')
      .leftJoin('users', 'users.id', 'api_keys.user_id')
      .leftJoin('auth_security_principals as account', 'account.id', 'api_keys.service_account_id')
      .select((select) => select.fn.coalesce('users.org_id', 'account.org_id').as('org_id'))
      .where('api_keys.key_id', '=', user.replace(/^api_/, ''))
      .executeTakeFirst();
    return row?.org_id ?? null;
  }

  async #byApiKey(keyId: string, secret: string): Promise<Account | undefined> {
    const { db, clock } = this.#deps;
    const now = clock.now();
    const key = await db
      .selectFrom('api_keys')
      .selectAll()
      .where('key_id', '=', keyId)
      .executeTakeFirst();
    if (key === undefined || !sameSecret(secret, key.secret_hash)) return undefined;
    if (key.expires_at !== null && key.expires_at <= now) return undefined;
    const account =
      key.service_account_id === null
        ? await this.#userOf(key.user_id)
        : await this.#serviceAccount(key.service_account_id);
    if (account === undefined) return undefined;
    if (key.last_login_on === null || now.getTime() - key.last_login_on.getTime() > TOUCH_MS)
      await db
        .updateTable('api_keys')
        .set({ last_login_on: now })
        .where('key_id', '=', keyId)
        .execute();
    return account;
  }

  async #userOf(id: number | null): Promise<Account | undefined> {
    const row = await this.#deps.db
      .selectFrom('users')
      .select(['id', 'org_id', 'username', 'effective_groups'])
      .where('id', '=', id)
      .where('locked', '=', false)
      .executeTakeFirst();
    return row === undefined ? undefined : userAccount(row, 'api_key');
  }

  async #serviceAccount(id: string): Promise<Account | undefined> {
    const row = await this.#deps.db
      .selectFrom('auth_security_principals')
      .select(['org_id', 'name'])
      .where('id', '=', id)
      .where('type', '=', 'service_account')
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      ref: { serviceAccountId: id },
      userId: null,
      orgId: row.org_id,
      href: `/orgs/${row.org_id}/service_accounts/${id}`,
      name: row.name ?? id,
      via: 'api_key',
    };
  }

  async #bySession(userId: number, token: string, ip: string): Promise<Account | undefined> {
    const { db, clock } = this.#deps;
    const now = clock.now();
    const tokenHash = hashSecret(token);
    const row = await db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select([
        'sessions.last_used_at',
        'users.id',
        'users.org_id',
        'users.username',
        'users.effective_groups',
      ])
      .where('sessions.token_hash', '=', tokenHash)
      .where('users.id', '=', userId)
      .where('users.locked', '=', false)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { session_timeout_minutes: minutes } = await readSetting(db, row.org_id, PASSWORD_POLICY);
    const idle = now.getTime() - row.last_used_at.getTime();
    if (idle > minutes * 60_000) {
      await db.deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
      return undefined;
    }
    if (idle > TOUCH_MS)
      await db
        .updateTable('sessions')
        .set({ last_used_at: now, ip_address: ip })
        .where('token_hash', '=', tokenHash)
        .execute();
    return userAccount(row, 'session');
  }
}

async function callerOf(
  deps: Deps,
  account: Account,
  ip: string | null,
): Promise<{ readonly caller: UserCaller; readonly admitted: boolean }> {
  const { ref, userId, orgId, href, name, via } = account;
  const { grants, admitted } = await loadAccess(deps.db, orgId, { account: ref, ip });
  const held = new Set(grants.map((grant) => grant.role));
  const roles = ROLES.filter((role) => held.has(role));
  return {
    caller: { kind: 'user', userId, orgId, href, username: name, grants, roles, via },
    admitted,
  };
}

/** The caller that an account makes. Throws 403 when an access restriction does not hold the address. */
async function admit(deps: Deps, account: Account, actor: Actor): Promise<UserCaller> {
  const { caller, admitted } = await callerOf(deps, account, actor.ip);
  return admitted ? caller : refuseAction(deps, { ...actor, caller }, notAdmitted(actor.ip));
}

function notAdmitted(ip: string): string {
  return `Access restrictions do not let you in from ${ip}; an owner can change them`;
}

/** Throws 403 when an access restriction does not hold the address that a user signs in from. */
export async function refuseAddress(deps: Deps, user: UserColumns, actor: Actor): Promise<void> {
  await admit(deps, userAccount(user, 'session'), actor);
}

/** Throws 403; the refusal is an event. */
export async function refuseAction(
  deps: Deps,
  actor: Actor & { readonly caller: UserCaller | VenCaller },
  message: string,
): Promise<never> {
  await writeTransaction(deps.db, (trx) =>
    recordEvent(deps, trx, {
      orgId: actor.caller.orgId,
      eventType: 'request.authorization_failed',
      status: 'failure',
      severity: 'warning',
      actor,
      httpStatus: 403,
      errors: [{ token: 'forbidden', message }],
    }),
  );
  throw new DomainError('forbidden', message);
}

/** Throws 401; the rejection is an event. */
export async function rejectCredentials(
  deps: Deps,
  actor: Actor,
  { orgId, message }: { readonly orgId: number | null; readonly message: string },
): Promise<never> {
  await writeTransaction(deps.db, (trx) =>
    recordEvent(deps, trx, {
      orgId,
      eventType: 'request.authentication_failed',
      status: 'failure',
      severity: 'warning',
      actor,
      httpStatus: 401,
      errors: [{ token: 'authentication_failed', message }],
      notifications: [
        {
          type: 'request.authentication_failed',
          info: { api_endpoint: actor.url, api_method: actor.method, src_ip: actor.ip },
        },
      ],
    }),
  );
  throw authenticationFailed(message);
}

/** Throws 429 while one of them has to wait. */
export async function refuseWhileBlocked(
  deps: Pick<Deps, 'db' | 'clock'>,
  subjects: Parameters<typeof blockedSeconds>[1],
): Promise<void> {
  const seconds = await blockedSeconds(deps.db, subjects, deps.clock.now());
  if (seconds > 0)
    throw new DomainError(
      'too_many_requests_error',
      `Too many failed sign-ins; try again in ${seconds} seconds`,
      { retryAfter: seconds },
    );
}
