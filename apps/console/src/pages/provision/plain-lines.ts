/** Objects that are no connections, as lines of text: what differs between two states is the lines that differ. */
import type { z } from 'zod';
import {
  firewallSettingsSchema,
  ipListSchema,
  labelGroupSchema,
  serviceSchema,
  virtualServiceSchema,
  type FirewallSettingsWire,
  type ServiceWire,
  type VirtualServiceWire,
} from '@bulkhead/contract';
import {
  IPV6_NAMES,
  MODE_NAMES,
  PRIMARY_NAMES,
  scopeText,
} from '../../format/firewall-settings.ts';
import { ipListText } from '../../format/ip-lists.ts';
import { portsText } from '../../format/services.ts';
import { programText } from '../../format/windows-services.ts';
import { KEY_NAMES } from '../../format/words.ts';

export type NameOf = (href: string) => string;

/** Lines of an object that the API answered; none where it is not what it should be. */
function linesBy<T>(
  schema: z.ZodType<T>,
  write: (value: T, nameOf: NameOf) => readonly string[],
): (value: unknown, nameOf: NameOf) => readonly string[] {
  return (value, nameOf) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? write(parsed.data, nameOf) : [];
  };
}

function described(object: { readonly name: string; readonly description?: string | null }) {
  const { name, description } = object;
  return [`Name: ${name}`, ...(description == null || description === '' ? [] : [description])];
}

function serviceLines(service: Pick<ServiceWire, 'name' | 'service_ports' | 'windows_services'>) {
  return [
    `Name: ${service.name}`,
    ...(service.service_ports ?? []).map((port) => portsText([port])),
    ...(service.windows_services ?? []).map(programText),
  ];
}

function virtualServiceLines(one: VirtualServiceWire): string[] {
  return [
    ...described(one),
    ...one.labels.map((label) => `Label: ${KEY_NAMES[label.key] ?? label.key} ${label.value}`),
    ...(one.service === undefined ? [] : [`Service: ${one.service.name}`]),
    ...(one.service_ports ?? []).map((port) => `Port: ${portsText([port])}`),
    ...one.service_addresses.map((address) =>
      ['Service address:', address.ip ?? address.fqdn, address.port].join(' ').trim(),
    ),
    ...one.ip_overrides.map((address) => `Local address: ${address}`),
    `Apply to: ${one.apply_to.replaceAll('_', ' ')}`,
  ];
}

function firewallLines(settings: FirewallSettingsWire, nameOf: NameOf): string[] {
  return [
    `IPv6: ${IPV6_NAMES[settings.ipv6_mode]}`,
    ...settings.vpn_pools.map((pool) => `VPN pool: ${pool}`),
    ...settings.blocked_connection_reject_scopes.map(
      (scope) => `Reject blocked connections of: ${scopeText(scope)}`,
    ),
    ...settings.firewall_coexistence.map((entry, index) => {
      const scope = entry.scope.map((ref) => nameOf(ref.href)).join(', ') || 'all workloads';
      const mode = entry.workload_mode === null ? '' : ` in ${MODE_NAMES[entry.workload_mode]}`;
      return `Coexistence ${index + 1}: ${scope}${mode}: ${PRIMARY_NAMES[entry.illumio_primary ? 'illumio' : 'other']}`;
    }),
  ];
}

const LINES: Record<string, (value: unknown, nameOf: NameOf) => readonly string[]> = {
  ip_lists: linesBy(ipListSchema.pick({ name: true, ip_ranges: true, fqdns: true }), (list) => [
    `Name: ${list.name}`,
    ...ipListText(list)
      .split('\n')
      .filter((line) => line !== ''),
  ]),
  services: linesBy(
    serviceSchema.pick({ name: true, service_ports: true, windows_services: true }),
    serviceLines,
  ),
  label_groups: linesBy(
    labelGroupSchema.pick({ name: true, labels: true, sub_groups: true }),
    (group) => [
      `Name: ${group.name}`,
      ...group.labels.map((label) => `${KEY_NAMES[label.key] ?? label.key} ${label.value}`),
      ...group.sub_groups.map((one) => `Group ${one.name}`),
    ],
  ),
  virtual_services: linesBy(virtualServiceSchema, virtualServiceLines),
  firewall_settings: linesBy(firewallSettingsSchema, firewallLines),
};

/** `value` as the API answered it; null: there is none. */
export function plainLines(type: string, value: unknown, nameOf: NameOf): readonly string[] {
  return value == null ? [] : (LINES[type]?.(value, nameOf) ?? []);
}
