/** What a request makes of a workload: its members as they are stored. */
import { z } from 'zod';
import type { endpoints } from '@bulkhead/contract';
import { canonicalAddress, familyOf } from '@bulkhead/net';
import { VISIBILITY_LEVELS } from '@bulkhead/policy';
import { json, type StoredInterface } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { LabelResolver } from './labels.ts';
import type { WorkloadRow } from './query.ts';
import { enforcementModeOf } from './words.ts';

export type WorkloadBody = z.output<(typeof endpoints)['workloads.create']['body']>;
type InterfaceBody = NonNullable<WorkloadBody['interfaces']>[number];

/** Of what older clients write, the members that mean something; others are ignored. */
const agentSchema = z.object({
  config: z
    .object({
      mode: z.string().optional().catch(undefined),
      visibility_level: z.enum(VISIBILITY_LEVELS).optional().catch(undefined),
      log_traffic: z.boolean().optional().catch(undefined),
    })
    .optional(),
});

function oldConfigOf(body: WorkloadBody) {
  return agentSchema.safeParse(body.agent).data?.config ?? {};
}

/** `enforcement_mode` wins over the mode that older clients write. */
function modeOf(body: WorkloadBody): WorkloadRow['enforcement_mode'] | undefined {
  const { mode } = oldConfigOf(body);
  return body.enforcement_mode ?? (mode === undefined ? undefined : enforcementModeOf(mode));
}

/** The same for what is logged. */
function visibilityOf(
  body: WorkloadBody,
  before: WorkloadRow['visibility_level'],
): WorkloadRow['visibility_level'] {
  const { visibility_level: level, log_traffic: logs } = oldConfigOf(body);
  return body.visibility_level ?? level ?? visibilityOfLogging(logs, before);
}

/** Before there were levels, there was yes (a summary) and no (what is blocked). What says the same as before changes nothing. */
export function visibilityOfLogging(
  logs: boolean | undefined,
  before: WorkloadRow['visibility_level'],
): WorkloadRow['visibility_level'] {
  if (logs === undefined || logs === logsTraffic(before)) return before;
  return logs ? 'flow_summary' : 'flow_drops';
}

/** Whether what is allowed is logged too. */
export function logsTraffic(level: WorkloadRow['visibility_level']): boolean {
  return level !== 'flow_off' && level !== 'flow_drops';
}

function addressOf(text: string, member: string): string {
  const canonical = canonicalAddress(text);
  if (canonical !== null) return canonical;
  const hint = text.includes('/') ? '; the prefix length goes into cidr_block' : '';
  throw new DomainError(
    'invalid_ip_address',
    `${member}: "${text}" is not an address; write IPv4 such as 192.0.2.1 or IPv6 such as 2001:db8::1${hint}`,
  );
}

function storedInterface(item: InterfaceBody, index: number): StoredInterface {
  const at = `interfaces[${index}]`;
  const address = addressOf(item.address, `${at}.address`);
  const gateway = item.default_gateway_address ?? null;
  const prefix = item.cidr_block ?? null;
  if (prefix !== null && familyOf(address) === 4 && prefix > 32)
    throw new DomainError(
      'invalid_ip_address',
      `${at}.cidr_block: ${prefix} is no prefix length of IPv4; it is 0 to 32`,
    );
  return {
    name: item.name,
    friendly_name: item.friendly_name ?? null,
    address,
    cidr_block: prefix,
    default_gateway_address:
      gateway === null ? null : addressOf(gateway, `${at}.default_gateway_address`),
    link_state: item.link_state ?? null,
    loopback: address === '::1' || address.startsWith('127.'),
    network: 'corporate',
    network_detection_mode: null,
  };
}

export function storedInterfaces(items: readonly InterfaceBody[]): StoredInterface[] {
  const stored = items.map(storedInterface);
  const seen = new Set<string>();
  stored.forEach((item, index) => {
    const key = `${item.name} ${item.address}`;
    if (seen.has(key))
      throw new DomainError(
        'input_validation_error',
        `interfaces[${index}]: ${item.name} has the address ${item.address} twice; leave one out`,
      );
    seen.add(key);
  });
  return stored;
}

/** Members that a request may change. */
export type Writable = Pick<
  WorkloadRow,
  | 'name'
  | 'hostname'
  | 'description'
  | 'external_data_set'
  | 'external_data_reference'
  | 'service_principal_name'
  | 'distinguished_name'
  | 'public_ip'
  | 'interfaces'
  | 'ignored_interface_names'
  | 'service_provider'
  | 'data_center'
  | 'data_center_zone'
  | 'os_id'
  | 'os_detail'
  | 'online'
  | 'labels'
  | 'enforcement_mode'
  | 'visibility_level'
>;

export const NOTHING: Writable = {
  name: null,
  hostname: null,
  description: null,
  external_data_set: null,
  external_data_reference: null,
  service_principal_name: null,
  distinguished_name: null,
  public_ip: null,
  interfaces: [],
  ignored_interface_names: [],
  service_provider: null,
  data_center: null,
  data_center_zone: null,
  os_id: null,
  os_detail: null,
  online: false,
  labels: [],
  enforcement_mode: 'visibility_only',
  visibility_level: 'flow_summary',
};

export function writableOf(row: Writable): Writable {
  return Object.fromEntries(
    Object.keys(NOTHING).map((key) => [key, row[key as keyof Writable]]), // keys of NOTHING are those of Writable
  ) as unknown as Writable; // every member was taken over
}

/** Null clears; absent leaves it. */
function given<T>(value: T | undefined, before: T): T {
  return value === undefined ? before : value;
}

export function changed(
  before: Writable,
  body: WorkloadBody,
  { managed, labels }: { readonly managed: boolean; readonly labels: LabelResolver },
): Writable {
  const publicIp = body.public_ip;
  const common: Writable = {
    ...before,
    name: given(body.name, before.name),
    description: given(body.description, before.description),
    external_data_set: given(body.external_data_set, before.external_data_set),
    external_data_reference: given(body.external_data_reference, before.external_data_reference),
    service_principal_name: given(body.service_principal_name, before.service_principal_name),
    service_provider: given(body.service_provider, before.service_provider),
    data_center: given(body.data_center, before.data_center),
    data_center_zone: given(body.data_center_zone, before.data_center_zone),
    ignored_interface_names: given(body.ignored_interface_names, before.ignored_interface_names),
    public_ip:
      publicIp === undefined || publicIp === null
        ? given(publicIp, before.public_ip)
        : addressOf(publicIp, 'public_ip'),
    labels: body.labels === undefined ? before.labels : labels(body.labels),
    enforcement_mode: given(modeOf(body), before.enforcement_mode),
    visibility_level: visibilityOf(body, before.visibility_level),
  };
  // What the VEN reports is not for requests to change.
  if (managed) return common;
  return {
    ...common,
    hostname: given(body.hostname, before.hostname),
    distinguished_name: given(body.distinguished_name, before.distinguished_name),
    os_id: given(body.os_id, before.os_id),
    os_detail: given(body.os_detail, before.os_detail),
    online: given(body.online, before.online),
    interfaces:
      body.interfaces === undefined ? before.interfaces : storedInterfaces(body.interfaces),
  };
}

export function columns(values: Writable) {
  return {
    ...values,
    interfaces: json(values.interfaces),
    ignored_interface_names: json(values.ignored_interface_names),
    labels: json(values.labels),
  };
}
