/** Random connections between the hosts of a scenario, at the edges of what policies say. */
import { familyOf } from '@bulkhead/net';
import type { ScenarioDocument } from '../scenario/format.ts';
import type { Random } from './random.ts';

type Expectations = NonNullable<ScenarioDocument['expect']>;

const TCP_PORTS = [22, 22, 443, 443, 80, 400, 450, 399, 451, 8080, 9090, 9091, 65535] as const;
const UDP_PORTS = [53, 53, 50, 60, 61, 443, 1, 65535] as const;
const ICMP = [
  [8, 0],
  [8, 0],
  [8, 1],
  [13, 0],
  [13, 1],
  [17, 0],
  [3, 1],
  [11, 0],
  [5, 0],
  [40, 2],
] as const;
const ICMPV6 = [
  [128, 0],
  [128, 0],
  [128, 1],
  [1, 4],
  [2, 0],
  [3, 0],
  [129, 0],
  [139, 0],
  [143, 0],
] as const;
const OTHER = ['gre', 50, 'igmp', 89] as const;

interface End {
  readonly host: string;
  readonly address: string;
}

function endsOf(document: ScenarioDocument): End[] {
  const at = (host: string, addresses: readonly string[]) =>
    addresses.map((text): End => ({ host, address: text.split('/')[0] ?? text }));
  return [
    ...(document.workloads ?? []).flatMap(({ name, interfaces = [], addresses = [] }) => [
      ...at(name, addresses),
      ...interfaces.flatMap((item) => at(name, item.addresses)),
    ]),
    ...(document.external_hosts ?? []).flatMap(({ name, addresses }) => at(name, addresses)),
  ];
}

/** What is sent; the decision is filled in when it is known. */
function randomTraffic(
  random: Random,
  isV6: boolean,
): Pick<Expectations[number], 'proto' | 'port'> {
  const kind = random.int(20);
  if (kind < 9) return { port: random.pick(TCP_PORTS) };
  if (kind < 14) return { proto: 'udp', port: random.pick(UDP_PORTS) };
  if (kind < 18) {
    const [icmp_type, icmp_code] = random.pick<readonly [number, number]>(isV6 ? ICMPV6 : ICMP);
    return { proto: isV6 ? 'icmpv6' : 'icmp', icmp_type, icmp_code } as Expectations[number];
  }
  return { proto: random.pick(isV6 ? OTHER.slice(0, 2) : OTHER) };
}

/** Up to `count` different connections from host to host. */
export function randomConnections(
  random: Random,
  document: ScenarioDocument,
  count: number,
): Expectations {
  const ends = endsOf(document);
  const made = new Map<string, Expectations[number]>();
  for (let tried = 0; tried < 4 * count && made.size < count; tried += 1) {
    const from = random.pick(ends);
    const others = ends.filter(
      ({ host, address }) => host !== from.host && familyOf(address) === familyOf(from.address),
    );
    if (others.length === 0) continue;
    const to = random.pick(others);
    const connection = {
      from: from.host,
      to: to.host,
      from_address: from.address,
      to_address: to.address,
      ...randomTraffic(random, familyOf(from.address) === 6),
      decision: 'allowed' as const,
    };
    made.set(JSON.stringify(connection), connection);
  }
  return [...made.values()];
}
