/** Signing in, in two steps: e-mail and password for a token of 30 seconds, the token for a session. */
import { recordEvent } from '../../audit/record-event.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { isExpired } from '../../access/passwords.ts';
import { PASSWORD_POLICY } from '../../access/settings.ts';
import { readSetting } from '../../db/settings.ts';
import { issueTicket } from '../../access/tickets.ts';
import {
  Authenticator,
  authenticationFailed,
  parseBasic,
  refuseAddress,
  refuseWhileBlocked,
  rejectCredentials,
} from '../../http/authentication.ts';
import { DomainError } from '../../http/domain-error.ts';
import {
  accountSubject,
  addressSubject,
  countFailure,
  forgetFailures,
} from '../../http/login-limits.ts';
import type { Routes } from '../../http/routes.ts';
import { hashSecret, verifyPassword } from '../../http/secrets.ts';
import { beginningOf } from '../../text.ts';
import { issueLoginToken, openSession } from './sessions.ts';

type LoginRoutes = Required<Pick<Routes, 'login.authenticate' | 'users.login' | 'users.logout'>>;

export function loginRoutes(deps: Deps): LoginRoutes {
  const authenticator = new Authenticator(deps, undefined);

  return {
    'login.authenticate': async (context) => {
      const { ip, request } = context;
      const credentials = parseBasic(request.headers.authorization);
      if (credentials === undefined)
        throw authenticationFailed('Send Basic authentication with e-mail address and password');
      const username = beginningOf(credentials.user.trim().toLowerCase(), 255);
      const subjects = [accountSubject(username), addressSubject(ip)] as const;
      await refuseWhileBlocked(deps, subjects);
      const user = await deps.db
        .selectFrom('users')
        .selectAll()
        .where('username', '=', username)
        .executeTakeFirst();
      const right = await verifyPassword(credentials.password, user?.password_hash ?? null);
      const now = deps.clock.now();
      if (user === undefined || !right || user.locked) {
        await countFailure(deps.db, subjects, now);
        // The same words for every cause: they must not tell whether the account exists.
        return rejectCredentials(deps, context, {
          orgId: user?.org_id ?? null,
          message: 'E-mail address or password is wrong',
        });
      }
      // Guesses that ran beside this one count as well.
      await refuseWhileBlocked(deps, subjects);
      await forgetFailures(deps.db, subjects[0]);
      const policy = await readSetting(deps.db, user.org_id, PASSWORD_POLICY);
      if (isExpired(policy, user.password_changed_at, now)) {
        const userId = user.id;
        const ticket = await writeTransaction(deps.db, (trx) =>
          issueTicket(deps, trx, { userId, reason: 'expired' }),
        );
        throw new DomainError(
          'password_expired',
          `The password is older than ${policy.expire_time_days} days; set a new one: PUT {"password": …} at the href of this error`,
          { href: ticket.href },
        );
      }
      const auth_token = await writeTransaction(deps.db, (trx) =>
        issueLoginToken(deps, trx, context, user),
      );
      return { auth_token };
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
        userId =
          (await authenticator.user(request.headers.authorization, context)).userId ?? undefined;
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
        return rejectCredentials(deps, context, {
          orgId: null,
          message: 'The token is unknown, used or older than 30 seconds; authenticate again',
        });
      }
      const user = await deps.db
        .selectFrom('users')
        .selectAll()
        .where('id', '=', userId)
        .executeTakeFirstOrThrow();
      await refuseAddress(deps, user, context);
      return openSession(deps, context, user.id);
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
