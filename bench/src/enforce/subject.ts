/** What is measured: a policy of 1,000 rules and 100,000 addresses, and what a person would write by hand to the same effect. */
import { NFLOG_GROUP, type PlanInput } from '@bulkhead/enforcement';
import type { AddressSet, HostRule } from '@bulkhead/policy';

const RULES = 1000;
const SERVICES = 50;
const MEMBERS_PER_RULE = 100;
/** Of ten rules of a service, one has ranges and one IPv6 addresses as peers, the others IPv4 addresses. */
const EVERY = 10;
const FIRST_PORT = 7000;

export const LINK = {
  device: 'bench0',
  server: '10.99.0.2',
  client: '10.99.0.1',
  /** In the middle of the services. */
  port: FIRST_PORT + SERVICES / 2,
} as const;

/** The rule that lets the client in: the last of its service. */
const CLIENT_RULE = RULES - SERVICES + (LINK.port - FIRST_PORT);
export const HOST_SET = `s${CLIENT_RULE}`;
export const RANGE_SET = 's0';

/** What no set has, for members that come and go. */
export function newMember(kind: 'host' | 'range', index: number): string {
  return kind === 'host' ? ipv4(12, index) : `${ipv4(13, 32 * index)}/28`;
}

function ipv4(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}

function peersOf(rule: number): AddressSet {
  const id = `s${rule}`;
  const members = (text: (index: number) => string) =>
    Array.from({ length: MEMBERS_PER_RULE }, (_, index) => text(rule * MEMBERS_PER_RULE + index));
  const kind = Math.floor(rule / SERVICES) % EVERY;
  // blocks of 16 with as many addresses between them
  if (kind === 0)
    return { id, hosts: [], ranges: members((index) => `${ipv4(14, 32 * index)}/28`) };
  if (kind === 1)
    return { id, hosts: members((index) => `2001:db8::${(index + 1).toString(16)}`), ranges: [] };
  const hosts = members((index) => ipv4(11, index));
  return { id, hosts: rule === CLIENT_RULE ? [...hosts.slice(1), LINK.client] : hosts, ranges: [] };
}

const SETS: readonly AddressSet[] = Array.from({ length: RULES }, (_, rule) => peersOf(rule));

/** Full enforcement on a server with one corporate interface; every new connection is logged. */
export function planInput(): PlanInput {
  const rules = SETS.map(({ id }, rule): HostRule => ({
    action: 'allow',
    direction: 'inbound',
    networkType: 'brn',
    peers: [id],
    fqdns: [],
    services: [
      {
        protocol: 6,
        port: FIRST_PORT + (rule % SERVICES),
        toPort: null,
        icmpType: null,
        icmpCode: null,
      },
    ],
    stateless: false,
    principals: [],
    origin: { href: `/orgs/1/sec_policy/active/rule_sets/1/sec_rules/${rule}`, version: 1 },
  }));
  return {
    policy: {
      hash: '0'.repeat(64),
      mode: 'full',
      visibility: 'flow_summary',
      blockedConnectionAction: 'drop',
      managesExternal: true,
      ipv6Mode: 'policy_based',
      firewallCoexistence: 'exclusive',
      ipTablesRules: [],
      rules,
    },
    sets: new Map(SETS.map((set) => [set.id, set])),
    host: {
      interfaces: [{ name: LINK.device, profile: 'corporate', addresses: [LINK.server] }],
      otherInterfaces: 'corporate',
      pce: [{ address: '203.0.113.10', port: 8443 }],
      resolvers: ['203.0.113.53'],
      names: new Map(),
    },
  };
}

/** A file with a set of each kind and its rule for each service, as one would write it. */
export function handWritten(): string {
  const services = Array.from({ length: SERVICES }, (_, service) => {
    const sets = SETS.filter((_set, rule) => rule % SERVICES === service);
    const hosts = sets.flatMap((set) => set.hosts);
    return {
      port: FIRST_PORT + service,
      hosts4: hosts.filter((text) => !text.includes(':')),
      hosts6: hosts.filter((text) => text.includes(':')),
      ranges4: sets.flatMap((set) => set.ranges),
    };
  });
  const set = (name: string, type: string, elements: readonly string[]) =>
    `  set ${name} { type ${type}; elements = { ${elements.join(', ')} } }`;
  return [
    'table inet by_hand',
    'delete table inet by_hand',
    'table inet by_hand {',
    ...services.flatMap(({ port, hosts4, hosts6, ranges4 }) => [
      set(`hosts4_${port}`, 'ipv4_addr', hosts4),
      set(`hosts6_${port}`, 'ipv6_addr', hosts6),
      set(`ranges4_${port}`, 'ipv4_addr; flags interval', ranges4),
    ]),
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    iifname "lo" accept',
    '    ct state established,related accept',
    '    icmpv6 type { 133, 134, 135, 136 } accept',
    '    icmp type { 3, 11, 12 } accept',
    '    udp sport 67 udp dport 68 accept',
    ...services.flatMap(({ port }) =>
      [`ip saddr @hosts4_${port}`, `ip saddr @ranges4_${port}`, `ip6 saddr @hosts6_${port}`].map(
        (peers) =>
          `    tcp dport ${port} ${peers} log prefix "allowed ${port}" group ${NFLOG_GROUP} snaplen 128 accept`,
      ),
    ),
    `    log prefix "blocked" group ${NFLOG_GROUP} snaplen 128`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Connection tracking and nothing else: what every stateful firewall pays. */
export const TRACKING_ONLY = [
  'table inet tracking',
  'delete table inet tracking',
  'table inet tracking {',
  '  chain input {',
  '    type filter hook input priority filter; policy accept;',
  '    ct state established,related accept',
  '  }',
  '}',
  '',
].join('\n');
