/** The local login of a user: invitations, passwords, taking it away. */
import { keepingAnOwner } from '../../access/owners.ts';
import { setPassword } from '../../access/passwords.ts';
import { issueTicket } from '../../access/tickets.ts';
import { recordChange } from '../../audit/record-change.ts';
import { recordEvent } from '../../audit/record-event.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import {
  authenticationFailed,
  refuseWhileBlocked,
  rejectCredentials,
} from '../../http/authentication.ts';
import { DomainError } from '../../http/domain-error.ts';
import { accountSubject, addressSubject, countFailure } from '../../http/login-limits.ts';
import type { Routes } from '../../http/routes.ts';
import { hashSecret, verifyPassword } from '../../http/secrets.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { UUID } from '../../provisioning/references.ts';
import type { UserRow } from './presenter.ts';
import { findUser } from './store.ts';

type ProfileRoutes = Pick<
  Routes,
  | 'local_profile.create'
  | 'local_profile.delete'
  | 'local_profile.reinvite'
  | 'local_profile.password'
  | 'login_users.password'
>;

function resource(row: UserRow) {
  return { type: 'user', href: `/users/${row.id}`, naming: { username: row.username } };
}

/** The invitation that counts from now on. */
export async function invite(deps: Deps, context: WriteContext, row: UserRow) {
  const ticket = await issueTicket(deps, context.db, { userId: row.id, reason: 'invitation' });
  await recordEvent(deps, context.db, {
    orgId: row.org_id,
    eventType: 'user.invite',
    actor: context,
    httpStatus: 201,
    info: { user: { href: `/users/${row.id}`, username: row.username } },
  });
  return {
    user: { href: `/users/${row.id}` },
    href: ticket.href,
    invitation_uri: ticket.uri,
    expires_at: ticket.expiresAt.toISOString(),
  };
}

export function localProfileRoutes(deps: Deps): ProfileRoutes {
  return {
    'local_profile.create': async (context) => {
      const { db, orgId, params } = context;
      const before = await findUser(db, orgId, params.user_id);
      if (before.type === 'local')
        throw new DomainError(
          'input_validation_error',
          `${before.username} has a local login already; PUT …/local_profile/reinvite makes a new invitation`,
        );
      await db
        .updateTable('users')
        .set({ type: 'local', password_hash: null, updated_at: deps.clock.now() })
        .where('id', '=', before.id)
        .execute();
      await recordChange(deps, context, {
        ...resource(before),
        before: { type: before.type },
        after: { type: 'local' },
        eventType: 'user_local_profile.create',
      });
      return invite(deps, context, before);
    },
    'local_profile.delete': (context) => {
      const { db, orgId, params } = context;
      return keepingAnOwner(db, orgId, async () => {
        const before = await findUser(db, orgId, params.user_id);
        if (before.type !== 'local')
          throw new DomainError('not_found_error', `${before.username} has no local login`);
        await db
          .updateTable('users')
          .set({ type: 'external', password_hash: null, updated_at: deps.clock.now() })
          .where('id', '=', before.id)
          .execute();
        for (const table of [
          'sessions',
          'login_tokens',
          'password_tickets',
          'password_history',
        ] as const)
          await db.deleteFrom(table).where('user_id', '=', before.id).execute();
        await recordChange(deps, context, {
          ...resource(before),
          before: { type: 'local' },
          after: { type: 'external' },
          eventType: 'user_local_profile.delete',
        });
      });
    },
    'local_profile.reinvite': async (context) => {
      const { db, orgId, params } = context;
      const row = await findUser(db, orgId, params.user_id);
      if (row.type !== 'local')
        throw new DomainError(
          'not_found_error',
          `${row.username} has no local login; POST …/local_profile makes one`,
        );
      await recordEvent(deps, db, {
        orgId,
        eventType: 'user_local_profile.reinvite',
        actor: context,
        httpStatus: 200,
        info: { user: { href: `/users/${row.id}`, username: row.username } },
      });
      return invite(deps, context, row);
    },
    'local_profile.password': async (context) => {
      const { db, orgId, params, body, ip } = context;
      const user = await findUser(db, orgId, params.user_id);
      const subject = accountSubject(user.username);
      await refuseWhileBlocked(deps, [subject]);
      if (!(await verifyPassword(body.current_password, user.password_hash))) {
        // counted outside of this request's transaction, which is rolled back
        await countFailure(deps.db, [subject, addressSubject(ip)], deps.clock.now());
        throw new DomainError(
          'password_refused',
          'current_password: is not the password of this user',
        );
      }
      await setPassword(deps, db, {
        user,
        password: body.password,
        present: body.current_password,
      });
      await recordEvent(deps, db, {
        orgId,
        eventType: 'user_local_profile.update_password',
        actor: context,
        httpStatus: 204,
        info: { user: { href: `/users/${user.id}`, username: user.username } },
      });
    },
    'login_users.password': async (context) => {
      const { params, body, ip } = context;
      const subjects = [addressSubject(ip)];
      await refuseWhileBlocked(deps, subjects);
      const now = deps.clock.now();
      const done = await writeTransaction(deps.db, async (trx) => {
        const ticket = UUID.test(params.id)
          ? await trx
              .selectFrom('password_tickets')
              .selectAll()
              .where('token_hash', '=', hashSecret(params.id))
              .where('expires_at', '>', now)
              .forUpdate()
              .executeTakeFirst()
          : undefined;
        if (ticket === undefined) return false;
        const user = await trx
          .selectFrom('users')
          .selectAll()
          .where('id', '=', ticket.user_id)
          .executeTakeFirstOrThrow();
        if (user.locked) throw authenticationFailed('This user is locked; an owner can unlock it');
        await setPassword(deps, trx, { user, password: body.password, present: null });
        const href = `/users/${user.id}`;
        await recordEvent(deps, trx, {
          orgId: user.org_id,
          eventType:
            ticket.reason === 'invitation' ? 'user.accept_invitation' : 'user.use_expired_password',
          actor: context,
          createdBy: { href, value: { user: { href, username: user.username } } },
          httpStatus: 204,
        });
        return true;
      });
      if (done) return;
      await countFailure(deps.db, subjects, now);
      await rejectCredentials(deps, context, {
        orgId: null,
        message: 'The link is unknown, used or too old; ask an owner for a new invitation',
      });
    },
  };
}
