/** Label dimensions: the keys that labels may have. */
import { sql, type Selectable } from 'kysely';
import { z } from 'zod';
import type { LabelDimensionWire } from '@bulkhead/contract';
import { json, type Db, type LabelDimensionsTable, type Tx } from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { plainCaps, SYSTEM } from '../../provisioning/present.ts';
import { UUID } from '../../provisioning/references.ts';

export type DimensionRow = Selectable<LabelDimensionsTable>;

/** Role, Application, Environment, Location, with the colours of the console. */
const BUILT_IN = [
  ['role', 'Role', 'Roles', 'R', '#fae9f3', '#9a2a72'],
  ['app', 'Application', 'Applications', 'A', '#e8effd', '#2553bd'],
  ['env', 'Environment', 'Environments', 'E', '#edf3dc', '#46640c'],
  ['loc', 'Location', 'Locations', 'L', '#f8eedf', '#80521a'],
] as const;

const displayInfo = z.object({
  icon: z.string().optional(),
  initial: z.string(),
  background_color: z.string(),
  foreground_color: z.string(),
  sort_ordinal: z.number().int(),
  display_name_plural: z.string(),
});
export type DisplayInfo = z.infer<typeof displayInfo>;

/** The four dimensions that every organization has. */
export async function seedLabelDimensions(trx: Tx, orgId: number): Promise<void> {
  await trx
    .insertInto('label_dimensions')
    .values(
      BUILT_IN.map(([key, name, plural, initial, background, foreground], index) => ({
        org_id: orgId,
        key,
        display_name: name,
        display_info: json({
          icon: key,
          initial,
          background_color: background,
          foreground_color: foreground,
          sort_ordinal: index + 1,
          display_name_plural: plural,
        }),
        created_by: SYSTEM,
        updated_by: SYSTEM,
      })),
    )
    .execute();
}

export function isBuiltIn({ key }: Pick<DimensionRow, 'key'>): boolean {
  return BUILT_IN.some(([known]) => known === key);
}

export function dimensionHref(row: Pick<DimensionRow, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/label_dimensions/${row.id}`;
}

export function displayInfoOf(row: DimensionRow): DisplayInfo {
  return displayInfo.parse(row.display_info);
}

export async function findDimension(db: Db, orgId: number, id: string): Promise<DimensionRow> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('label_dimensions')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The label dimension ${id}`);
  return row;
}

/** In the order in which the console shows them. */
export async function listDimensions(db: Db, orgId: number): Promise<DimensionRow[]> {
  return db
    .selectFrom('label_dimensions')
    .selectAll()
    .where('org_id', '=', orgId)
    .orderBy(sql`(display_info ->> 'sort_ordinal')::integer`)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Refuses a key that is no label dimension. */
export async function refuseDimension(db: Db, orgId: number, key: string): Promise<void> {
  const rows = (await listDimensions(db, orgId)).filter((row) => !row.deleted);
  if (rows.some((row) => row.key === key)) return;
  const known = rows.map((row) => row.key).toSorted();
  throw new DomainError(
    'input_validation_error',
    `key: "${key}" is no label dimension; there are ${known.join(', ')}`,
  );
}

/** Keys that labels have, and that label groups have. */
export interface UsedKeys {
  readonly labels: ReadonlySet<string>;
  readonly labelGroups: ReadonlySet<string>;
}

export async function usedKeys(db: Db, orgId: number): Promise<UsedKeys> {
  const labels = await db
    .selectFrom('labels')
    .select('key')
    .distinct()
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .execute();
  // Of draft and active together: what active still uses stays.
  const groups = await db
    .selectFrom('policy_objects')
    .select(sql<string>`draft ->> 'key'`.as('key'))
    .distinct()
    .where('org_id', '=', orgId)
    .where('type', '=', 'label_groups')
    .execute();
  return {
    labels: new Set(labels.map(({ key }) => key)),
    labelGroups: new Set(groups.map(({ key }) => key)),
  };
}

export function presentDimension(
  row: DimensionRow,
  { used, caller }: { used: UsedKeys; caller: UserCaller },
): LabelDimensionWire {
  return {
    href: dimensionHref(row),
    key: row.key,
    display_name: row.display_name,
    display_info: displayInfoOf(row),
    external_data_set: row.external_data_set,
    external_data_reference: row.external_data_reference,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    deleted: row.deleted,
    deleted_at: row.deleted_at?.toISOString() ?? null,
    caps: row.deleted ? [] : plainCaps(caller),
    usage: { labels: used.labels.has(row.key), label_groups: used.labelGroups.has(row.key) },
  };
}
