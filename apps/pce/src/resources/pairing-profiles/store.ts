import { json, type Db, type Tx } from '../../db/database.ts';
import { notFound } from '../../http/domain-error.ts';
import { SYSTEM } from '../../provisioning/present.ts';
import { LOCKS, type LastKey, type Lock, type ProfileRow } from './presenter.ts';

/** The profile that every organization has, for servers and endpoints. */
export async function seedPairingProfile(trx: Tx, orgId: number): Promise<void> {
  await trx
    .insertInto('pairing_profiles')
    .values({
      org_id: orgId,
      name: 'Default',
      is_default: true,
      ven_type: 'specified_during_activation',
      locks: json(locksOf({}, {})),
      created_by: SYSTEM,
      updated_by: SYSTEM,
    })
    .execute();
}

export async function findProfile(db: Db, orgId: number, id: string): Promise<ProfileRow> {
  const row = /^\d{1,15}$/.test(id)
    ? await db
        .selectFrom('pairing_profiles')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', Number(id))
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The pairing profile ${id}`);
  return row;
}

export async function lockProfile(trx: Tx, orgId: number, id: string): Promise<ProfileRow> {
  const { id: found } = await findProfile(trx, orgId, id);
  const row = await trx
    .selectFrom('pairing_profiles')
    .selectAll()
    .where('id', '=', found)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw notFound(`The pairing profile ${id}`);
  return row;
}

/** Newest key of each profile, revoked ones too. */
export async function lastKeys(db: Db, ids: readonly number[]): Promise<Map<number, LastKey>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('pairing_keys')
    .distinctOn('pairing_profile_id')
    .select(['pairing_profile_id', 'created_at', 'created_by'])
    .where('pairing_profile_id', 'in', ids)
    .orderBy('pairing_profile_id')
    .orderBy('created_at', 'desc')
    .execute();
  return new Map(
    rows.map((row) => [row.pairing_profile_id, { at: row.created_at, by: row.created_by }]),
  );
}

type Limit = number | 'unlimited' | undefined;

/** As the columns have it: null is unlimited, undefined leaves it. */
export function limitOf(value: Limit): number | null | undefined {
  return value === 'unlimited' ? null : value;
}

export function locksOf(
  before: Readonly<Record<string, boolean>>,
  body: { readonly [K in Lock]?: boolean | undefined },
): Record<string, boolean> {
  return Object.fromEntries(LOCKS.map((lock) => [lock, body[lock] ?? before[lock] ?? true]));
}
