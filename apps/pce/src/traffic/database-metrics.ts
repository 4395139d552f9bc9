/** How much the flow store holds. */
import { FLOW_DAYS, FLOW_TABLE, type FlowTable } from './flow-table.ts';

interface CountRow {
  readonly reporter_type: string;
  readonly records: number;
  readonly days: number;
  readonly oldest: string;
}

export interface StoreMetrics {
  readonly days: number;
  readonly daysLimit: number;
  readonly oldest: string | null;
  /** Of the whole store. */
  readonly octets: number;
  readonly byReporter: ReadonlyMap<string, { readonly records: number; readonly oldest: string }>;
}

/** Days and records are the organization's; the size is that of the store. */
export async function storeMetrics(table: FlowTable, orgId: number): Promise<StoreMetrics> {
  const rows = await table.query<CountRow>(
    `SELECT reporter_type, count() AS records, uniqExact(toDate(last_seen)) AS days, toString(min(toDate(last_seen))) AS oldest
     FROM ${FLOW_TABLE} WHERE org_id = {org:UInt32} GROUP BY ROLLUP(reporter_type)`,
    { org: orgId },
  );
  const [size] = await table.query<{ octets: number }>(
    `SELECT sum(bytes_on_disk) AS octets FROM system.parts WHERE table = {table:String} AND active`,
    { table: FLOW_TABLE },
  );
  const total = rows.find((row) => row.reporter_type === '');
  const some = total !== undefined && Number(total.records) > 0;
  return {
    days: some ? Number(total.days) : 0,
    daysLimit: FLOW_DAYS,
    oldest: some ? total.oldest : null,
    octets: Number(size?.octets ?? 0),
    byReporter: new Map(
      rows
        .filter((row) => row.reporter_type !== '')
        .map((row) => [row.reporter_type, { records: Number(row.records), oldest: row.oldest }]),
    ),
  };
}
