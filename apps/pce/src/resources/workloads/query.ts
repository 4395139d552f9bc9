/** Workloads with their VENs. */
import { sql, type Selectable } from 'kysely';
import type { Db, Tx, VensTable, WorkloadsTable } from '../../db/database.ts';
import { UUID } from '../../provisioning/references.ts';
import type { Condition } from './filters.ts';

type Row = Selectable<WorkloadsTable>;
export type VenRow = Selectable<VensTable>;
export interface WorkloadRow extends Row {
  readonly ven: VenRow | null;
}

export interface Paging {
  readonly max_results?: number | undefined;
  readonly offset?: number | undefined;
  /** Id of the workload that was the last of the page before; then nothing is counted. */
  readonly after?: string | undefined;
}

/** Of the workload or VEN that a collection goes on after. */
export function afterOf(href: string | null): string | undefined {
  return href?.split('/').at(-1);
}

/** Workloads of an organization that all conditions hold for, oldest first. */
export async function findWorkloads(
  db: Db,
  orgId: number,
  { conditions, paging }: { conditions: readonly Condition[]; paging: Paging },
): Promise<{ rows: WorkloadRow[]; total: number }> {
  const matching = db
    .selectFrom('workloads')
    .leftJoin('vens', 'vens.id', 'workloads.id')
    .where((where) => where.and([where('workloads.org_id', '=', orgId), ...conditions]));
  const total =
    paging.after === undefined
      ? (
          await matching
            .select((select) => select.fn.countAll<number>().as('total'))
            .executeTakeFirstOrThrow()
        ).total
      : 0;
  const limit = paging.max_results ?? 500;
  if (limit === 0) return { rows: [], total };
  const { after } = paging;
  const found = await matching
    .select('workloads.id')
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(workloads.created_at, workloads.id) > (SELECT last.created_at, last.id FROM workloads AS last WHERE last.id = ${after}::uuid)`,
      ),
    )
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

/** Those of these ids that exist, in their order. */
export async function workloadsByIds(
  db: Db,
  orgId: number,
  ids: readonly string[],
): Promise<WorkloadRow[]> {
  const known = ids.filter((id) => UUID.test(id));
  const byId = new Map((await rowsOf(db, orgId, known)).map((row) => [row.id, row]));
  return known.flatMap((id) => byId.get(id.toLowerCase()) ?? []);
}

export async function findWorkload(
  db: Db,
  orgId: number,
  id: string,
): Promise<WorkloadRow | undefined> {
  const [row] = await rowsOf(db, orgId, [id]);
  return row;
}

/** Those of these that exist and are not deleted, locked in the order of their ids. */
export async function lockWorkloads(
  trx: Tx,
  orgId: number,
  ids: readonly string[],
): Promise<Row[]> {
  const own = sql<string[]>`${ids.filter((id) => UUID.test(id))}::uuid[]`;
  return trx
    .selectFrom('workloads')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', (where) => where.fn.any(own))
    .where('deleted', '=', false)
    .orderBy('id')
    .forUpdate()
    .execute();
}
