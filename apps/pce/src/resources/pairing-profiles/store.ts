import type { AgentMode } from '@bulkhead/contract';
import type { EnforcementMode, VisibilityLevel } from '@bulkhead/policy';
import { json, type Db, type Tx } from '../../db/database.ts';
import { notFound } from '../../http/domain-error.ts';
import { SYSTEM } from '../../provisioning/present.ts';
import { visibilityOfLogging } from '../workloads/content.ts';
import { enforcementModeOf } from '../workloads/words.ts';
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

type LockBody = {
  readonly [K in Lock | 'mode_lock' | 'log_traffic_lock']?: boolean | undefined;
};

/** The locks of older clients stand for those that took their place. */
export function locksOf(
  before: Readonly<Record<string, boolean>>,
  body: LockBody,
): Record<string, boolean> {
  const given: LockBody = {
    ...body,
    enforcement_mode_lock: body.enforcement_mode_lock ?? body.mode_lock,
    visibility_level_lock: body.visibility_level_lock ?? body.log_traffic_lock,
  };
  return Object.fromEntries(LOCKS.map((lock) => [lock, given[lock] ?? before[lock] ?? true]));
}

/** Enforcement and visibility of a write, in the words of today; those of older clients yield to them. */
export function modesOf(
  before: Pick<ProfileRow, 'enforcement_mode' | 'visibility_level'>,
  body: {
    readonly enforcement_mode?: EnforcementMode | undefined;
    readonly mode?: AgentMode | undefined;
    readonly visibility_level?: VisibilityLevel | undefined;
    readonly log_traffic?: boolean | undefined;
  },
): Pick<ProfileRow, 'enforcement_mode' | 'visibility_level'> {
  const old = body.mode === undefined ? undefined : enforcementModeOf(body.mode);
  return {
    enforcement_mode: body.enforcement_mode ?? old ?? before.enforcement_mode,
    visibility_level:
      body.visibility_level ?? visibilityOfLogging(body.log_traffic, before.visibility_level),
  };
}
