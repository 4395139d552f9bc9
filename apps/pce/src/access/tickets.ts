/** Leave to set a password once: invitations, and the way on for whom the password has expired. Only its hash is kept. */
import { randomUUID } from 'node:crypto';
import type { Tx } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { publicUrl } from '../http/public-url.ts';
import { hashSecret } from '../http/secrets.ts';

const LIFETIME_MS = { invitation: 7 * 86_400_000, expired: 15 * 60_000 } as const;

export interface Ticket {
  /** Where the password is put. */
  readonly href: string;
  /** Page of the console that does it. */
  readonly uri: string;
  readonly expiresAt: Date;
}

/** The one that counts from now on: earlier ones of the user end. */
export async function issueTicket(
  deps: Deps,
  trx: Tx,
  { userId, reason }: { readonly userId: number; readonly reason: keyof typeof LIFETIME_MS },
): Promise<Ticket> {
  const token = randomUUID();
  const expiresAt = new Date(deps.clock.now().getTime() + LIFETIME_MS[reason]);
  await trx.deleteFrom('password_tickets').where('user_id', '=', userId).execute();
  await trx
    .insertInto('password_tickets')
    .values({ token_hash: hashSecret(token), user_id: userId, reason, expires_at: expiresAt })
    .execute();
  return {
    href: `/login_users/${token}/password`,
    // behind the #, where no server logs it
    uri: `${publicUrl(deps)}/#set_password=${token}`,
    expiresAt,
  };
}
