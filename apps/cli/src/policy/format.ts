/**
 * Policy as files hold it: references by name, defaults left out. Every schema answers an item in one form, so that what a file says
 * and what the PCE holds are the same when they are equal.
 */
import { NETWORK_TYPES, POLICY_DECISIONS, RULE_SIDES } from '@bulkhead/policy';
import { canonicalAddress } from '@bulkhead/net';
import { z } from 'zod';
import { looksLikePort, parsePort, portText, protocolOf, protocolWord } from './service-text.ts';

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most);
const name = text(255);
const description = z.string().max(65535).optional();
const external = {
  external_data_set: z.string().max(255).optional(),
  external_data_reference: z.string().max(255).optional(),
};

type Defaults = Readonly<Record<string, unknown>>;

/** Drops members that say what is so without them: undefined, null, empty text, and the given defaults. */
function minimal<T extends object>(item: T, defaults: Defaults = {}): T {
  const said = Object.entries(item).filter(
    ([member, value]) =>
      value !== undefined &&
      value !== null &&
      value !== '' &&
      JSON.stringify(value) !== JSON.stringify(defaults[member]),
  );
  // what is dropped is optional in every schema below
  return Object.fromEntries(said) as T;
}
const spare =
  (defaults: Defaults = {}) =>
  <T extends object>(item: T): T =>
    minimal(item, defaults);

const label = z
  .string()
  .trim()
  .regex(/^[a-z][a-z0-9_-]{0,63}=.+$/s, 'must be a label such as role=web');

const port = z.union([z.string(), z.number()]).transform((value, context) => {
  const parsed = parsePort(String(value));
  if (typeof parsed !== 'string') return portText(parsed);
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const exclusion = { exclusion: z.literal(true).optional() };
const scopeEntry = z.union(
  [
    label,
    z.strictObject({ label, ...exclusion }),
    z.strictObject({ label_group: name, ...exclusion }),
  ],
  {
    error:
      'must be a label such as role=web, {label: role=web, exclusion: true} or {label_group: NAME}',
  },
);
export type ScopeEntryText = z.output<typeof scopeEntry>;
const actor = z.union(
  [
    z.literal('ams'),
    label,
    z.strictObject({ label, ...exclusion }),
    z.strictObject({ label_group: name, ...exclusion }),
    z.strictObject({ workload: name }),
    z.strictObject({ virtual_service: name }),
    z.strictObject({ ip_list: name }),
  ],
  {
    error:
      'must be ams, a label such as role=web, or one of label, label_group, workload, virtual_service, ip_list with a name',
  },
);
export type ActorText = z.output<typeof actor>;
const side = z.array(actor).min(1, 'must name somebody; a rule with an empty side allows nothing');

/** A port in place, or a service by its name. */
const ruleService = z
  .union([z.string().trim().min(1), z.number(), z.strictObject({ service: name })], {
    error: 'must be a port such as tcp/443, the name of a service, or {service: NAME}',
  })
  .transform((value, context) => {
    if (typeof value === 'object') return looksLikePort(value.service) ? value : value.service;
    const written = String(value);
    if (!looksLikePort(written)) return written;
    const parsed = parsePort(written);
    if (typeof parsed === 'string') {
      context.addIssue({ code: 'custom', message: parsed });
      return z.NEVER;
    }
    if (parsed.proto === 6 || parsed.proto === 17) return portText(parsed);
    context.addIssue({
      code: 'custom',
      message: `"${written}": rules name TCP and UDP ports in place; write anything else as a service and name that`,
    });
    return z.NEVER;
  });
export type RuleServiceText = z.output<typeof ruleService>;

const labelItem = z
  .union([name, z.strictObject({ value: name, ...external })], {
    error: 'must be a value such as web, or {value: web, external_data_set: …}',
  })
  .transform((item) => minimal(typeof item === 'string' ? { value: item } : item));
export type LabelItem = { readonly key: string } & z.output<typeof labelItem>;

const labelGroup = z
  .strictObject({
    name,
    description,
    key: z
      .string()
      .trim()
      .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be the key of a label dimension'),
    labels: z.array(name).default([]),
    sub_groups: z.array(name).default([]),
    ...external,
  })
  .transform(spare());
export type LabelGroupItem = z.output<typeof labelGroup>;

const ipRange = z
  .union(
    [
      text(140),
      z.strictObject({
        range: text(140),
        ...exclusion,
        description: z.string().max(255).optional(),
      }),
    ],
    { error: 'must be a range such as 10.0.0.0/8, or {range: 10.0.0.0/8, exclusion: true}' },
  )
  .transform((item) => {
    const said = minimal(typeof item === 'string' ? { range: item } : item);
    const range = said.range.replace(/\s*-\s*/, '-');
    return Object.keys(said).length === 1 ? range : { ...said, range };
  });
export type IpRangeText = z.output<typeof ipRange>;
const fqdn = z
  .union(
    [text(255), z.strictObject({ fqdn: text(255), description: z.string().max(255).optional() })],
    {
      error: 'must be a name such as www.example.com or *.example.com',
    },
  )
  .transform((item) => {
    const said = minimal(typeof item === 'string' ? { fqdn: item } : item);
    return Object.keys(said).length === 1 ? said.fqdn : said;
  });
const ipList = z
  .strictObject({
    name,
    description,
    ip_ranges: z.array(ipRange).default([]),
    fqdns: z.array(fqdn).default([]),
    ...external,
  })
  .transform(spare({ ip_ranges: [], fqdns: [] }));
export type IpListItem = z.output<typeof ipList>;

const program = text(1024).optional();
const risk = z.strictObject({
  ransomware: z.strictObject({
    category: z.enum(['admin', 'legacy']),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    os_platforms: z.array(z.enum(['windows', 'linux'])),
  }),
});
const service = z
  .strictObject({
    name,
    description,
    process_name: z.string().max(255).optional(),
    service_ports: z.array(port).optional(),
    windows_services: z
      .array(
        z
          .strictObject({
            service_name: program,
            process_name: program,
            service_port: port.optional(),
          })
          .transform(spare()),
      )
      .optional(),
    windows_egress_services: z
      .array(z.strictObject({ service_name: program, process_name: program }).transform(spare()))
      .optional(),
    risk_details: risk.optional(),
    ...external,
  })
  .transform(spare({ windows_egress_services: [] }));
export type ServiceItem = z.output<typeof service>;

const addressPort = z.number().int().min(1).max(65535).optional();
const address = text(64).transform((written) => canonicalAddress(written) ?? written);
const serviceAddress = z
  .union(
    [
      z.strictObject({ ip: address, port: addressPort, network: name.optional() }),
      z.strictObject({
        fqdn: text(255),
        port: addressPort,
        description: z.string().max(255).optional(),
      }),
    ],
    { error: 'must be {ip: 192.0.2.1} or {fqdn: www.example.com}, with a port if it has one' },
  )
  .transform(spare());
const virtualService = z
  .strictObject({
    name,
    description,
    apply_to: z.enum(['host_only', 'internal_bridge_network']).optional(),
    service: name.optional(),
    service_ports: z.array(port).optional(),
    service_addresses: z.array(serviceAddress).optional(),
    ip_overrides: z.array(text(64)).optional(),
    labels: z.array(label).transform(sorted).optional(),
    ...external,
  })
  .transform(
    spare({
      apply_to: 'host_only',
      service_ports: [],
      service_addresses: [],
      ip_overrides: [],
      labels: [],
    }),
  );
export type VirtualServiceItem = z.output<typeof virtualService>;

const userGroup = z
  .strictObject({
    name,
    sid: z
      .string()
      .trim()
      .regex(
        /^[A-Za-z0-9_.:-]{1,255}$/,
        'must be the SID of a group, such as S-1-5-21-1004-500-7-1106',
      ),
    description,
  })
  .transform(spare());
export type UserGroupItem = z.output<typeof userGroup>;

const resolveAs = z.array(z.enum(['workloads', 'virtual_services'])).max(2);
const HOSTS = { providers: ['workloads'], consumers: ['workloads'] };
const rule = z
  .strictObject({
    description,
    enabled: z.boolean().optional(),
    providers: side,
    consumers: side,
    ingress_services: z.array(ruleService).optional(),
    egress_services: z.array(name).optional(),
    user_groups: z.array(name).optional(),
    unscoped_consumers: z.boolean().optional(),
    network_type: z.enum(NETWORK_TYPES).optional(),
    use_workload_subnets: z.array(z.enum(RULE_SIDES)).max(2).optional(),
    resolve_labels_as: z.strictObject({ providers: resolveAs, consumers: resolveAs }).optional(),
    stateless: z.boolean().optional(),
    sec_connect: z.boolean().optional(),
    machine_auth: z.boolean().optional(),
    log_flow: z.boolean().optional(),
    ...external,
  })
  .transform(
    spare({
      enabled: true,
      ingress_services: [],
      egress_services: [],
      user_groups: [],
      unscoped_consumers: false,
      network_type: 'brn',
      use_workload_subnets: [],
      resolve_labels_as: HOSTS,
      stateless: false,
      sec_connect: false,
      machine_auth: false,
      log_flow: false,
    }),
  );
export type RuleItem = z.output<typeof rule>;

const ipTablesRule = z
  .strictObject({
    description,
    enabled: z.boolean().optional(),
    ip_version: z.union([
      z.enum(['4', '6']),
      z.literal([4, 6]).transform((v) => (v === 4 ? '4' : '6')),
    ]),
    statements: z
      .array(
        z.strictObject({
          table_name: z.enum(['nat', 'mangle', 'filter']),
          chain_name: z.enum(['PREROUTING', 'INPUT', 'OUTPUT', 'FORWARD', 'POSTROUTING']),
          parameters: text(4096),
        }),
      )
      .min(1, 'needs at least one statement'),
    actors: side,
  })
  .transform(spare({ enabled: true }));
export type IpTablesRuleItem = z.output<typeof ipTablesRule>;

const ruleSet = z
  .strictObject({
    name,
    description,
    enabled: z.boolean().optional(),
    scopes: z.array(z.array(scopeEntry).max(20)).optional(),
    rules: z.array(rule).optional(),
    ip_tables_rules: z.array(ipTablesRule).optional(),
    ...external,
  })
  .transform(spare({ enabled: true, scopes: [], rules: [], ip_tables_rules: [] }));
export type RuleSetItem = z.output<typeof ruleSet>;

const boundary = z
  .strictObject({
    name,
    enabled: z.boolean().optional(),
    providers: side,
    consumers: side,
    ingress_services: z
      .array(ruleService)
      .min(1, 'needs at least one service; All Services is one'),
    network_type: z.enum(NETWORK_TYPES).optional(),
  })
  .transform(spare({ enabled: true, network_type: 'brn' }));
export type BoundaryItem = z.output<typeof boundary>;

const protocol = z.union([z.string(), z.number().int()]).transform((value, context) => {
  const proto = protocolOf(value);
  if (proto !== undefined && proto >= 0) return protocolWord(proto);
  context.addIssue({ code: 'custom', message: 'must be a protocol such as tcp, udp, icmp or 47' });
  return z.NEVER;
});
const testHost = z.union(
  [
    z.strictObject({ workload: name }),
    z.strictObject({ labels: z.array(label).min(1).max(20).transform(sorted) }),
    z.strictObject({ address: text(64) }),
  ],
  { error: 'must be {workload: NAME}, {labels: [role=web]} or {address: 192.0.2.1}' },
);
export type TestHostText = z.output<typeof testHost>;
const by = z.array(text(512)).min(1).max(50).optional();
const endExpectation = z
  .strictObject({ decision: z.enum([...POLICY_DECISIONS, 'none']).optional(), by })
  .transform(spare())
  .optional();
const icmpNumber = z.number().int().min(0).max(255).optional();
const policyTest = z
  .strictObject({
    name,
    description,
    enabled: z.boolean().optional(),
    from: z.array(testHost).min(1).max(200),
    to: z.array(testHost).min(1).max(200),
    proto: protocol.optional(),
    ports: z.array(z.number().int().min(1).max(65535)).max(1000).optional(),
    icmp_type: icmpNumber,
    icmp_code: icmpNumber,
    family: z.enum(['ipv4', 'ipv6']).optional(),
    decision: z.enum(POLICY_DECISIONS),
    by,
    outbound: endExpectation,
    inbound: endExpectation,
    note: z.string().max(1000).optional(),
  })
  .transform(spare({ enabled: true, proto: 'tcp', ports: [] }));
export type PolicyTestItem = z.output<typeof policyTest>;

/** Schema of one item of each section, in the order in which they are written: what is referred to comes first. */
export const ITEM_SCHEMAS = {
  labels: labelItem.transform((item): LabelItem => ({ key: '', ...item })),
  user_groups: userGroup,
  ip_lists: ipList,
  services: service,
  label_groups: labelGroup,
  virtual_services: virtualService,
  rulesets: ruleSet,
  enforcement_boundaries: boundary,
  policy_tests: policyTest,
} as const;
export type Section = keyof typeof ITEM_SCHEMAS;
export interface Items {
  readonly labels: LabelItem;
  readonly user_groups: UserGroupItem;
  readonly ip_lists: IpListItem;
  readonly services: ServiceItem;
  readonly label_groups: LabelGroupItem;
  readonly virtual_services: VirtualServiceItem;
  readonly rulesets: RuleSetItem;
  readonly enforcement_boundaries: BoundaryItem;
  readonly policy_tests: PolicyTestItem;
}
export const SECTIONS = Object.keys(ITEM_SCHEMAS) as readonly Section[];
/** What one item is called. */
export const NOUNS: Readonly<Record<Section, string>> = {
  labels: 'label',
  user_groups: 'user group',
  ip_lists: 'IP list',
  services: 'service',
  label_groups: 'label group',
  virtual_services: 'virtual service',
  rulesets: 'ruleset',
  enforcement_boundaries: 'enforcement boundary',
  policy_tests: 'policy test',
};

/** What an item is known by within its section. */
export function nameOf<S extends Section>(section: S, item: Items[S]): string {
  if ('key' in item && 'value' in item) return `${item.key}=${item.value}`;
  if (section === 'user_groups' && 'sid' in item) return item.sid;
  return 'name' in item ? item.name : '';
}

function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].toSorted();
}
