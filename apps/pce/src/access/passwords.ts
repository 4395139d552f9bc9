/** Passwords of local users: held against the password policy, kept with those before, expired by age. */
import type { PasswordPolicy } from '@bulkhead/contract';
import type { Db, Tx } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import { hashPassword, verifyPassword } from '../http/secrets.ts';
import { PASSWORD_POLICY } from './settings.ts';
import { readSetting } from '../db/settings.ts';

const TYPES = [
  ['require_type_number', /\p{Nd}/gu, 'number'],
  ['require_type_lowercase', /\p{Ll}/gu, 'lowercase letter'],
  ['require_type_uppercase', /\p{Lu}/gu, 'uppercase letter'],
  ['require_type_symbol', /[^\p{L}\p{N}\s]/gu, 'symbol'],
] as const;

/** What a password lacks, in words; empty when the policy accepts it. `present`: the one that it replaces, when that is known. */
export function passwordFaults(
  password: string,
  policy: PasswordPolicy,
  present: string | null,
): string[] {
  const length = Array.from(password).length;
  const faults = length < policy.min_length ? [`needs ${policy.min_length} characters`] : [];
  for (const [member, characters, noun] of TYPES) {
    const found = password.match(characters)?.length ?? 0;
    const needed = policy.min_characters_per_type;
    if (policy[member] && found < needed)
      faults.push(`needs ${needed} ${noun}${needed === 1 ? '' : 's'}`);
  }
  const wanted = policy.min_changed_characters;
  if (present !== null && editDistance(present, password) < wanted)
    faults.push(
      `needs ${wanted} ${wanted === 1 ? 'character' : 'characters'} that differ from the present one`,
    );
  return faults;
}

/** Characters to be inserted, deleted or replaced (Levenshtein), so that moving a password along by one does not count as a change of all. */
function editDistance(from: string, to: string): number {
  const target = Array.from(to);
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [at, character] of Array.from(from).entries()) {
    let diagonal = row[0] ?? 0;
    const next = [at + 1];
    for (const [column, other] of target.entries()) {
      const above = row[column + 1] ?? 0;
      const left = next[column] ?? 0;
      next.push(Math.min(above + 1, left + 1, diagonal + (character === other ? 0 : 1)));
      diagonal = above;
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function refuse(faults: readonly string[]): DomainError {
  return new DomainError('password_refused', `password: ${faults.join('; ')}`);
}

interface PasswordOwner {
  readonly id: number;
  readonly org_id: number;
  readonly password_hash: string | null;
}

/**
 * Stores a new password and ends all sessions of the user. Throws 406 with everything that the policy finds missing. `present` is the
 * password that it replaces, or null when the user need not know it.
 */
export async function setPassword(
  deps: Deps,
  trx: Tx,
  change: {
    readonly user: PasswordOwner;
    readonly password: string;
    readonly present: string | null;
  },
): Promise<void> {
  const { user, password, present } = change;
  const policy = await readSetting(trx, user.org_id, PASSWORD_POLICY);
  const faults = passwordFaults(password, policy, present);
  if (faults.length > 0) throw refuse(faults);
  if (await wasUsed(trx, { user, password, count: policy.history_count }))
    throw refuse([`was used before; the last ${policy.history_count} may not come again`]);
  const now = deps.clock.now();
  if (user.password_hash !== null)
    await trx
      .insertInto('password_history')
      .values({ user_id: user.id, password_hash: user.password_hash, created_at: now })
      .execute();
  await trx
    .updateTable('users')
    .set({
      password_hash: await hashPassword(password),
      password_changed_at: now,
      updated_at: now,
    })
    .where('id', '=', user.id)
    .execute();
  await trx.deleteFrom('sessions').where('user_id', '=', user.id).execute();
  await trx.deleteFrom('login_tokens').where('user_id', '=', user.id).execute();
  await trx.deleteFrom('password_tickets').where('user_id', '=', user.id).execute();
}

async function wasUsed(
  db: Db,
  { user, password, count }: { user: PasswordOwner; password: string; count: number },
): Promise<boolean> {
  if (count === 0) return false;
  const rows = await db
    .selectFrom('password_history')
    .select('password_hash')
    .where('user_id', '=', user.id)
    .orderBy('id', 'desc')
    .limit(count - 1)
    .execute();
  const hashes = rows.map((row) => row.password_hash);
  if (user.password_hash !== null) hashes.unshift(user.password_hash);
  for (const hash of hashes) if (await verifyPassword(password, hash)) return true;
  return false;
}

export function isExpired(policy: PasswordPolicy, changedAt: Date, now: Date): boolean {
  const { expire_time_days: days } = policy;
  return days > 0 && now.getTime() - changedAt.getTime() > days * 86_400_000;
}
