/** Who is calling. Basic with an API key or a session, Bearer with a VEN's token. */
import { ROLES, type Role } from '@bulkhead/contract';
import type { Deps } from '../deps.ts';
import type { UserCaller, VenCaller, VenResolver } from './caller.ts';
import { DomainError } from './domain-error.ts';
import { addressSubject, blockedSeconds, countFailure } from './login-limits.ts';
import { hashSecret, sameSecret } from './secrets.ts';

/** Without use for this long, a session ends. */
export const SESSION_MINUTES = 30;
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

export class Authenticator {
  readonly #deps: Deps;
  readonly #resolveVen: VenResolver | undefined;

  constructor(deps: Deps, resolveVen: VenResolver | undefined) {
    this.#deps = deps;
    this.#resolveVen = resolveVen;
  }

  /** The user of an API key or session. Throws 401, and 429 when the address guessed too often. */
  async user(header: string | undefined, ip: string): Promise<UserCaller> {
    const credentials = parseBasic(header);
    if (credentials === undefined)
      throw authenticationFailed('Sign in: send Basic authentication with an API key or a session');
    const { db, clock } = this.#deps;
    const caller = await this.#find(credentials, ip);
    if (caller !== undefined) return caller;
    const subject = addressSubject(ip);
    await refuseWhileBlocked(this.#deps, [subject]);
    await countFailure(db, [subject], clock.now());
    throw authenticationFailed('The API key or session is unknown, expired or revoked');
  }

  /** A user who signed in before and whose work is done now; undefined when they may do nothing any more. */
  async byId(userId: number): Promise<UserCaller | undefined> {
    const row = await this.#deps.db
      .selectFrom('users')
      .select(['id', 'org_id', 'username', 'locked'])
      .where('id', '=', userId)
      .executeTakeFirst();
    return row === undefined || row.locked ? undefined : this.#caller(row, 'session');
  }

  async ven(header: string | undefined): Promise<VenCaller> {
    const token = /^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
    const caller = token === undefined ? undefined : await this.#resolveVen?.(token);
    if (caller === undefined)
      throw authenticationFailed('The VEN token is missing, unknown or revoked');
    return caller;
  }

  async #find({ user, password }: BasicCredentials, ip: string): Promise<UserCaller | undefined> {
    if (/^api_[0-9a-f]{1,64}$/.test(user)) return this.#byApiKey(user.slice(4), password);
    const id = /^user_(\d{1,9})$/.exec(user)?.[1];
    return id === undefined ? undefined : this.#bySession(Number(id), password, ip);
  }

  async #byApiKey(keyId: string, secret: string): Promise<UserCaller | undefined> {
    const { db, clock } = this.#deps;
    const now = clock.now();
    const row = await db
      .selectFrom('api_keys')
      .innerJoin('users', 'users.id', 'api_keys.user_id')
      .select([
        'api_keys.secret_hash',
        'api_keys.expires_at',
        'api_keys.last_login_on',
        'users.id',
        'users.org_id',
        'users.username',
        'users.locked',
      ])
      .where('api_keys.key_id', '=', keyId)
      .executeTakeFirst();
    if (row === undefined || !sameSecret(secret, row.secret_hash) || row.locked) return undefined;
    if (row.expires_at !== null && row.expires_at <= now) return undefined;
    if (row.last_login_on === null || now.getTime() - row.last_login_on.getTime() > TOUCH_MS)
      await db
        .updateTable('api_keys')
        .set({ last_login_on: now })
        .where('key_id', '=', keyId)
        .execute();
    return this.#caller(row, 'api_key');
  }

  async #bySession(userId: number, token: string, ip: string): Promise<UserCaller | undefined> {
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
        'users.locked',
      ])
      .where('sessions.token_hash', '=', tokenHash)
      .where('users.id', '=', userId)
      .executeTakeFirst();
    if (row === undefined || row.locked) return undefined;
    const idle = now.getTime() - row.last_used_at.getTime();
    if (idle > SESSION_MINUTES * 60_000) {
      await db.deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
      return undefined;
    }
    if (idle > TOUCH_MS)
      await db
        .updateTable('sessions')
        .set({ last_used_at: now, ip_address: ip })
        .where('token_hash', '=', tokenHash)
        .execute();
    return this.#caller(row, 'session');
  }

  async #caller(
    user: { id: number; org_id: number; username: string },
    via: UserCaller['via'],
  ): Promise<UserCaller> {
    const roles = await rolesOf(this.#deps, user.id);
    return {
      kind: 'user',
      userId: user.id,
      orgId: user.org_id,
      href: `/users/${user.id}`,
      username: user.username,
      roles,
      via,
    };
  }
}

export async function rolesOf(deps: Pick<Deps, 'db'>, userId: number): Promise<Role[]> {
  const rows = await deps.db
    .selectFrom('permissions')
    .select('role')
    .where('user_id', '=', userId)
    .execute();
  const held = new Set(rows.map((row) => row.role));
  return ROLES.filter((role) => held.has(role));
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
