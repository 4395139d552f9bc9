import type { WorkloadWire } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { loadNames, UUID } from '../../provisioning/references.ts';
import { bulkCreate, bulkDelete, bulkUpdate, workloadIdOf } from './bulk.ts';
import { workloadConditions } from './filters.ts';
import { removeLabels, setLabels, updateMany } from './many.ts';
import { workloadPartRoutes } from './parts.ts';
import { loadPolicyFacts } from './policy-facts.ts';
import { presentWorkload, type Presenting } from './presenter.ts';
import { afterOf, findWorkload, findWorkloads, workloadsByIds, type WorkloadRow } from './query.ts';
import { createWorkload, deleteWorkload, updateWorkload } from './service.ts';

export async function presentingOf(
  deps: Deps,
  db: Db,
  { rows, caller }: { rows: readonly WorkloadRow[]; caller: UserCaller },
): Promise<Presenting> {
  const hrefs = new Set(rows.flatMap((row) => row.labels));
  return {
    names: await loadNames(db, caller.orgId, { hrefs, word: 'draft' }),
    policy: await loadPolicyFacts(db, caller.orgId),
    caller,
    fqdn: deps.config.fqdn,
  };
}

export function workloadRoutes(deps: Deps): Routes {
  async function present(db: Db, row: WorkloadRow, caller: UserCaller): Promise<WorkloadWire> {
    return presentWorkload(row, await presentingOf(deps, db, { rows: [row], caller }));
  }
  return {
    'workloads.list': async ({ db, orgId, query, caller, after }) => {
      const { rows, total } = await findWorkloads(db, orgId, {
        conditions: workloadConditions(query, deps.config.fqdn),
        paging: { ...query, after: afterOf(after) },
      });
      const presenting = await presentingOf(deps, db, { rows, caller });
      return { items: rows.map((row) => presentWorkload(row, presenting)), total };
    },
    'workloads.get': async ({ db, orgId, params, caller }) => {
      const row = UUID.test(params.id) ? await findWorkload(db, orgId, params.id) : undefined;
      if (row === undefined) throw notFound(`The workload ${params.id}`);
      return present(db, row, caller);
    },
    'workloads.create': async (context) =>
      present(context.db, await createWorkload(deps, context, context.body), context.caller),
    'workloads.update': (context) =>
      updateWorkload(deps, context, { id: context.params.id, body: context.body }),
    'workloads.delete': (context) => deleteWorkload(deps, context, context.params.id),
    'workloads.bulk_create': (context) => bulkCreate(deps, context),
    'workloads.bulk_update': (context) => bulkUpdate(deps, context),
    'workloads.bulk_delete': (context) => bulkDelete(deps, context),
    'workloads.bulk_read': async ({ db, orgId, body, caller }) => {
      const ids = body.workloads.map(({ href }) => workloadIdOf(orgId, href));
      const rows = await workloadsByIds(db, orgId, ids);
      const presenting = await presentingOf(deps, db, { rows, caller });
      return rows.map((row) => presentWorkload(row, presenting));
    },
    'workloads.set_labels': (context) => setLabels(deps, context),
    'workloads.remove_labels': (context) => removeLabels(deps, context),
    'workloads.update_many': (context) => updateMany(deps, context),
    ...workloadPartRoutes(deps),
  };
}
