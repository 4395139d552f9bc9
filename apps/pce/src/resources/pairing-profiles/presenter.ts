import type { Selectable } from 'kysely';
import { objectHref, type PairingProfileWire } from '@bulkhead/contract';
import type { PairingProfilesTable } from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import { workloadCaps } from '../../provisioning/present.ts';
import type { Names } from '../../provisioning/references.ts';
import { logsTraffic } from '../workloads/content.ts';
import { presentLabels } from '../workloads/labels.ts';
import { AGENT_MODES } from '../workloads/words.ts';
import { PRODUCT_VERSION } from '../node/product-version.ts';

export type ProfileRow = Selectable<PairingProfilesTable>;

/** Newest key of a profile. */
export interface LastKey {
  readonly at: Date;
  readonly by: string;
}

export const LOCKS = [
  'status_lock',
  'enforcement_mode_lock',
  'visibility_level_lock',
  'role_label_lock',
  'app_label_lock',
  'env_label_lock',
  'loc_label_lock',
] as const;
export type Lock = (typeof LOCKS)[number];

export function profileHref(row: Pick<ProfileRow, 'org_id' | 'id'>): string {
  return objectHref(row.org_id, 'pairing_profiles', row.id);
}

/** As clients read it. */
export function releaseOf(row: ProfileRow): string {
  return row.agent_software_release ?? `Default (${PRODUCT_VERSION.long_display})`;
}

/** Locked unless it says otherwise. */
function lockOf(row: ProfileRow, lock: Lock): boolean {
  return row.locks[lock] ?? true;
}

export function presentProfile(
  row: ProfileRow,
  { names, lastKey, caller }: { names: Names; lastKey: LastKey | undefined; caller: UserCaller },
): PairingProfileWire {
  return {
    href: profileHref(row),
    name: row.name,
    description: row.description,
    enabled: row.enabled,
    is_default: row.is_default,
    ven_type: row.ven_type,
    enforcement_mode: row.enforcement_mode,
    enforcement_mode_lock: lockOf(row, 'enforcement_mode_lock'),
    visibility_level: row.visibility_level,
    visibility_level_lock: lockOf(row, 'visibility_level_lock'),
    mode: AGENT_MODES[row.enforcement_mode],
    mode_lock: lockOf(row, 'enforcement_mode_lock'),
    log_traffic: logsTraffic(row.visibility_level),
    log_traffic_lock: lockOf(row, 'visibility_level_lock'),
    status_lock: lockOf(row, 'status_lock'),
    allowed_uses_per_key: row.allowed_uses_per_key ?? 'unlimited',
    key_lifespan: row.key_lifespan_seconds ?? 'unlimited',
    labels: presentLabels(row.labels, names),
    role_label_lock: lockOf(row, 'role_label_lock'),
    app_label_lock: lockOf(row, 'app_label_lock'),
    env_label_lock: lockOf(row, 'env_label_lock'),
    loc_label_lock: lockOf(row, 'loc_label_lock'),
    agent_software_release: releaseOf(row),
    total_use_count: row.total_use_count,
    last_pairing_at: row.last_pairing_at?.toISOString() ?? null,
    last_pairing_key_generated_at: lastKey?.at.toISOString() ?? null,
    last_pairing_key_generated_by: lastKey === undefined ? null : { href: lastKey.by },
    external_data_set: row.external_data_set,
    external_data_reference: row.external_data_reference,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: workloadCaps(caller, row.labels),
  };
}
