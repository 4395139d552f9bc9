import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { notFound } from '../../http/domain-error.ts';
import { markVen } from '../../gateway/ven-status.ts';
import type { Routes } from '../../http/routes.ts';
import { refuseStale } from '../../provisioning/drafts.ts';
import { UUID } from '../../provisioning/references.ts';
import { venConditions } from '../workloads/filters.ts';
import { presentOldAgent, presentVen, venHref, workloadHref } from '../workloads/presenter.ts';
import { afterOf, findWorkload, findWorkloads } from '../workloads/query.ts';
import { presentingOf } from '../workloads/routes.ts';
import { clearConditions } from './conditions.ts';
import { countByProperty } from './statistics.ts';

/** List, look and name; pairing, unpairing and everything that a VEN itself says is the gateway's. */
export function venRoutes(deps: Deps): Routes {
  return {
    'vens.list': async ({ db, orgId, query, caller, after }) => {
      const { rows, total } = await findWorkloads(db, orgId, {
        conditions: venConditions(query, deps.config.fqdn),
        paging: { ...query, after: afterOf(after) },
      });
      const presenting = await presentingOf(deps, db, { rows, caller });
      const items = rows.flatMap((row) =>
        row.ven === null ? [] : [presentVen(row, row.ven, presenting)],
      );
      return { items, total };
    },
    'vens.get': async ({ db, orgId, params, caller }) => {
      const row = UUID.test(params.id) ? await findWorkload(db, orgId, params.id) : undefined;
      if (row?.ven == null) throw notFound(`The VEN ${params.id}`);
      return presentVen(row, row.ven, await presentingOf(deps, db, { rows: [row], caller }));
    },
    'vens.statistics': async ({ db, orgId, body }) => {
      const answers = [];
      for (const wanted of body.property_counts)
        answers.push(await countByProperty(db, orgId, wanted));
      return answers;
    },
    'vens.clear_conditions': async (context) => {
      const hrefs = await clearConditions(deps, context);
      const message = 'There is no such VEN';
      return { errors: hrefs.length === 0 ? [] : [{ token: 'not_found_error', message, hrefs }] };
    },
    'agents.get': async ({ db, orgId, params, caller }) => {
      const ven = /^\d{1,15}$/.test(params.id)
        ? await db
            .selectFrom('vens')
            .select('id')
            .where('org_id', '=', orgId)
            .where('agent_id', '=', Number(params.id))
            .executeTakeFirst()
        : undefined;
      const row = ven === undefined ? undefined : await findWorkload(db, orgId, ven.id);
      if (row?.ven == null) throw notFound(`The agent ${params.id}`);
      return presentOldAgent(row, row.ven, await presentingOf(deps, db, { rows: [row], caller }));
    },
    'vens.update': async (context) => {
      const { db, orgId, params, body, caller } = context;
      const missing = notFound(`The VEN ${params.id}`);
      if (!UUID.test(params.id)) throw missing;
      await db
        .selectFrom('workloads')
        .select('id')
        .where('id', '=', params.id)
        .forUpdate()
        .executeTakeFirst();
      const row = await findWorkload(db, orgId, params.id);
      if (row === undefined || row.ven === null || row.deleted) throw missing;
      const { ven } = row;
      await refuseStale(context, {
        name: row.name ?? ven.hostname,
        updatedAt: ven.updated_at,
        updatedBy: ven.updated_by,
      });
      if (body.status !== undefined)
        await markVen(deps, db, { orgId, venId: row.id, status: body.status, by: context });
      const before = {
        name: row.name,
        description: ven.description,
        golden_image: ven.golden_image,
      };
      const after = {
        name: body.name === undefined ? before.name : body.name,
        description: body.description === undefined ? before.description : body.description,
        golden_image: body.golden_image ?? before.golden_image,
      };
      const changes = describeChanges(before, after);
      if (Object.keys(changes).length === 0) return;
      const audited = { updated_at: deps.clock.now(), updated_by: caller.href };
      await db
        .updateTable('vens')
        .set({ description: after.description, golden_image: after.golden_image, ...audited })
        .where('id', '=', row.id)
        .execute();
      if (after.name !== before.name) {
        // A VEN and its workload have one name.
        await db
          .updateTable('workloads')
          .set({ name: after.name, ...audited })
          .where('id', '=', row.id)
          .execute();
        appendChange(db, { orgId, kind: 'workload', href: workloadHref(row) });
      }
      appendChange(db, { orgId, kind: 'vens', href: venHref(row) });
      await recordEvent(deps, db, {
        orgId,
        eventType: 'agent.update',
        actor: context,
        httpStatus: 204,
        resourceChanges: [
          {
            type: 'ven',
            href: venHref(row),
            naming: { name: after.name, hostname: ven.hostname },
            changeType: 'update',
            changes,
          },
        ],
      });
    },
  };
}
