/** How many VENs have which value of a property. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { VenProperty } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { ContextOf } from '../../http/routes.ts';
import { VEN_HEALTH } from '../workloads/filters.ts';

type Wanted = ContextOf<'vens.statistics'>['body']['property_counts'][number];

/** Values of a VEN: a condition may have several, everything else has one. */
const VALUES: Readonly<Record<VenProperty, RawBuilder<unknown>>> = {
  status: sql`SELECT vens.status AS value`,
  version: sql`SELECT vens.version AS value`,
  health: sql`SELECT ${VEN_HEALTH} AS value`,
  condition: sql`SELECT DISTINCT event #>> '{}' AS value
    FROM jsonb_path_query(vens.conditions, '$[*].latest_event.notification_type') AS event`,
  os_id: sql`SELECT coalesce(vens.os_id, '') AS value`,
  enforcement_mode: sql`SELECT workloads.enforcement_mode AS value`,
  ven_type: sql`SELECT vens.ven_type AS value`,
};

function holds({ filters = [] }: Wanted): RawBuilder<SqlBool> {
  const conditions = filters.map(
    ({ filter_property: property, values }) =>
      sql`EXISTS (SELECT 1 FROM (${VALUES[property]}) AS own WHERE own.value = ANY(${[...values]}::text[]))`,
  );
  return sql<SqlBool>`(${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `)})`;
}

const PAIRED = (orgId: number) =>
  sql`vens JOIN workloads ON workloads.id = vens.id WHERE vens.org_id = ${orgId} AND NOT workloads.deleted`;

export async function countByProperty(db: Db, orgId: number, wanted: Wanted) {
  const { rows: counted } = await sql<{ value: string; all: number; filtered: number }>`
    SELECT property.value, count(*) AS all, count(*) FILTER (WHERE counted) AS filtered
    FROM (SELECT vens.*, workloads.enforcement_mode, ${holds(wanted)} AS counted FROM ${PAIRED(orgId)}) AS vens
    CROSS JOIN LATERAL (SELECT vens.enforcement_mode) AS workloads
    CROSS JOIN LATERAL (${VALUES[wanted.property]}) AS property
    GROUP BY property.value ORDER BY property.value`.execute(db);
  const { rows: totals } = await sql<{ total: number }>`
    SELECT count(*) FILTER (WHERE ${holds(wanted)}) AS total FROM ${PAIRED(orgId)}`.execute(db);
  const byValue = new Map(counted.map((row) => [row.value, row]));
  const values = wanted.values ?? counted.map(({ value }) => value);
  return {
    property: wanted.property,
    counts: values.map((value) => ({
      value,
      filtered_count: byValue.get(value)?.filtered ?? 0,
      unfiltered_count: byValue.get(value)?.all ?? 0,
    })),
    total_filtered_count: totals[0]?.total ?? 0,
  };
}
