import { policyHref } from '@bulkhead/contract';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';
import type { PolicyTests } from '../policy-tests/policy-tests.ts';
import { dependenciesOf } from './dependencies.ts';
import { impact, type ImpactSources } from './impact.ts';
import { pageOf, parseWord } from './objects.ts';
import { chosenRows, pendingRows } from './pending.ts';
import { presentDependencies, presentPending } from './present-pending.ts';
import { provision } from './provision.ts';
import { restore } from './restore.ts';
import { revert } from './revert.ts';
import { STORED_TYPES } from './stored-content.ts';
import { findVersion, presentVersion } from './versions.ts';

const changeSet = z.array(
  z.object({
    type: z.enum(STORED_TYPES),
    id: z.string(),
    name: z.string(),
    update_type: z.enum(['create', 'update', 'delete']),
    updated_at: z.string(),
    updated_by: z.string(),
  }),
);

export interface ProvisioningParts extends ImpactSources {
  readonly tests: PolicyTests;
}

export function provisioningRoutes(deps: Deps, parts: ProvisioningParts): Routes {
  return {
    'sec_policy.list': async ({ db, orgId, query }) => {
      const all = db.selectFrom('policy_versions').where('org_id', '=', orgId);
      const { total } = await all
        .select((select) => select.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await all
        .selectAll()
        .orderBy('version', 'desc')
        .limit(query.max_results ?? 500)
        .execute();
      return { items: rows.map(presentVersion), total };
    },
    'sec_policy.get': async ({ db, orgId, params }) =>
      presentVersion(await findVersion(db, orgId, params.pversion)),
    'sec_policy.provision': (context) => provision(deps, parts.tests, context),
    'sec_policy.pending': async ({ db, orgId, caller }) =>
      presentPending(await pendingRows(db, orgId), caller),
    'sec_policy.dependencies': async ({ db, orgId, params, body }) => {
      // Only what is drafted can be provisioned or reverted.
      if (parseWord(params.pversion) !== 'draft') return [];
      const pending = await pendingRows(db, orgId);
      const chosen = chosenRows(orgId, pending, body.change_subset);
      return presentDependencies(dependenciesOf(body.operation, chosen, pending));
    },
    'sec_policy.impact': (context) => impact(deps, parts, context),
    'sec_policy.restore': (context) => restore(deps, context),
    'sec_policy.revert_all': (context) => revert(deps, context, undefined),
    'sec_policy.revert': async (context) => {
      const { change_subset: subset } = context.body;
      // An empty choice reverts nothing here; DELETE of sec_policy/pending is what reverts all.
      if (Object.values(subset).every((refs) => refs === undefined || refs.length === 0)) return;
      await revert(deps, context, subset);
    },
    'sec_policy.modified_objects': async ({ db, orgId, params, query }) => {
      const row = await findVersion(db, orgId, params.pversion);
      const changes = changeSet.parse(row.change_set);
      return {
        items: pageOf(changes, query).map((change) => ({
          object_type: change.type,
          href: policyHref(orgId, String(row.version), change.type, change.id),
          name: change.name,
          update_type: change.update_type,
          updated_at: change.updated_at,
          updated_by: { href: change.updated_by },
        })),
        total: changes.length,
      };
    },
  };
}
