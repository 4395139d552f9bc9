/** Rotation of the tokens of VENs, with overlap: an answer that is lost on its way costs nobody the identity. */
import type { VenToken } from '@bulkhead/contract';
import { recordEvent } from '../audit/record-event.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { hashSecret, newSecret } from '../http/secrets.ts';
import { refuseUnpaired } from './refuse-unpaired.ts';
import { bearerToken } from './ven-access.ts';

/** Longer than a VEN waits before it asks again. */
const PREVIOUS_VALID_SECONDS = 86_400;

/** The token that was asked with stays valid for a day, or until the next one is used to ask. */
export async function rotateToken(deps: Deps, context: ContextOf<'ven.token'>): Promise<VenToken> {
  const { db: trx, caller, request } = context;
  const ven = await trx
    .selectFrom('vens')
    .select('status')
    .where('id', '=', caller.venId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (ven.status === 'uninstalled') refuseUnpaired();
  const used = bearerToken(request.headers.authorization);
  if (used === undefined)
    throw new DomainError('authentication_failed', 'A token is renewed with the one before it');
  const token = newSecret();
  const now = deps.clock.now();
  await trx
    .updateTable('vens')
    .set({
      token_hash: hashSecret(token),
      token_issued_at: now,
      previous_token_hash: hashSecret(used),
      previous_token_expires_at: new Date(now.getTime() + PREVIOUS_VALID_SECONDS * 1000),
    })
    .where('id', '=', caller.venId)
    .execute();
  await recordEvent(deps, trx, {
    orgId: caller.orgId,
    eventType: 'agent.refresh_token',
    actor: context,
    httpStatus: 201,
  });
  return { token, previous_valid_seconds: PREVIOUS_VALID_SECONDS };
}
