/** What is enforced now, for people, with the rule behind each line. */
import { z } from 'zod';
import {
  FIREWALL_COEXISTENCE,
  IPV6_MODES,
  PROTOCOLS,
  type HostRule,
  type ServicePort,
} from '@bulkhead/policy';
import type { Enforced } from './policy-applier.ts';

const lineSchema = z.object({
  action: z.enum(['allow', 'deny']),
  direction: z.enum(['inbound', 'outbound']),
  services: z.array(z.string()),
  peers: z.array(z.string()).describe('The first members; peer_count says how many there are'),
  peer_count: z.number(),
  networks: z.enum(['corporate', 'external', 'all']),
  principals: z.array(z.string()).describe('SIDs of user groups for whose users alone the line is'),
  rule_name: z.string().nullable(),
  rule: z.string(),
  rule_version: z.number(),
});
export const policyViewSchema = z.object({
  version: z.number(),
  policy_version: z.number(),
  applied_at: z.string(),
  mode: z.string(),
  visibility: z.string(),
  ipv6_mode: z.enum(IPV6_MODES),
  firewall_coexistence: z.enum(FIREWALL_COEXISTENCE),
  interfaces: z.object({ corporate: z.array(z.string()), external: z.array(z.string()) }),
  rules: z.array(lineSchema),
  names: z
    .array(
      z.object({ name: z.string(), addresses: z.array(z.string()), address_count: z.number() }),
    )
    .describe('What the names in rules stand for now; the first addresses'),
  ip_tables_rules: z.array(
    z.object({
      ip_version: z.union([z.literal(4), z.literal(6)]),
      statements: z.array(z.string()),
      rule: z.string(),
      rule_version: z.number(),
    }),
  ),
  default: z.object({ inbound: z.string(), outbound: z.string() }),
});
export type PolicyView = z.infer<typeof policyViewSchema>;

const SHOWN_PEERS = 8;
const NETWORKS = { brn: 'corporate', non_brn: 'external', all: 'all' } as const;
const PROTOCOL_NAMES = new Map<number, string>(
  Object.entries(PROTOCOLS).map(([name, number]) => [number, name.toUpperCase()]),
);

/** `443/TCP`, `8000-8100/TCP`, `ICMP 8/0`, `All services`. */
function formatService(service: ServicePort): string {
  const programs = [service.process, service.windowsService].filter((text) => text !== undefined);
  return [formatPort(service), ...programs.map((text) => `of ${text}`)].join(' ');
}

function formatPort({ protocol, port, toPort, icmpType, icmpCode }: ServicePort): string {
  if (protocol === -1) return 'All services';
  const name = PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`;
  if (port !== null) return `${port}${toPort === null ? '' : `-${toPort}`}/${name}`;
  if (icmpType !== null) return `${name} ${icmpType}${icmpCode === null ? '' : `/${icmpCode}`}`;
  return name;
}

/** `names`: addresses that names in rules stand for now. */
export function describePolicy(
  { policy, plan, appliedAt }: Enforced,
  names: ReadonlyMap<string, readonly string[]>,
): PolicyView {
  const sets = new Map(policy.sets.map((set) => [set.id, set]));
  const membersOf = (rule: HostRule): string[] => [
    ...new Set(
      rule.peers.flatMap((id) => {
        const set = sets.get(id);
        return set === undefined ? [] : [...set.hosts, ...set.ranges];
      }),
    ),
    ...rule.fqdns,
  ];
  return {
    version: policy.version,
    policy_version: policy.policy_version,
    applied_at: appliedAt,
    mode: policy.policy.mode,
    visibility: policy.policy.visibility,
    ipv6_mode: policy.policy.ipv6Mode,
    firewall_coexistence: policy.policy.firewallCoexistence,
    interfaces: {
      corporate: [...plan.interfaces.corporate],
      external: [...plan.interfaces.external],
    },
    rules: policy.policy.rules.map((rule) => {
      const members = membersOf(rule);
      return {
        action: rule.action,
        direction: rule.direction,
        services: rule.services.map(formatService),
        peers: members.slice(0, SHOWN_PEERS),
        peer_count: members.length,
        networks: NETWORKS[rule.networkType],
        principals: [...rule.principals],
        rule_name: policy.rule_names[rule.origin.href] ?? null,
        rule: rule.origin.href,
        rule_version: rule.origin.version,
      };
    }),
    names: [...names].map(([name, addresses]) => ({
      name,
      addresses: addresses.slice(0, SHOWN_PEERS),
      address_count: addresses.length,
    })),
    ip_tables_rules: policy.policy.ipTablesRules.map(({ ipVersion, statements, origin }) => ({
      ip_version: ipVersion,
      statements: statements.map(
        ({ table, chain, parameters }) => `-t ${table} -A ${chain} ${parameters}`,
      ),
      rule: origin.href,
      rule_version: origin.version,
    })),
    default: {
      inbound: plan.defaults.inbound.decision,
      outbound: plan.defaults.outbound.decision,
    },
  };
}

const IPV6_WORDS = {
  policy_based: 'by the rules',
  allow_all: 'all allowed',
  block_all: 'all blocked but essential traffic',
} as const;
const COEXISTENCE_WORDS = {
  exclusive: 'none beside the VEN’s',
  primary: 'the VEN’s decides first',
  secondary: 'the VEN’s decides besides',
} as const;

function someOf(texts: readonly string[], count: number, none: string): string {
  const more = count - texts.length;
  return count === 0 ? none : texts.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

export function formatPolicy(view: PolicyView): string {
  const lines = view.rules.map((rule) => {
    const peers = someOf(rule.peers, rule.peer_count, 'nobody');
    const users = rule.principals.length === 0 ? '' : ` for users of ${rule.principals.join(', ')}`;
    const side = rule.direction === 'inbound' ? 'from' : 'to';
    const where = rule.networks === 'all' ? 'all networks' : `${rule.networks} network`;
    return [
      `${rule.action === 'allow' ? 'ALLOW' : 'DENY '} ${rule.direction.padEnd(8)} ${rule.services.join(', ')} ${side} ${peers}${users} on ${where}`,
      `      by ${rule.rule_name ?? 'rule'} (${rule.rule}, version ${rule.rule_version})`,
    ].join('\n');
  });
  return [
    `Policy version ${view.policy_version} (state ${view.version} of this host), applied ${view.applied_at}`,
    `Enforcement: ${view.mode}  Visibility: ${view.visibility}`,
    `IPv6: ${IPV6_WORDS[view.ipv6_mode]}  Other firewalls: ${COEXISTENCE_WORDS[view.firewall_coexistence]}`,
    `Corporate interfaces: ${view.interfaces.corporate.join(', ') || 'none'}`,
    `External interfaces: ${view.interfaces.external.join(', ') || 'none'}`,
    ...lines,
    ...view.names.map(
      ({ name, addresses, address_count: count }) =>
        `NAME  ${name} is ${someOf(addresses, count, 'not resolved yet')}`,
    ),
    ...(view.ip_tables_rules.length === 0
      ? []
      : ['Custom iptables rules, after essential traffic and before all others:']),
    ...view.ip_tables_rules.flatMap((rule) => [
      ...rule.statements.map(
        (text) => `${rule.ip_version === 4 ? 'iptables' : 'ip6tables'} ${text}`,
      ),
      `      by (${rule.rule}, version ${rule.rule_version})`,
    ]),
    `Everything else: inbound ${view.default.inbound}, outbound ${view.default.outbound}`,
    '',
  ].join('\n');
}
