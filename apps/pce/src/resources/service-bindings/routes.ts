import {
  objectHref,
  policyHref,
  serviceBindingWriteSchema,
  type ServiceBindingWire,
} from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { parsePart } from '../../http/request-parsing.ts';
import type { Routes } from '../../http/routes.ts';
import { deleteMany } from '../../provisioning/delete-many.ts';
import { plainCaps } from '../../provisioning/present.ts';
import { eachItem } from '../bulk.ts';
import { bind, bindingHref, findBinding, findBindings, unbind, type BindingRow } from './store.ts';

function present(row: BindingRow, caller: UserCaller): ServiceBindingWire {
  const service = {
    href: policyHref(row.org_id, 'active', 'virtual_services', row.virtual_service_id),
  };
  return {
    href: bindingHref(row),
    bound_service: service,
    virtual_service: service,
    workload: {
      href: objectHref(row.org_id, 'workloads', row.workload_id),
      name: row.workload_name,
      hostname: row.workload_hostname,
      deleted: row.workload_deleted,
    },
    port_overrides: [],
    external_data_set: row.external_data_set,
    external_data_reference: row.external_data_reference,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: plainCaps(caller),
  };
}

export function serviceBindingRoutes(deps: Deps): Routes {
  return {
    'service_bindings.list': async ({ db, orgId, query, caller }) => {
      const { rows, total } = await findBindings(db, orgId, query);
      return { items: rows.map((row) => present(row, caller)), total };
    },
    'service_bindings.get': async ({ db, orgId, params, caller }) =>
      present(await findBinding(db, orgId, params.id), caller),
    'service_bindings.create': (context) =>
      eachItem(context, async (own, item) => {
        const write = serviceBindingWriteSchema.parse(
          parsePart(serviceBindingWriteSchema, item, 'body'),
        );
        return { href: await bind(deps, own, write), status: 'created' };
      }),
    'service_bindings.delete': (context) => unbind(deps, context, context.params.id),
    'service_bindings.delete_many': (context) =>
      deleteMany(
        { orgId: context.orgId, types: ['service_bindings'] },
        context.body.hrefs,
        ([id]) => unbind(deps, context, id ?? ''),
      ),
  };
}
