/** What is enforced now, for people, with the rule behind each line. */
import { z } from 'zod';
import { PROTOCOLS, type HostRule, type ServicePort } from '@bulkhead/policy';
import type { Enforced } from './policy-applier.ts';

const lineSchema = z.object({
  action: z.enum(['allow', 'deny']),
  direction: z.enum(['inbound', 'outbound']),
  services: z.array(z.string()),
  peers: z.array(z.string()).describe('The first members; peer_count says how many there are'),
  peer_count: z.number(),
  networks: z.enum(['corporate', 'external', 'all']),
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
  interfaces: z.object({ corporate: z.array(z.string()), external: z.array(z.string()) }),
  rules: z.array(lineSchema),
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
  const { protocol, port, toPort, icmpType, icmpCode } = service;
  if (protocol === -1) return 'All services';
  const name = PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`;
  if (port !== null) return `${port}${toPort === null ? '' : `-${toPort}`}/${name}`;
  if (icmpType !== null) return `${name} ${icmpType}${icmpCode === null ? '' : `/${icmpCode}`}`;
  return name;
}

export function describePolicy({ policy, plan, appliedAt }: Enforced): PolicyView {
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
        rule_name: policy.rule_names[rule.origin.href] ?? null,
        rule: rule.origin.href,
        rule_version: rule.origin.version,
      };
    }),
    default: {
      inbound: plan.defaults.inbound.decision,
      outbound: plan.defaults.outbound.decision,
    },
  };
}

export function formatPolicy(view: PolicyView): string {
  const lines = view.rules.map((rule) => {
    const more = rule.peer_count - rule.peers.length;
    const peers =
      rule.peer_count === 0
        ? 'nobody'
        : rule.peers.join(', ') + (more > 0 ? ` and ${more} more` : '');
    const side = rule.direction === 'inbound' ? 'from' : 'to';
    const where = rule.networks === 'all' ? 'all networks' : `${rule.networks} network`;
    return [
      `${rule.action === 'allow' ? 'ALLOW' : 'DENY '} ${rule.direction.padEnd(8)} ${rule.services.join(', ')} ${side} ${peers} on ${where}`,
      `      by ${rule.rule_name ?? 'rule'} (${rule.rule}, version ${rule.rule_version})`,
    ].join('\n');
  });
  return [
    `Policy version ${view.policy_version} (state ${view.version} of this host), applied ${view.applied_at}`,
    `Enforcement: ${view.mode}  Visibility: ${view.visibility}`,
    `Corporate interfaces: ${view.interfaces.corporate.join(', ') || 'none'}`,
    `External interfaces: ${view.interfaces.external.join(', ') || 'none'}`,
    ...lines,
    `Everything else: inbound ${view.default.inbound}, outbound ${view.default.outbound}`,
    '',
  ].join('\n');
}
