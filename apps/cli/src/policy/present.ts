/** Objects of the API as items of files: names for hrefs, defaults left out. */
import type {
  ActorWire,
  EnforcementBoundaryWire,
  IngressServiceWire,
  IpListWire,
  IpTablesRuleWire,
  LabelGroupWire,
  LabelWire,
  PolicyTestHostWire,
  PolicyTestWire,
  RuleSetWire,
  SecRuleWire,
  SecurityPrincipalWire,
  ServiceWire,
  VirtualServiceWire,
} from '@bulkhead/contract';
import { ITEM_SCHEMAS, type Items, type Section } from './format.ts';
import { portText, protocolWord } from './service-text.ts';

/** What objects are called in files. */
export interface Place {
  readonly workload: (href: string) => string;
  readonly userGroup: (href: string) => string;
  readonly service: (href: string) => string;
  /** Of a rule or boundary, as policy tests name them; the href itself when it is of neither. */
  readonly statement: (text: string) => string;
}

export function isDeleted(object: { readonly update_type?: string | null }): boolean {
  return object.update_type === 'delete';
}

export function liveRules(set: RuleSetWire): SecRuleWire[] {
  return set.rules.filter((rule) => !isDeleted(rule));
}

interface Wires {
  readonly labels: LabelWire;
  readonly user_groups: SecurityPrincipalWire;
  readonly ip_lists: IpListWire;
  readonly services: ServiceWire;
  readonly label_groups: LabelGroupWire;
  readonly virtual_services: VirtualServiceWire;
  readonly rulesets: RuleSetWire;
  readonly enforcement_boundaries: EnforcementBoundaryWire;
  readonly policy_tests: PolicyTestWire;
}

const WRITERS: { readonly [S in Section]: (wire: Wires[S], place: Place) => object } = {
  labels: ({ value, ...rest }) => ({ value, ...external(rest) }),
  user_groups: ({ name, sid, description }) => ({ name, sid, description }),
  ip_lists: (wire) => ({
    name: wire.name,
    description: wire.description,
    ip_ranges: wire.ip_ranges.map(({ from_ip: from, to_ip: to, exclusion, description }) => ({
      range: to == null ? from : `${from}-${to}`,
      exclusion,
      description,
    })),
    fqdns: wire.fqdns,
    ...external(wire),
  }),
  services: (wire) => ({
    name: wire.name,
    description: wire.description,
    process_name: wire.process_name,
    service_ports: wire.service_ports?.map(portText),
    windows_services: wire.windows_services?.map((entry) => ({
      service_name: entry.service_name,
      process_name: entry.process_name,
      service_port:
        entry.proto === undefined ? undefined : portText({ ...entry, proto: entry.proto }),
    })),
    windows_egress_services: wire.windows_egress_services,
    risk_details: wire.risk_details,
    ...external(wire),
  }),
  label_groups: (wire) => ({
    name: wire.name,
    description: wire.description,
    key: wire.key,
    labels: wire.labels.map(({ value }) => value),
    sub_groups: wire.sub_groups.map(({ name }) => name),
    ...external(wire),
  }),
  virtual_services: (wire) => ({
    name: wire.name,
    description: wire.description,
    apply_to: wire.apply_to,
    service: wire.service?.name,
    service_ports: wire.service_ports?.map(portText),
    service_addresses: wire.service_addresses.map(({ network, ...address }) => ({
      ...address,
      ...(network === undefined ? {} : { network: 'Corporate' }),
    })),
    ip_overrides: wire.ip_overrides,
    labels: wire.labels.map(labelText),
    ...external(wire),
  }),
  rulesets: (wire, place) => ({
    name: wire.name,
    description: wire.description,
    enabled: wire.enabled,
    scopes: wire.scopes.map((scope) => scope.map((entry) => actorItem(entry, place))),
    rules: liveRules(wire).map((rule) => ruleItem(rule, place)),
    ip_tables_rules: wire.ip_tables_rules
      .filter((rule) => !isDeleted(rule))
      .map((rule) => ipTablesItem(rule, place)),
    ...external(wire),
  }),
  enforcement_boundaries: (wire, place) => ({
    name: wire.name,
    enabled: wire.enabled,
    ...sidesOf(wire, place),
    network_type: wire.network_type,
  }),
  policy_tests: (wire, place) => ({
    name: wire.name,
    description: wire.description,
    enabled: wire.enabled,
    from: wire.from.map((host) => hostItem(host, place)),
    to: wire.to.map((host) => hostItem(host, place)),
    proto: protocolWord(wire.proto),
    ports: wire.ports,
    icmp_type: wire.icmp_type,
    icmp_code: wire.icmp_code,
    family: wire.family,
    decision: wire.decision,
    by: wire.by?.map(place.statement),
    outbound: endItem(wire.outbound, place),
    inbound: endItem(wire.inbound, place),
    note: wire.note,
  }),
};

/** An object of the API as the item of its section. */
export function presentItem<S extends Section>(section: S, wire: object, place: Place): Items[S] {
  // the caller read it from the collection of that section
  const written = cleaned(WRITERS[section](wire as Wires[S], place));
  const item = ITEM_SCHEMAS[section].parse(written);
  const key = section === 'labels' ? { key: (wire as LabelWire).key } : {};
  return { ...item, ...key } as Items[S];
}

/** Members that say nothing are absent in files. */
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined && member !== '')
      .filter(([name, member]) => name !== 'exclusion' || member === true)
      .map(([name, member]) => [name, cleaned(member)]),
  );
}

function external(wire: {
  readonly external_data_set: string | null;
  readonly external_data_reference: string | null;
}) {
  return {
    external_data_set: wire.external_data_set,
    external_data_reference: wire.external_data_reference,
  };
}

function labelText({ key, value }: { readonly key: string; readonly value: string }): string {
  return `${key}=${value}`;
}

function actorItem(actor: ActorWire, place: Place): unknown {
  const { exclusion = false } = actor;
  if (actor.label !== undefined) {
    const label = labelText(actor.label);
    return exclusion ? { label, exclusion } : label;
  }
  if (actor.label_group !== undefined) return { label_group: actor.label_group.name, exclusion };
  if (actor.workload !== undefined) return { workload: place.workload(actor.workload.href) };
  if (actor.virtual_service !== undefined) return { virtual_service: actor.virtual_service.name };
  if (actor.ip_list !== undefined) return { ip_list: actor.ip_list.name };
  return actor.actors;
}

function serviceItem({ href, name, proto, ...ports }: IngressServiceWire): unknown {
  if (href !== undefined) return { service: name };
  return portText({ proto: proto ?? -1, ...ports });
}

function sidesOf(
  wire: Pick<SecRuleWire, 'providers' | 'consumers' | 'ingress_services'>,
  place: Place,
) {
  return {
    providers: wire.providers.map((actor) => actorItem(actor, place)),
    consumers: wire.consumers.map((actor) => actorItem(actor, place)),
    ingress_services: wire.ingress_services.map(serviceItem),
  };
}

function ruleItem(wire: SecRuleWire, place: Place): object {
  return {
    description: wire.description,
    enabled: wire.enabled,
    ...sidesOf(wire, place),
    egress_services: wire.egress_services.map(({ href }) => place.service(href)),
    user_groups: wire.consuming_security_principals.map(({ href }) => place.userGroup(href)),
    unscoped_consumers: wire.unscoped_consumers,
    network_type: wire.network_type,
    use_workload_subnets: wire.use_workload_subnets,
    resolve_labels_as: wire.resolve_labels_as,
    stateless: wire.stateless,
    sec_connect: wire.sec_connect,
    machine_auth: wire.machine_auth,
    log_flow: wire.log_flow,
    ...external(wire),
  };
}

function ipTablesItem(wire: IpTablesRuleWire, place: Place): object {
  return {
    description: wire.description,
    enabled: wire.enabled,
    ip_version: wire.ip_version,
    statements: wire.statements,
    actors: wire.actors.map((actor) => actorItem(actor, place)),
  };
}

function hostItem(host: PolicyTestHostWire, place: Place): object {
  if (host.workload !== undefined) return { workload: place.workload(host.workload.href) };
  if (host.labels !== undefined) return { labels: host.labels.map(labelText) };
  return { address: host.address };
}

function endItem(end: PolicyTestWire['outbound'], place: Place): object | null {
  return end === null ? null : { decision: end.decision, by: end.by?.map(place.statement) };
}
