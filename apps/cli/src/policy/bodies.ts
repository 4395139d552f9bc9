/** Items of files as bodies of the API: hrefs for names. */
import type { ActorWrite, CallOptions } from '@bulkhead/contract';
import {
  type ActorText,
  type BoundaryItem,
  type IpRangeText,
  type IpTablesRuleItem,
  type Items,
  type RuleItem,
  type RuleServiceText,
  type ScopeEntryText,
  type Section,
  type TestHostText,
} from './format.ts';
import { parsePort, protocolOf, type PortNumbers } from './service-text.ts';

export type ReferenceKind =
  | 'labels'
  | 'label_groups'
  | 'ip_lists'
  | 'services'
  | 'virtual_services'
  | 'user_groups'
  | 'workloads'
  | 'networks';
export type Path = readonly (string | number)[];
/** Href of what a name means. `path`: where in the item the name stands. */
export type Resolve = (kind: ReferenceKind, name: string, path: Path) => string;

type Body<O extends 'rule_sets.create' | 'enforcement_boundaries.create' | 'policy_tests.create'> =
  NonNullable<CallOptions<O>['body']>;
type RuleBody = NonNullable<Body<'rule_sets.create'>['rules']>[number];
type IpTablesBody = NonNullable<Body<'rule_sets.create'>['ip_tables_rules']>[number];

interface Ref {
  readonly href: string;
}

function external(item: {
  readonly external_data_set?: string | undefined;
  readonly external_data_reference?: string | undefined;
}) {
  return {
    external_data_set: item.external_data_set ?? null,
    external_data_reference: item.external_data_reference ?? null,
  };
}

function numbersOf(text: string): PortNumbers {
  const parsed = parsePort(text);
  if (typeof parsed === 'string') throw new TypeError(parsed);
  return parsed;
}

/** A port of a rule or a virtual service: TCP or UDP alone. */
function inlinePort(text: string) {
  const { proto, port, to_port: last } = numbersOf(text);
  if (proto !== 6 && proto !== 17)
    throw new TypeError(`"${text}" is no TCP or UDP port; write anything else as a service`);
  return {
    proto,
    ...(port === undefined ? {} : { port }),
    ...(last === undefined ? {} : { to_port: last }),
  } as const;
}

function rangeBody(text: IpRangeText) {
  const item = typeof text === 'string' ? { range: text } : text;
  const [from = '', to] = item.range.split('-');
  return {
    from_ip: from,
    ...(to === undefined ? {} : { to_ip: to }),
    exclusion: 'exclusion' in item && item.exclusion === true,
    description: ('description' in item ? item.description : null) ?? null,
  };
}

function scopeEntryBody(entry: ScopeEntryText, path: Path, resolve: Resolve) {
  if (typeof entry === 'string') return { label: { href: resolve('labels', entry, path) } };
  const exclusion = entry.exclusion === true ? { exclusion: true } : {};
  return 'label' in entry
    ? { label: { href: resolve('labels', entry.label, [...path, 'label']) }, ...exclusion }
    : {
        label_group: { href: resolve('label_groups', entry.label_group, [...path, 'label_group']) },
        ...exclusion,
      };
}

function actorBody(actor: ActorText, path: Path, resolve: Resolve): ActorWrite {
  if (actor === 'ams') return { actors: 'ams' };
  if (typeof actor === 'string' || 'label' in actor || 'label_group' in actor)
    return scopeEntryBody(actor, path, resolve);
  if ('workload' in actor)
    return { workload: { href: resolve('workloads', actor.workload, [...path, 'workload']) } };
  if ('ip_list' in actor)
    return { ip_list: { href: resolve('ip_lists', actor.ip_list, [...path, 'ip_list']) } };
  return {
    virtual_service: {
      href: resolve('virtual_services', actor.virtual_service, [...path, 'virtual_service']),
    },
  };
}

function ruleServiceBody(item: RuleServiceText, path: Path, resolve: Resolve) {
  if (typeof item !== 'string') return { href: resolve('services', item.service, path) };
  const isPort = /^(tcp|udp)(\/|$)/.test(item);
  return isPort ? inlinePort(item) : { href: resolve('services', item, path) };
}

function sidesBody(
  item: Pick<BoundaryItem, 'providers' | 'consumers'> & Pick<RuleItem, 'ingress_services'>,
  path: Path,
  resolve: Resolve,
) {
  const side = (member: 'providers' | 'consumers') =>
    item[member].map((actor, index) => actorBody(actor, [...path, member, index], resolve));
  return {
    providers: side('providers'),
    consumers: side('consumers'),
    ingress_services: (item.ingress_services ?? []).map((one, index) =>
      ruleServiceBody(one, [...path, 'ingress_services', index], resolve),
    ),
  };
}

/** A rule with every member, so that what the file leaves out is put back to its default. */
export function ruleBody(item: RuleItem, path: Path, resolve: Resolve): RuleBody {
  const refs = (member: 'egress_services' | 'user_groups', kind: ReferenceKind): Ref[] =>
    (item[member] ?? []).map((name, index) => ({
      href: resolve(kind, name, [...path, member, index]),
    }));
  return {
    enabled: item.enabled ?? true,
    description: item.description ?? null,
    ...sidesBody(item, path, resolve),
    egress_services: refs('egress_services', 'services'),
    consuming_security_principals: refs('user_groups', 'user_groups'),
    unscoped_consumers: item.unscoped_consumers ?? false,
    network_type: item.network_type ?? 'brn',
    use_workload_subnets: item.use_workload_subnets ?? [],
    resolve_labels_as: item.resolve_labels_as ?? {
      providers: ['workloads'],
      consumers: ['workloads'],
    },
    stateless: item.stateless ?? false,
    sec_connect: item.sec_connect ?? false,
    machine_auth: item.machine_auth ?? false,
    log_flow: item.log_flow ?? false,
    ...external(item),
  };
}

export function ipTablesBody(item: IpTablesRuleItem, path: Path, resolve: Resolve): IpTablesBody {
  return {
    enabled: item.enabled ?? true,
    description: item.description ?? null,
    ip_version: item.ip_version === '6' ? '6' : '4',
    statements: item.statements,
    // who may be named is the API's to say
    actors: item.actors.map((actor, index) =>
      actorBody(actor, [...path, 'actors', index], resolve),
    ) as IpTablesBody['actors'],
  };
}

function hostBody(host: TestHostText, path: Path, resolve: Resolve) {
  if ('workload' in host)
    return { workload: { href: resolve('workloads', host.workload, [...path, 'workload']) } };
  if ('address' in host) return host;
  return {
    labels: host.labels.map((label, index) => ({
      href: resolve('labels', label, [...path, 'labels', index]),
    })),
  };
}

/** Bodies that make an object what its item says; used for POST, and without what never changes for PUT. */
export const BODIES = {
  labels: (item: Items['labels']) => ({ key: item.key, value: item.value, ...external(item) }),
  user_groups: (item: Items['user_groups']) => ({
    sid: item.sid,
    name: item.name,
    description: item.description ?? null,
  }),
  ip_lists: (item: Items['ip_lists']) => ({
    name: item.name,
    description: item.description ?? null,
    ip_ranges: (item.ip_ranges ?? []).map(rangeBody),
    fqdns: (item.fqdns ?? []).map((fqdn) => (typeof fqdn === 'string' ? { fqdn } : fqdn)),
    ...external(item),
  }),
  services: (item: Items['services']) => ({
    name: item.name,
    description: item.description ?? null,
    process_name: item.process_name ?? null,
    ...(item.service_ports === undefined
      ? {}
      : { service_ports: item.service_ports.map(numbersOf) }),
    ...(item.windows_services === undefined
      ? {}
      : {
          windows_services: item.windows_services.map(({ service_port: port, ...entry }) => ({
            ...entry,
            ...(port === undefined ? {} : numbersOf(port)),
          })),
        }),
    windows_egress_services: item.windows_egress_services ?? [],
    risk_details: item.risk_details ?? null,
    ...external(item),
  }),
  label_groups: (item: Items['label_groups'], resolve: Resolve) => ({
    name: item.name,
    description: item.description ?? null,
    key: item.key,
    labels: item.labels.map((value, index) => ({
      href: resolve('labels', `${item.key}=${value}`, ['labels', index]),
    })),
    sub_groups: item.sub_groups.map((name, index) => ({
      href: resolve('label_groups', name, ['sub_groups', index]),
    })),
    ...external(item),
  }),
  virtual_services: (item: Items['virtual_services'], resolve: Resolve) => ({
    name: item.name,
    description: item.description ?? null,
    apply_to: item.apply_to ?? ('host_only' as const),
    ...(item.service === undefined
      ? { service: null }
      : { service: { href: resolve('services', item.service, ['service']) } }),
    ...(item.service_ports === undefined
      ? {}
      : { service_ports: item.service_ports.map(inlinePort) }),
    service_addresses: (item.service_addresses ?? []).map((one, index) => {
      if (!('ip' in one)) return one;
      const { network, ...rest } = one;
      if (network === undefined) return rest;
      const path = ['service_addresses', index, 'network'];
      return { ...rest, network: { href: resolve('networks', network, path) } };
    }),
    ip_overrides: item.ip_overrides ?? [],
    labels: (item.labels ?? []).map((label, index) => ({
      href: resolve('labels', label, ['labels', index]),
    })),
    ...external(item),
  }),
  rulesets: (item: Items['rulesets'], resolve: Resolve) => ({
    name: item.name,
    description: item.description ?? null,
    enabled: item.enabled ?? true,
    scopes: (item.scopes ?? []).map((scope, index) =>
      scope.map((entry, at) => scopeEntryBody(entry, ['scopes', index, at], resolve)),
    ),
    rules: (item.rules ?? []).map((rule, index) => ruleBody(rule, ['rules', index], resolve)),
    ip_tables_rules: (item.ip_tables_rules ?? []).map((rule, index) =>
      ipTablesBody(rule, ['ip_tables_rules', index], resolve),
    ),
    ...external(item),
  }),
  enforcement_boundaries: (item: Items['enforcement_boundaries'], resolve: Resolve) => ({
    name: item.name,
    enabled: item.enabled ?? true,
    ...sidesBody(item, [], resolve),
    network_type: item.network_type ?? ('brn' as const),
  }),
  policy_tests: (item: Items['policy_tests'], resolve: Resolve) => {
    const hosts = (member: 'from' | 'to') =>
      item[member].map((host, index) => hostBody(host, [member, index], resolve));
    return {
      name: item.name,
      description: item.description ?? null,
      enabled: item.enabled ?? true,
      from: hosts('from'),
      to: hosts('to'),
      proto: protocolOf(item.proto ?? 'tcp') ?? 6,
      ports: item.ports ?? [],
      icmp_type: item.icmp_type ?? null,
      icmp_code: item.icmp_code ?? null,
      family: item.family ?? null,
      decision: item.decision,
      by: item.by ?? null,
      outbound: item.outbound ?? null,
      inbound: item.inbound ?? null,
      note: item.note ?? null,
    };
  },
} as const satisfies { readonly [S in Section]: (item: Items[S], resolve: Resolve) => object };
