/** Signing in, in two steps: e-mail and password for a token of 30 seconds, the token for a session. */
import { recordEvent } from '../../audit/record-event.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import {
  Authenticator,
  SESSION_MINUTES,
  authenticationFailed,
  parseBasic,
  refuseWhileBlocked,
} from '../../http/authentication.ts';
import {
  accountSubject,
  addressSubject,
  countFailure,
  forgetFailures,
} from '../../http/login-limits.ts';
import type { Actor, Routes } from '../../http/routes.ts';
import { hashSecret, newSecret, verifyPassword } from '../../http/secrets.ts';
import { PRODUCT_VERSION } from '../node/product-version.ts';

const TOKEN_SECONDS = 30;

type LoginRoutes = Required<Pick<Routes, 'login.authenticate' | 'users.login' | 'users.logout'>>;

export function loginRoutes(deps: Deps): LoginRoutes {
  const authenticator = new Authenticator(deps, undefined);

  async function refused(actor: Actor, orgId: number | null, message: string): Promise<never> {
    const token = 'authentication_failed';
    await writeTransaction(deps.db, (trx) =>
      recordEvent(deps, trx, {
        orgId,
        eventType: 'request.authentication_failed',
        status: 'failure',
        severity: 'warning',
        actor,
        httpStatus: 401,
        errors: [{ token, message }],
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

  return {
    'login.authenticate': async (context) => {
      const { ip, request } = context;
      const credentials = parseBasic(request.headers.authorization);
      if (credentials === undefined)
        throw authenticationFailed('Send Basic authentication with e-mail address and password');
      const username = credentials.user.trim().toLowerCase().slice(0, 255);
      const subjects = [accountSubject(username), addressSubject(ip)] as const;
      await refuseWhileBlocked(deps, subjects);
      const user = await deps.db
        .selectFrom('users')
        .select(['id', 'org_id', 'username', 'password_hash', 'locked'])
        .where('username', '=', username)
        .executeTakeFirst();
      const right = await verifyPassword(credentials.password, user?.password_hash ?? null);
      const now = deps.clock.now();
      if (user === undefined || !right || user.locked) {
        await countFailure(deps.db, subjects, now);
        // The same words for every cause: they must not tell whether the account exists.
        return refused(context, user?.org_id ?? null, 'E-mail address or password is wrong');
      }
      // Guesses that ran beside this one count as well.
      await refuseWhileBlocked(deps, subjects);
      await forgetFailures(deps.db, subjects[0]);
      const token = newSecret();
      const createdBy = {
        href: `/users/${user.id}`,
        value: { user: { href: `/users/${user.id}`, username: user.username } },
      };
      await writeTransaction(deps.db, async (trx) => {
        await trx.deleteFrom('login_tokens').where('expires_at', '<', now).execute();
        await trx
          .insertInto('login_tokens')
          .values({
            token_hash: hashSecret(token),
            user_id: user.id,
            expires_at: new Date(now.getTime() + TOKEN_SECONDS * 1000),
          })
          .execute();
        await recordEvent(deps, trx, {
          orgId: user.org_id,
          eventType: 'user.authenticate',
          actor: context,
          createdBy,
          httpStatus: 201,
        });
      });
      return { auth_token: token };
    },

    'users.login': async (context) => {
      const { ip, request } = context;
      await refuseWhileBlocked(deps, [addressSubject(ip)]);
      const now = deps.clock.now();
      const token = /^token\s+token="?([0-9a-f]{64})"?\s*$/i.exec(
        request.headers.authorization ?? '',
      )?.[1];
      let userId: number | undefined;
      if (token === undefined)
        userId = (await authenticator.user(request.headers.authorization, ip)).userId;
      else {
        const row = await deps.db
          .deleteFrom('login_tokens')
          .where('token_hash', '=', hashSecret(token))
          .returning(['user_id', 'expires_at'])
          .executeTakeFirst();
        if (row !== undefined && row.expires_at > now) userId = row.user_id;
      }
      if (userId === undefined) {
        await countFailure(deps.db, [addressSubject(ip)], now);
        return refused(
          context,
          null,
          'The token is unknown, used or older than 30 seconds; authenticate again',
        );
      }
      const id = userId;
      const session = newSecret();
      return writeTransaction(deps.db, async (trx) => {
        const before = await trx
          .selectFrom('users')
          .selectAll()
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirstOrThrow();
        if (before.locked) throw authenticationFailed('This user is locked');
        const org = await trx
          .selectFrom('orgs')
          .selectAll()
          .where('id', '=', before.org_id)
          .executeTakeFirstOrThrow();
        await trx
          .deleteFrom('sessions')
          .where('last_used_at', '<', new Date(now.getTime() - SESSION_MINUTES * 60_000))
          .execute();
        await trx
          .insertInto('sessions')
          .values({
            token_hash: hashSecret(session),
            user_id: id,
            ip_address: ip,
            created_at: now,
            last_used_at: now,
          })
          .execute();
        await trx
          .updateTable('users')
          .set({
            last_login_on: now,
            last_login_ip_address: ip,
            login_count: before.login_count + 1,
          })
          .where('id', '=', id)
          .execute();
        const href = `/users/${id}`;
        const named = { href, username: before.username };
        await recordEvent(deps, trx, {
          orgId: org.id,
          eventType: 'user.login',
          actor: context,
          createdBy: { href, value: { user: named } },
          httpStatus: 200,
          notifications: [{ type: 'user.login_session_created', info: { user: named } }],
        });
        return {
          href,
          auth_username: `user_${id}`,
          session_token: session,
          inactivity_expiration_minutes: SESSION_MINUTES,
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
    },

    'users.logout': async (context) => {
      const { caller, db, request } = context;
      if (caller.via === 'session') {
        const token = parseBasic(request.headers.authorization)?.password ?? '';
        await db.deleteFrom('sessions').where('token_hash', '=', hashSecret(token)).execute();
      }
      await recordEvent(deps, db, {
        orgId: caller.orgId,
        eventType: 'user.logout',
        actor: context,
        httpStatus: 204,
        notifications: [
          {
            type: 'user.login_session_terminated',
            info: { user: { href: caller.href, username: caller.username } },
          },
        ],
      });
    },
  };
}
