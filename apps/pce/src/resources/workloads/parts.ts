/** Parts of one workload: its interfaces, and what can be asked of it. */
import { redetectionChange } from '../../gateway/redetection.ts';
import { recordEvent } from '../../audit/record-event.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { UUID } from '../../provisioning/references.ts';
import type { Db, StoredInterface } from '../../db/database.ts';
import { storedInterfaces } from './content.ts';
import { presentInterfaces, presentServices, venHref, workloadHref } from './presenter.ts';
import { findWorkload, type WorkloadRow } from './query.ts';
import { changeWorkload, lockWorkload } from './service.ts';

async function find(db: Db, orgId: number, id: string): Promise<WorkloadRow> {
  const row = UUID.test(id) ? await findWorkload(db, orgId, id) : undefined;
  if (row === undefined) throw notFound(`The workload ${id}`);
  return row;
}

/** Interfaces of an unmanaged workload are written, those of others reported. */
async function lockUnmanaged(context: WriteContext, id: string): Promise<WorkloadRow> {
  const row = await lockWorkload(context, id);
  if (!row.managed) return row;
  throw new DomainError(
    'method_not_allowed_error',
    `"${row.name ?? row.hostname ?? row.id}" has a VEN, which reports its interfaces; they cannot be written`,
    { href: workloadHref(row) },
  );
}

function withoutInterfaces(row: WorkloadRow, names: readonly string[]): StoredInterface[] {
  for (const name of names)
    if (!row.interfaces.some((item) => item.name === name))
      throw notFound(`The interface ${name} of ${workloadHref(row)}`);
  return row.interfaces.filter((item) => !names.includes(item.name));
}

/** The name behind the href of an interface of this workload. Throws 406. */
function interfaceNameOf(row: WorkloadRow, href: string): string {
  const place = `${workloadHref(row)}/interfaces/`;
  if (href.startsWith(place)) return href.slice(place.length);
  throw new DomainError('invalid_uri', `hrefs: "${href}" is no interface of ${workloadHref(row)}`);
}

export function workloadPartRoutes(deps: Deps): Routes {
  return {
    'workload_interfaces.list': async ({ db, orgId, params }) => {
      const items = presentInterfaces(await find(db, orgId, params.id));
      return { items, total: items.length };
    },
    'workload_interfaces.get': async ({ db, orgId, params }) => {
      const all = presentInterfaces(await find(db, orgId, params.id));
      const found = all.find(({ name }) => name === params.name);
      if (found === undefined)
        throw notFound(`The interface ${params.name} of the workload ${params.id}`);
      return found;
    },
    'workload_interfaces.create': async (context) => {
      const { body, params } = context;
      const row = await lockUnmanaged(context, params.id);
      if (body.address === undefined)
        throw new DomainError(
          'input_validation_error',
          'address: give the address of the interface, such as 192.0.2.1',
        );
      const [added] = storedInterfaces([{ ...body, address: body.address }]);
      const before = row.interfaces;
      if (before.some((item) => item.name === added?.name && item.address === added.address))
        throw new DomainError(
          'input_validation_error',
          `address: ${body.name} has the address ${body.address} already`,
        );
      const interfaces = [...before, ...(added === undefined ? [] : [added])];
      await changeWorkload(deps, context, { row, members: { interfaces } });
      const shown = presentInterfaces({ ...row, interfaces }).at(-1);
      if (shown === undefined) throw new Error('the interface that was added is not there');
      return shown;
    },
    'workload_interfaces.delete': async (context) => {
      const row = await lockUnmanaged(context, context.params.id);
      const interfaces = withoutInterfaces(row, [context.params.name]);
      await changeWorkload(deps, context, { row, members: { interfaces } });
    },
    'workload_interfaces.delete_many': async (context) => {
      const row = await lockUnmanaged(context, context.params.id);
      const names = context.body.hrefs.map((href) => interfaceNameOf(row, href));
      const interfaces = withoutInterfaces(row, names);
      await changeWorkload(deps, context, { row, members: { interfaces } });
    },
    'ignored_interfaces.get': async ({ db, orgId, params }) =>
      (await find(db, orgId, params.id)).ignored_interface_names,
    'ignored_interfaces.update': async (context) => {
      const row = await lockWorkload(context, context.params.id);
      const names = [...new Set(context.body)];
      await changeWorkload(deps, context, { row, members: { ignored_interface_names: names } });
    },
    'workloads.service_report': async ({ db, orgId, params }) =>
      presentServices(await find(db, orgId, params.id)),
    'workloads.recalc_rules': async (context) => {
      const row = await lockWorkload(context, context.params.id);
      appendChange(context.db, { orgId: context.orgId, kind: 'workload', href: workloadHref(row) });
      await note(context, row, 'workload.recalc_rules');
    },
    'workloads.redetect_network': async (context) => {
      const row = await lockWorkload(context, context.params.id);
      if (row.ven === null)
        throw new DomainError(
          'method_not_allowed_error',
          `"${row.name ?? row.hostname ?? row.id}" has no VEN that could detect its network profile`,
          { href: workloadHref(row) },
        );
      appendChange(context.db, redetectionChange(context.orgId, workloadHref(row)));
      await note(context, row, 'workload.redetect_network');
    },
    'workloads.risk_details': async ({ db, orgId, params }) => {
      await find(db, orgId, params.id);
      return {};
    },
    'workloads.detected_vulnerabilities': async ({ db, orgId, params }) => {
      await find(db, orgId, params.id);
      return { items: [], total: 0 };
    },
  };

  async function note(context: WriteContext, row: WorkloadRow, eventType: string): Promise<void> {
    await recordEvent(deps, context.db, {
      orgId: context.orgId,
      eventType,
      actor: context,
      httpStatus: 204,
      info: {
        workload: { href: workloadHref(row), name: row.name, hostname: row.hostname },
        ...(row.ven === null ? {} : { ven: { href: venHref(row) } }),
      },
    });
  }
}
