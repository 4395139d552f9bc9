import { ESSENTIAL_ICMP, PROTOCOLS } from '@bulkhead/policy';
import type { Direction, Endpoint, EssentialName, PlanEssential } from './plan.ts';
import type { VerdictMaker } from './verdicts.ts';

type Conditions = Pick<PlanEssential, 'protocol'> & Partial<Omit<PlanEssential, 'protocol'>>;

const NEIGHBOR_DISCOVERY: readonly number[] = [133, 134, 135, 136];
const MULTICAST_LISTENER: readonly number[] = [130, 131, 132, 143];
const ICMPV6_ERRORS = ESSENTIAL_ICMP.icmpv6.filter(
  (type) => !NEIGHBOR_DISCOVERY.includes(type) && !MULTICAST_LISTENER.includes(type),
);
const DNS_PORT = 53;

/** Traffic that a host always passes besides loopback and replies (policy-model.md, Enforcement modes), in order of decision. */
export function listEssential(
  verdicts: VerdictMaker,
  pce: readonly Endpoint[],
  resolvers: readonly string[],
): PlanEssential[] {
  const entry = (name: EssentialName, direction: Direction, conditions: Conditions) => ({
    name,
    direction,
    family: null,
    remote: null,
    sourcePort: null,
    destinationPort: null,
    icmpTypes: null,
    withoutSyn: false,
    ...conditions,
    verdict: verdicts.essential(name, direction),
  });
  const { icmp, icmpv6, tcp, udp } = PROTOCOLS;
  const both = (name: EssentialName, conditions: Conditions) => [
    entry(name, 'inbound', conditions),
    entry(name, 'outbound', conditions),
  ];
  const exchange = (name: EssentialName, family: 4 | 6, client: number, server: number) => [
    entry(name, 'outbound', {
      family,
      protocol: udp,
      sourcePort: client,
      destinationPort: server,
    }),
    entry(name, 'inbound', { family, protocol: udp, sourcePort: server, destinationPort: client }),
  ];
  return [
    ...pce.flatMap(({ address, port }) => [
      entry('pce', 'outbound', { protocol: tcp, remote: [address], destinationPort: port }),
      entry('pce', 'inbound', {
        protocol: tcp,
        remote: [address],
        sourcePort: port,
        withoutSyn: true,
      }),
    ]),
    ...both('neighbor_discovery', { family: 6, protocol: icmpv6, icmpTypes: NEIGHBOR_DISCOVERY }),
    ...both('multicast_listener_discovery', {
      family: 6,
      protocol: icmpv6,
      icmpTypes: MULTICAST_LISTENER,
    }),
    ...both('icmp_errors', { family: 4, protocol: icmp, icmpTypes: ESSENTIAL_ICMP.icmp }),
    ...both('icmp_errors', { family: 6, protocol: icmpv6, icmpTypes: ICMPV6_ERRORS }),
    ...exchange('dhcp', 4, 68, 67),
    ...exchange('dhcpv6', 6, 546, 547),
    ...(resolvers.length === 0
      ? []
      : [udp, tcp].map((protocol) =>
          entry('dns', 'outbound', { protocol, remote: resolvers, destinationPort: DNS_PORT }),
        )),
  ];
}
