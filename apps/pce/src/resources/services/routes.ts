import type { z } from 'zod';
import type {
  endpoints,
  ServicePortWire,
  ServiceWire,
  WindowsServiceWire,
} from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { deleteMany } from '../../provisioning/delete-many.ts';
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
import { capsOfOwn, presentVersioned } from '../../provisioning/present.ts';
import type { StoredService } from '../../provisioning/stored-content.ts';

const TYPE = 'services';
const REFUSAL = 'service_referenced';
type Body = z.output<(typeof endpoints)['services.create']['body']>;
type Given = { readonly [K in keyof Body]?: Body[K] | undefined };
type Port = NonNullable<Body['service_ports']>[number];
type Program = NonNullable<Body['windows_services']>[number];

function present(view: ObjectView<typeof TYPE>, caller: UserCaller): ServiceWire {
  const { content } = view;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    description_url: null,
    process_name: content.process_name,
    ...(content.windows_services === undefined
      ? { service_ports: content.service_ports }
      : { windows_services: content.windows_services }),
    ...(content.windows_egress_services === undefined
      ? {}
      : { windows_egress_services: content.windows_egress_services }),
    risk_details: content.risk_details ?? null,
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: capsOfOwn(view, caller),
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

function storedProgram(entry: Program): WindowsServiceWire {
  const { proto, service_name: service, process_name: process } = entry;
  return {
    ...(service == null ? {} : { service_name: service }),
    ...(process == null ? {} : { process_name: process }),
    ...(proto === undefined ? {} : storedPort({ ...entry, proto })),
  };
}

type PortLists = Pick<StoredService, 'service_ports' | 'windows_services'>;

/** The one list of ports that a request gives, or else the one of before. */
function portLists(body: Given, before: StoredService): PortLists {
  const { service_ports: ports, windows_services: programs } = body;
  if (ports === undefined && programs === undefined) {
    const { service_ports, windows_services } = before;
    return windows_services === undefined ? { service_ports } : { service_ports, windows_services };
  }
  const refuse = (message: string): DomainError =>
    new DomainError('input_validation_error', message);
  const hasPorts = ports !== undefined && ports.length > 0;
  const hasPrograms = programs !== undefined && programs.length > 0;
  if (hasPorts && hasPrograms)
    throw refuse(
      'windows_services: stands beside service_ports; give one of them, an entry of windows_services may be a port without a name',
    );
  if (hasPorts) return { service_ports: ports.map(storedPort) };
  if (hasPrograms) return { service_ports: [], windows_services: programs.map(storedProgram) };
  throw refuse('service_ports: needs at least one port; all traffic is {"proto": -1}');
}

/** Members that are kept only while they say something. */
function extras(
  body: Given,
  before: StoredService,
): Pick<StoredService, 'windows_egress_services' | 'risk_details'> {
  const egress = body.windows_egress_services ?? before.windows_egress_services ?? [];
  const risk = body.risk_details === undefined ? before.risk_details : body.risk_details;
  return {
    ...(egress.length === 0 ? {} : { windows_egress_services: egress }),
    ...(risk == null ? {} : { risk_details: risk }),
  };
}

const NOTHING: Omit<StoredService, 'name'> = {
  description: null,
  process_name: null,
  service_ports: [],
  external_data_set: null,
  external_data_reference: null,
};

/** The content with the members that are given put in. */
function changed(before: StoredService, body: Given): StoredService {
  const given = <K extends keyof StoredService & keyof Given>(member: K) =>
    (body[member] === undefined ? before[member] : body[member]) as StoredService[K];
  return {
    name: given('name'),
    description: given('description'),
    process_name: given('process_name'),
    ...portLists(body, before),
    ...extras(body, before),
    external_data_set: given('external_data_set'),
    external_data_reference: given('external_data_reference'),
  };
}

/** All entries of a service with their protocol and ports. */
function entriesOf(content: StoredService): ServicePortWire[] {
  const programs = content.windows_services ?? [];
  return [
    ...content.service_ports,
    ...programs.map((entry) => ({ ...entry, proto: entry.proto ?? -1 })),
  ];
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
          (port === undefined || entriesOf(content).some((item) => covers(item, port))) &&
          (proto === undefined || entriesOf(content).some((item) => item.proto === proto)),
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
      const content = changed({ name: body.name, ...NOTHING }, { service_ports: [], ...body });
      return present(await createDraft(deps, context, { type: TYPE, content }), caller);
    },
    'services.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const content = changed(view.content, body);
      await updateDraft(deps, context, { view, content });
    },
    'services.delete': async (context) => {
      const { pversion, id } = context.params;
      mustBeDraft(pversion);
      await deleteUnused(deps, context, { type: TYPE, id, refusal: REFUSAL });
    },
    'services.delete_many': async (context) => {
      const { orgId, params, body } = context;
      mustBeDraft(params.pversion);
      await deleteMany({ orgId, types: [TYPE] }, body.hrefs, ([id = '']) =>
        deleteUnused(deps, { ...context, ifUpdatedAt: null }, { type: TYPE, id, refusal: REFUSAL }),
      );
    },
  };
}
