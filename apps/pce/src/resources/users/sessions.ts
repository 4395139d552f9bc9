/** A session for a user who has signed in, by whatever way. */
import type { z } from 'zod';
import type { endpoints } from '@bulkhead/contract';
import { LONGEST_SESSION_MINUTES, PASSWORD_POLICY } from '../../access/settings.ts';
import { readSetting } from '../../db/settings.ts';
import { recordEvent } from '../../audit/record-event.ts';
import type { Tx } from '../../db/database.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { authenticationFailed } from '../../http/authentication.ts';
import type { Actor } from '../../http/routes.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';
import { PRODUCT_VERSION } from '../node/product-version.ts';

type Login = z.output<(typeof endpoints)['users.login']['response']>;

const TOKEN_SECONDS = 30;

/** First step of signing in, when it is known who it is: a token that the second takes, once. */
export async function issueLoginToken(
  deps: Deps,
  trx: Tx,
  actor: Actor,
  user: { readonly id: number; readonly org_id: number; readonly username: string },
): Promise<string> {
  const now = deps.clock.now();
  const token = newSecret();
  await trx.deleteFrom('login_tokens').where('expires_at', '<', now).execute();
  await trx
    .insertInto('login_tokens')
    .values({
      token_hash: hashSecret(token),
      user_id: user.id,
      expires_at: new Date(now.getTime() + TOKEN_SECONDS * 1000),
    })
    .execute();
  const href = `/users/${user.id}`;
  await recordEvent(deps, trx, {
    orgId: user.org_id,
    eventType: 'user.authenticate',
    actor,
    createdBy: { href, value: { user: { href, username: user.username } } },
    httpStatus: 201,
  });
  return token;
}

/** Throws 401 when the user was locked meanwhile. */
export async function openSession(deps: Deps, actor: Actor, userId: number): Promise<Login> {
  const now = deps.clock.now();
  const token = newSecret();
  return writeTransaction(deps.db, async (trx) => {
    const before = await trx
      .selectFrom('users')
      .selectAll()
      .where('id', '=', userId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (before.locked) throw authenticationFailed('This user is locked');
    const org = await trx
      .selectFrom('orgs')
      .selectAll()
      .where('id', '=', before.org_id)
      .executeTakeFirstOrThrow();
    const policy = await readSetting(trx, org.id, PASSWORD_POLICY);
    await trx
      .deleteFrom('sessions')
      .where('last_used_at', '<', new Date(now.getTime() - LONGEST_SESSION_MINUTES * 60_000))
      .execute();
    await trx
      .insertInto('sessions')
      .values({
        token_hash: hashSecret(token),
        user_id: userId,
        ip_address: actor.ip,
        created_at: now,
        last_used_at: now,
      })
      .execute();
    await trx
      .updateTable('users')
      .set({
        last_login_on: now,
        last_login_ip_address: actor.ip,
        login_count: before.login_count + 1,
      })
      .where('id', '=', userId)
      .execute();
    const href = `/users/${userId}`;
    const user = { href, username: before.username };
    await recordEvent(deps, trx, {
      orgId: org.id,
      eventType: 'user.login',
      actor,
      createdBy: { href, value: { user } },
      httpStatus: 200,
      notifications: [{ type: 'user.login_session_created', info: { user } }],
    });
    return {
      href,
      auth_username: `user_${userId}`,
      session_token: token,
      inactivity_expiration_minutes: policy.session_timeout_minutes,
      full_name: before.full_name,
      type: before.type,
      time_zone: before.time_zone,
      last_login_on: before.last_login_on?.toISOString() ?? null,
      last_login_ip_address: before.last_login_ip_address,
      certificate: null,
      login_url: null,
      product_version: PRODUCT_VERSION,
      orgs: [
        {
          org_id: org.id,
          href: `/orgs/${org.id}`,
          org_href: `/orgs/${org.id}`,
          display_name: org.display_name,
        },
      ],
    };
  });
}
