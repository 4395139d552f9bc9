import { sql } from 'kysely';
import { z } from 'zod';
import { json, type Tx } from '../../db/database.ts';
import type { Routes } from '../../http/routes.ts';
import { plainCaps, SYSTEM } from '../../provisioning/present.ts';

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

export function labelDimensionRoutes(): Routes {
  return {
    'label_dimensions.list': async ({ db, orgId, query, caller }) => {
      const rows = await db
        .selectFrom('label_dimensions')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('deleted', '=', false)
        .orderBy(sql`(display_info ->> 'sort_ordinal')::integer`)
        .execute();
      const keys = await db
        .selectFrom('labels')
        .select('key')
        .distinct()
        .where('org_id', '=', orgId)
        .where('deleted', '=', false)
        .execute();
      const grouped = await db
        .selectFrom('policy_objects')
        .select(sql<string>`draft ->> 'key'`.as('key'))
        .distinct()
        .where('org_id', '=', orgId)
        .where('type', '=', 'label_groups')
        .execute();
      const wanted = query.display_name ?? query.query;
      const matching = rows.filter(
        (row) =>
          (query.key === undefined || row.key === query.key) &&
          (wanted === undefined || row.display_name.toLowerCase().includes(wanted.toLowerCase())),
      );
      const start = query.offset ?? 0;
      const items = matching.slice(start, start + (query.max_results ?? 500)).map((row) => ({
        href: `/orgs/${orgId}/label_dimensions/${row.id}`,
        key: row.key,
        display_name: row.display_name,
        display_info: displayInfo.parse(row.display_info),
        external_data_set: row.external_data_set,
        external_data_reference: row.external_data_reference,
        created_at: row.created_at.toISOString(),
        created_by: { href: row.created_by },
        updated_at: row.updated_at.toISOString(),
        updated_by: { href: row.updated_by },
        deleted: row.deleted,
        deleted_at: row.deleted_at?.toISOString() ?? null,
        caps: plainCaps(caller, 'edit'),
        usage: {
          labels: keys.some(({ key }) => key === row.key),
          label_groups: grouped.some(({ key }) => key === row.key),
        },
      }));
      return { items, total: matching.length };
    },
  };
}
