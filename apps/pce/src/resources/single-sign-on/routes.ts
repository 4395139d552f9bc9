/** Signing in at an identity provider: the browser goes there with a state, and comes back to the console with a code. */
import { recordChange } from '../../audit/record-change.ts';
import {
  beginSignIn,
  completeSignIn,
  discover,
  readOidc,
  writeOidc,
  type Identity,
  type StoredOidc,
} from '../../access/oidc.ts';
import type { Db, Tx } from '../../db/database.ts';
import { json } from '../../db/database.ts';
import { appendChange, writeTransaction } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { refuseWhileBlocked, rejectCredentials } from '../../http/authentication.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { addressSubject, countFailure } from '../../http/login-limits.ts';
import { publicUrl } from '../../http/public-url.ts';
import type { Actor, Routes } from '../../http/routes.ts';
import { hashSecret } from '../../http/secrets.ts';
import { lockPolicy } from '../../provisioning/drafts.ts';
import { loadSecretBox } from '../../sinks/wrapped-secret.ts';
import { issueLoginToken } from '../users/sessions.ts';
import { userMembers } from '../users/store.ts';

const ATTEMPT_MS = 10 * 60_000;
const HREF = '/authentication_settings';

/** The organization whose provider is used: a browser that nobody signed in from names none. */
async function enabledOidc(db: Db): Promise<{ orgId: number; settings: StoredOidc } | undefined> {
  const orgs = await db.selectFrom('orgs').select('id').orderBy('id').execute();
  for (const { id } of orgs) {
    const settings = await readOidc(db, id);
    if (settings?.enabled === true) return { orgId: id, settings };
  }
  return undefined;
}

async function requireOidc(db: Db): Promise<{ orgId: number; settings: StoredOidc }> {
  const found = await enabledOidc(db);
  if (found === undefined) throw notFound('Single sign-on is not set up: an identity provider');
  return found;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As audit events show it: of the secret, whether there is one. */
function members(settings: StoredOidc | null): Record<string, unknown> {
  return { oidc: settings };
}

export function singleSignOnRoutes(deps: Deps): Routes {
  const redirectUri = (): string => `${publicUrl(deps)}/`;

  return {
    'authentication_settings.get': async ({ db, orgId }) => {
      const settings = await readOidc(db, orgId);
      if (settings === null) return { oidc: null };
      const { client_secret: secret, ...shown } = settings;
      return {
        oidc: { ...shown, client_secret_set: secret !== null, redirect_uri: redirectUri() },
      };
    },
    'authentication_settings.update': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      const before = await readOidc(db, orgId);
      const after = await changedOidc(deps, before, body.oidc);
      await writeOidc(db, orgId, { oidc: after, by: caller.href, now: deps.clock.now() });
      appendChange(db, { orgId, kind: 'settings', href: HREF });
      await recordChange(deps, context, {
        type: 'authentication_settings',
        href: HREF,
        before: members(before),
        after: members(after),
      });
    },
    'single_sign_on.get': async ({ db }) => ({ enabled: (await enabledOidc(db)) !== undefined }),
    'single_sign_on.begin': async ({ db, ip }) => {
      await refuseWhileBlocked(deps, [addressSubject(ip)]);
      const { orgId, settings } = await requireOidc(db);
      const box = await loadSecretBox(db);
      const { attempt, url } = await beginSignIn(settings, box, redirectUri()).catch(
        (error: unknown) => {
          deps.logger.warn({ err: error }, 'the identity provider does not answer');
          throw new DomainError(
            'service_unavailable',
            'The identity provider does not answer as it should; try again, or sign in with a local account',
          );
        },
      );
      await db
        .insertInto('sign_in_attempts')
        .values({
          state_hash: hashSecret(attempt.state),
          org_id: orgId,
          nonce: attempt.nonce,
          code_verifier: attempt.codeVerifier,
          expires_at: new Date(deps.clock.now().getTime() + ATTEMPT_MS),
        })
        .execute();
      return { authorization_uri: url.href, state: attempt.state };
    },
    'single_sign_on.complete': async (context) => {
      const { db, body, ip } = context;
      const subjects = [addressSubject(ip)];
      await refuseWhileBlocked(deps, subjects);
      const { orgId, settings } = await requireOidc(db);
      const refuse = async (message: string): Promise<never> => {
        await countFailure(db, subjects, deps.clock.now());
        return rejectCredentials(deps, context, { orgId, message });
      };
      // Taken, so that a state serves once, whatever becomes of it.
      const row = await db
        .deleteFrom('sign_in_attempts')
        .where('state_hash', '=', hashSecret(body.state))
        .where('org_id', '=', orgId)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined || row.expires_at <= deps.clock.now())
        return refuse('This sign-in is unknown, used or too old; begin again');
      const callback = new URL(redirectUri());
      for (const [name, value] of Object.entries(body))
        if (value !== undefined) callback.searchParams.set(name, value);
      const attempt = { state: body.state, nonce: row.nonce, codeVerifier: row.code_verifier };
      const identity = await completeSignIn(settings, await loadSecretBox(db), {
        attempt,
        callback,
      }).catch((error: unknown) =>
        refuse(`The identity provider's answer is refused: ${reasonOf(error)}`),
      );
      const token = await writeTransaction(db, async (trx) => {
        const user = await userOf(deps, trx, { ...context, orgId }, identity);
        return user === undefined ? undefined : issueLoginToken(deps, trx, context, user);
      });
      return token === undefined
        ? refuse(`${identity.username} is locked, or signs in with a password here`)
        : { auth_token: token };
    },
  };
}

type Written = NonNullable<
  Parameters<NonNullable<Routes['authentication_settings.update']>>[0]['body']['oidc']
>;

/** Settings with the secret wrapped. Throws 406 when the provider does not answer as one does. */
async function changedOidc(
  deps: Deps,
  before: StoredOidc | null,
  write: Written | null,
): Promise<StoredOidc | null> {
  if (write === null) return null;
  const box = await loadSecretBox(deps.db);
  const { client_secret: secret, enabled, issuer, client_id, scopes, groups_claim } = write;
  const after = {
    enabled,
    issuer,
    client_id,
    scopes,
    groups_claim,
    client_secret:
      secret === undefined
        ? (before?.client_secret ?? null)
        : secret === null
          ? null
          : box.wrap(secret).toString('base64'),
  };
  await discover(after, box).catch((error: unknown) => {
    throw new DomainError(
      'input_validation_error',
      `oidc.issuer: ${issuer} gives no discovery document (${reasonOf(error)}); it is found at its path /.well-known/openid-configuration`,
    );
  });
  return after;
}

/** The user of an identity, made at the first sign-in; undefined when it may not sign in this way. */
async function userOf(
  deps: Deps,
  trx: Tx,
  context: Actor & { readonly orgId: number },
  identity: Identity,
): Promise<{ id: number; org_id: number; username: string } | undefined> {
  const { orgId } = context;
  const now = deps.clock.now();
  const told = {
    effective_groups: json([...identity.groups]),
    updated_at: now,
    ...(identity.fullName === null ? {} : { full_name: identity.fullName }),
  };
  const made = await trx
    .insertInto('users')
    .values({
      org_id: orgId,
      username: identity.username,
      type: 'external',
      created_at: now,
      ...told,
    })
    .onConflict((conflict) => conflict.column('username').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (made === undefined)
    // Whoever has a password here is not taken over by what a provider says of an address.
    return trx
      .updateTable('users')
      .set(told)
      .where('username', '=', identity.username)
      .where('org_id', '=', orgId)
      .where('type', '=', 'external')
      .where('locked', '=', false)
      .returning(['id', 'org_id', 'username'])
      .executeTakeFirst();
  await recordChange(
    deps,
    { ...context, db: trx },
    {
      type: 'user',
      href: `/users/${made.id}`,
      naming: { username: made.username },
      before: null,
      after: userMembers(made),
    },
  );
  return made;
}
