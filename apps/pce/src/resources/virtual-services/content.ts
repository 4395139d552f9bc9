/** From what requests say to virtual services as they are stored. */
import { canonicalAddress, formatSpan, parsePrefix } from '@bulkhead/net';
import type { ServiceAddressWrite, VirtualServiceWrite } from '@bulkhead/contract';
import { DomainError } from '../../http/domain-error.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { isFqdn } from '../../provisioning/fqdn.ts';
import { checkReferences, identityOf } from '../../provisioning/references.ts';
import type {
  StoredServiceAddress,
  StoredVirtualService,
} from '../../provisioning/stored-content.ts';
import { networkRef } from '../networks/networks.ts';
import { storedPort } from '../services/routes.ts';
import { checkedLabels } from '../workloads/labels.ts';

type Given = { readonly [K in keyof VirtualServiceWrite]?: VirtualServiceWrite[K] | undefined };
type Context = Pick<WriteContext, 'db' | 'orgId'>;

const NOTHING: Omit<StoredVirtualService, 'name'> = {
  description: null,
  apply_to: 'host_only',
  service: null,
  service_ports: [],
  service_addresses: [],
  ip_overrides: [],
  labels: [],
  external_data_set: null,
  external_data_reference: null,
};

export function newContent(
  context: Context,
  write: VirtualServiceWrite,
): Promise<StoredVirtualService> {
  return changedContent(context, { name: write.name, ...NOTHING }, write);
}

/** The content with the members that are given put in. Refuses what cannot be, or refers to nothing. */
export async function changedContent(
  context: Context,
  before: StoredVirtualService,
  write: Given,
): Promise<StoredVirtualService> {
  const { db, orgId } = context;
  const service = serviceOf(before, write);
  if (service.service !== null)
    await checkReferences(db, orgId, [
      { href: service.service.href, kind: 'services', member: 'service' },
    ]);
  const given = <T>(value: T | undefined, old: T): T => (value === undefined ? old : value);
  return {
    name: write.name ?? before.name,
    description: given(write.description, before.description),
    apply_to: write.apply_to ?? before.apply_to,
    ...service,
    service_addresses:
      write.service_addresses?.map((item, index) =>
        serviceAddress(orgId, item, `service_addresses[${index}]`),
      ) ?? before.service_addresses,
    ip_overrides:
      write.ip_overrides?.map((text, index) => ipOverride(text, `ip_overrides[${index}]`)) ??
      before.ip_overrides,
    labels:
      write.labels === undefined
        ? before.labels
        : (await checkedLabels(db, orgId, write.labels)).map((href) => ({ href })),
    external_data_set: given(write.external_data_set, before.external_data_set),
    external_data_reference: given(write.external_data_reference, before.external_data_reference),
  };
}

/** A service by reference, or ports in place: the one that is given stands, and one of them must. */
function serviceOf(
  before: StoredVirtualService,
  { service, service_ports: ports }: Given,
): Pick<StoredVirtualService, 'service' | 'service_ports'> {
  const refuse = (message: string): DomainError =>
    new DomainError('input_validation_error', message);
  const hasPorts = ports != null && ports.length > 0;
  if (service != null && hasPorts)
    throw refuse('service_ports: stand beside service; give one of them');
  if (service != null) return { service: { href: identityOf(service.href) }, service_ports: [] };
  if (hasPorts) return { service: null, service_ports: ports.map(storedPort) };
  const kept = {
    service: service === null ? null : before.service,
    service_ports: ports === undefined ? before.service_ports : [],
  };
  if (kept.service === null && kept.service_ports.length === 0)
    throw refuse('service: needs a service, or service_ports such as [{"proto": 6, "port": 443}]');
  return kept;
}

function ipOverride(text: string, member: string): string {
  if (text.includes('/')) {
    const parsed = parsePrefix(text);
    if (parsed.ok) return formatSpan(parsed.value);
    throw new DomainError('invalid_ip_address', `${member}: ${parsed.message}`);
  }
  return addressOf(text, member);
}

function addressOf(text: string, member: string): string {
  const canonical = canonicalAddress(text);
  if (canonical !== null) return canonical;
  throw new DomainError(
    'invalid_ip_address',
    `${member}: "${text}" is not an address; write IPv4 such as 192.0.2.1 or IPv6 such as 2001:db8::1`,
  );
}

function serviceAddress(
  orgId: number,
  item: ServiceAddressWrite,
  member: string,
): StoredServiceAddress {
  const port = item.port != null && item.port > 0 ? { port: item.port } : {};
  if ('fqdn' in item) {
    const { fqdn, description } = item;
    if (!isFqdn(fqdn))
      throw new DomainError(
        'input_validation_error',
        `${member}.fqdn: "${fqdn}" is no name; write one such as www.example.com`,
      );
    return { fqdn, ...port, ...(description == null ? {} : { description }) };
  }
  const { network } = item;
  const corporate = networkRef(orgId, 'corporate').href;
  if (network != null && identityOf(network.href) !== corporate)
    throw new DomainError(
      'invalid_uri',
      `${member}.network: "${network.href}" is not the Corporate network, and services have addresses there alone; leave it out or write ${corporate}`,
    );
  return {
    ip: addressOf(item.ip, `${member}.ip`),
    ...port,
    ...(network == null ? {} : { network: { href: corporate } }),
  };
}
