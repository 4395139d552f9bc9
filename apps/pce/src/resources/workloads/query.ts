/** Workloads with their VENs, and the filters of both collections, in SQL. */
import { sql, type ExpressionBuilder, type Selectable, type SqlBool } from 'kysely';
import type { EnforcementMode, VisibilityLevel } from '@bulkhead/policy';
import type { Database, Db, VensTable, WorkloadsTable } from '../../db/database.ts';
import { identityOf } from '../../provisioning/references.ts';

type Row = Selectable<WorkloadsTable>;
export type VenRow = Selectable<VensTable>;
export interface WorkloadRow extends Row {
  readonly ven: VenRow | null;
}

export interface WorkloadFilters {
  readonly name?: string | undefined;
  readonly hostname?: string | undefined;
  readonly description?: string | undefined;
  readonly query?: string | undefined;
  readonly ip_address?: string | undefined;
  readonly labels?: readonly (readonly string[])[] | undefined;
  readonly managed?: boolean | undefined;
  readonly online?: boolean | undefined;
  readonly enforcement_mode?: EnforcementMode | undefined;
  readonly visibility_level?: VisibilityLevel | undefined;
  readonly 'ven.ven_type'?: 'server' | 'endpoint' | undefined;
  readonly security_policy_sync_state?: VenRow['policy_sync_state'] | undefined;
  readonly include_deleted?: boolean | undefined;
  readonly external_data_set?: string | undefined;
  readonly external_data_reference?: string | undefined;
  /** Of the VEN. */
  readonly status?: VenRow['status'] | undefined;
}

type Joined = Omit<Database, 'vens'> & { vens: Nullable<VensTable> };
type Nullable<T> = { [K in keyof T]: T[K] };
type Where = ExpressionBuilder<Joined, 'workloads' | 'vens'>;

/** A text as a part of any text, whatever letters it has. */
function part(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function conditions(where: Where, orgId: number, filters: WorkloadFilters) {
  const all = [where('workloads.org_id', '=', orgId)];
  const add = (condition: (typeof all)[number]): void => void all.push(condition);
  const like = (column: 'name' | 'hostname', text: string) =>
    where(`workloads.${column}`, 'ilike', part(text));
  const address = (text: string) =>
    sql<SqlBool>`(workloads.public_ip ILIKE ${part(text)} OR EXISTS (
      SELECT 1 FROM jsonb_array_elements(workloads.interfaces) AS entry
      WHERE entry ->> 'address' ILIKE ${part(text)}))`;
  if (filters.include_deleted !== true) add(where('workloads.deleted', '=', false));
  if (filters.name !== undefined) add(like('name', filters.name));
  if (filters.hostname !== undefined) add(like('hostname', filters.hostname));
  if (filters.description !== undefined)
    add(where('workloads.description', 'ilike', part(filters.description)));
  if (filters.query !== undefined)
    add(
      where.or([
        like('name', filters.query),
        like('hostname', filters.query),
        address(filters.query),
      ]),
    );
  if (filters.ip_address !== undefined) add(where.and([address(filters.ip_address)]));
  if (filters.labels !== undefined)
    add(
      where.or(
        filters.labels.map(
          (list) =>
            sql<SqlBool>`workloads.labels @> ${JSON.stringify(list.map(identityOf))}::jsonb`,
        ),
      ),
    );
  if (filters.managed !== undefined) add(where('workloads.managed', '=', filters.managed));
  if (filters.online !== undefined) add(where('workloads.online', '=', filters.online));
  if (filters.enforcement_mode !== undefined)
    add(where('workloads.enforcement_mode', '=', filters.enforcement_mode));
  if (filters.visibility_level !== undefined)
    add(where('workloads.visibility_level', '=', filters.visibility_level));
  const venType = filters['ven.ven_type'];
  if (venType !== undefined) add(where('workloads.ven_type', '=', venType));
  if (filters.security_policy_sync_state !== undefined)
    add(where('vens.policy_sync_state', '=', filters.security_policy_sync_state));
  if (filters.status !== undefined) add(where('vens.status', '=', filters.status));
  if (filters.external_data_set !== undefined)
    add(where('workloads.external_data_set', '=', filters.external_data_set));
  if (filters.external_data_reference !== undefined)
    add(where('workloads.external_data_reference', '=', filters.external_data_reference));
  return where.and(all);
}

export interface Paging {
  readonly max_results?: number | undefined;
  readonly offset?: number | undefined;
}

/** `withVen`: only workloads that have or had a VEN. */
export async function findWorkloads(
  db: Db,
  orgId: number,
  { filters, paging, withVen }: { filters: WorkloadFilters; paging: Paging; withVen: boolean },
): Promise<{ rows: WorkloadRow[]; total: number }> {
  const matching = db
    .selectFrom('workloads')
    .leftJoin('vens', 'vens.id', 'workloads.id')
    .where((where) => conditions(where, orgId, filters))
    .$if(withVen, (query) => query.where('vens.id', 'is not', null));
  const { total } = await matching
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const limit = paging.max_results ?? 500;
  if (limit === 0) return { rows: [], total };
  const found = await matching
    .select('workloads.id')
    .orderBy('workloads.created_at')
    .orderBy('workloads.id')
    .limit(limit)
    .offset(paging.offset ?? 0)
    .execute();
  return {
    rows: await rowsOf(
      db,
      orgId,
      found.map((row) => row.id),
    ),
    total,
  };
}

/** Rows of these ids, oldest first. */
async function rowsOf(db: Db, orgId: number, ids: readonly string[]): Promise<WorkloadRow[]> {
  if (ids.length === 0) return [];
  const own = sql<string[]>`${[...ids]}::uuid[]`;
  const workloads = await db
    .selectFrom('workloads')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', (where) => where.fn.any(own))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const vens = await db
    .selectFrom('vens')
    .selectAll()
    .where('id', '=', (where) => where.fn.any(own))
    .execute();
  const byId = new Map(vens.map((ven) => [ven.id, ven]));
  return workloads.map((row) => ({ ...row, ven: byId.get(row.id) ?? null }));
}

export async function findWorkload(
  db: Db,
  orgId: number,
  id: string,
): Promise<WorkloadRow | undefined> {
  const [row] = await rowsOf(db, orgId, [id]);
  return row;
}
