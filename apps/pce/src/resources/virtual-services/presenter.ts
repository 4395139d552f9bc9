import {
  policyHref,
  withVersion,
  type ServicePortWire,
  type VirtualServiceWire,
} from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import { viewsOf, type ObjectView } from '../../provisioning/objects.ts';
import { capsFor, presentVersioned } from '../../provisioning/present.ts';
import { hrefsIn, loadNames, type Names } from '../../provisioning/references.ts';
import type { StoredVirtualService } from '../../provisioning/stored-content.ts';
import { presentLabels } from '../workloads/labels.ts';

export type VirtualServiceView = ObjectView<'virtual_services'>;

export async function presentVirtualServices(
  db: Db,
  views: readonly VirtualServiceView[],
  caller: UserCaller,
): Promise<VirtualServiceWire[]> {
  const [first] = views;
  if (first === undefined) return [];
  const hrefs = hrefsIn(views.map((view) => view.content));
  const names = await loadNames(db, first.orgId, { hrefs, word: first.word });
  const services = await viewsOf(db, first.orgId, { type: 'services', word: first.word });
  const ports = new Map(
    services.map((view) => [
      policyHref(view.orgId, 'draft', 'services', view.id),
      view.content.service_ports,
    ]),
  );
  return views.map((view) => {
    const { service, service_ports: own } = view.content;
    const served = service === null ? own : (ports.get(service.href) ?? []);
    return { ...present(view, names, caller), warnings: warningsOf(view.content, served) };
  });
}

function present(
  view: VirtualServiceView,
  names: Names,
  caller: UserCaller,
): Omit<VirtualServiceWire, 'warnings'> {
  const { content, word } = view;
  const { service } = content;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    pce_fqdn: null,
    apply_to: content.apply_to,
    ...(service === null
      ? { service_ports: [...content.service_ports] }
      : {
          service: {
            href: withVersion(service.href, word),
            name: names.get(service.href)?.name ?? '',
          },
        }),
    service_addresses: content.service_addresses.map((address) => ({ ...address })),
    ip_overrides: [...content.ip_overrides],
    labels: presentLabels(
      content.labels.map(({ href }) => href),
      names,
    ),
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: word === 'draft' ? capsFor(caller) : [],
  };
}

/** What is kept for clients and stands for nothing in the policy. */
function warningsOf(
  content: StoredVirtualService,
  served: readonly ServicePortWire[],
): VirtualServiceWire['warnings'] {
  const names = content.service_addresses.flatMap(({ fqdn }) => fqdn ?? []);
  const other = content.service_addresses.flatMap(({ ip, port }) =>
    ip === undefined || port === undefined || serves(served, port) ? [] : [`${ip}:${port}`],
  );
  const warning = (token: string, message: string) => [{ token, message }];
  return [
    ...(names.length === 0
      ? []
      : warning(
          'fqdn_dropped',
          `The names ${names.slice(0, 5).join(', ')} stand for no address here; rules that are to reach them need an IP list with these names as provider`,
        )),
    ...(other.length === 0
      ? []
      : warning(
          'service_address_port_ignored',
          `The ports of ${other.slice(0, 5).join(', ')} are not among the service's; rules open the service's own ports on these addresses`,
        )),
    ...(content.apply_to === 'host_only'
      ? []
      : warning(
          'apply_to_without_effect',
          'Bridges of containers are not enforced; the service stands for its hosts as with host_only',
        )),
  ];
}

function serves(ports: readonly ServicePortWire[], wanted: number): boolean {
  return ports.some(
    ({ proto, port: first = 0, to_port: last = first }) =>
      proto === -1 ||
      (first === 0 && [6, 17].includes(proto)) ||
      (wanted >= first && wanted <= last),
  );
}
