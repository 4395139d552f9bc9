import type { z } from 'zod';
import type { endpoints, ServicePortWire, ServiceWire } from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import {
  createDraft,
  deleteUnused,
  lockDraft,
  mustBeDraft,
  updateDraft,
} from '../../provisioning/drafts.ts';
import {
  matchesCommon,
  pageOf,
  viewOf,
  viewsOf,
  type ObjectView,
} from '../../provisioning/objects.ts';
import { capsFor, defined, presentVersioned } from '../../provisioning/present.ts';
import type { StoredService } from '../../provisioning/stored-content.ts';

const TYPE = 'services';
type Body = z.output<(typeof endpoints)['services.create']['body']>;
type Port = NonNullable<Body['service_ports']>[number];

function present(view: ObjectView<typeof TYPE>, caller: UserCaller): ServiceWire {
  const { content } = view;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    description_url: null,
    process_name: content.process_name,
    service_ports: content.service_ports,
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: view.createdBy === '/users/0' || view.word !== 'draft' ? [] : capsFor(caller),
  };
}

/** The form that clients read: TCP and UDP always with a port, 0 for all. */
export function storedPort(port: Port): ServicePortWire {
  const { proto } = port;
  if (proto === 1 || proto === 58) {
    const type = port.icmp_type ?? null;
    return {
      proto,
      ...(type === null ? {} : { icmp_type: type, icmp_code: port.icmp_code ?? null }),
    };
  }
  if (![6, 17, 132].includes(proto)) return { proto };
  const first = port.port ?? 0;
  if (first <= 0) return { proto, port: 0 };
  const last = port.to_port ?? first;
  return { proto, port: first, ...(last > first ? { to_port: last } : {}) };
}

function covers(port: ServicePortWire, wanted: number): boolean {
  const first = port.port ?? 0;
  if (first === 0) return port.proto === 6 || port.proto === 17;
  return wanted >= first && wanted <= (port.to_port ?? first);
}

export function serviceRoutes(deps: Deps): Routes {
  return {
    'services.list': async ({ db, orgId, params, query, caller }) => {
      const { port, proto } = query;
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) =>
          matchesCommon(content, query) &&
          (port === undefined || content.service_ports.some((item) => covers(item, port))) &&
          (proto === undefined || content.service_ports.some((item) => item.proto === proto)),
      );
      return {
        items: pageOf(views, query).map((view) => present(view, caller)),
        total: views.length,
      };
    },
    'services.get': async ({ db, orgId, params, caller }) =>
      present(
        await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id }),
        caller,
      ),
    'services.create': async (context) => {
      const { body, params, caller } = context;
      mustBeDraft(params.pversion);
      if (body.service_ports === undefined || body.service_ports.length === 0) {
        throw new DomainError(
          'input_validation_error',
          'service_ports: needs at least one port; all traffic is {"proto": -1}',
        );
      }
      const content: StoredService = {
        name: body.name,
        description: body.description ?? null,
        process_name: body.process_name ?? null,
        service_ports: body.service_ports.map(storedPort),
        external_data_set: body.external_data_set ?? null,
        external_data_reference: body.external_data_reference ?? null,
      };
      return present(await createDraft(deps, context, { type: TYPE, content }), caller);
    },
    'services.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { service_ports: ports, ...rest } = body;
      if (ports?.length === 0) {
        throw new DomainError(
          'input_validation_error',
          'service_ports: needs at least one port; all traffic is {"proto": -1}',
        );
      }
      const content: StoredService = {
        ...view.content,
        ...defined(rest),
        ...(ports === undefined ? {} : { service_ports: ports.map(storedPort) }),
      };
      await updateDraft(deps, context, { view, content });
    },
    'services.delete': async (context) => {
      const { pversion, id } = context.params;
      mustBeDraft(pversion);
      const refusal = 'service_referenced';
      await deleteUnused(deps, context, { type: TYPE, id, refusal });
    },
  };
}
