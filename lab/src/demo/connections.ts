import type { ApiClient, DecisionWire } from '@bulkhead/contract';
import type { Workload } from '../fleet/pairing.ts';
import { LabError } from '../network/commands.ts';
import type { LabNetwork } from '../network/network.ts';
import type { HostName } from '../network/topology.ts';

type Protocol = 'tcp' | 'udp' | 'icmp';
/** Source, destination, protocol, port (0 for ICMP). */
export type ConnectionSpec = readonly [
  from: HostName,
  to: HostName,
  protocol: Protocol,
  port: number,
];

/** With what an operator would expect of the finished policy, so that a wrong policy shows even where packets obey it. */
export type ExpectedConnection = readonly [...ConnectionSpec, DecisionWire['decision']];

export const IN_OFFICE: readonly ExpectedConnection[] = [
  ['laptop-1', 'web', 'tcp', 443, 'allowed'],
  ['laptop-1', 'web', 'tcp', 22, 'blocked'],
  ['laptop-2', 'web', 'tcp', 443, 'allowed'],
  ['laptop-2', 'db', 'tcp', 5432, 'blocked'],
  ['web', 'app', 'tcp', 8080, 'allowed'],
  ['app', 'db', 'tcp', 5432, 'allowed'],
  ['web', 'db', 'tcp', 5432, 'blocked'],
  ['laptop-1', 'ad', 'tcp', 389, 'allowed'],
  ['laptop-2', 'ad', 'udp', 389, 'allowed'],
  ['web', 'ad', 'tcp', 389, 'allowed'],
  ['ad', 'laptop-2', 'tcp', 445, 'blocked'],
  ['ad', 'laptop-2', 'tcp', 22, 'potentially_blocked'],
  ['laptop-2', 'laptop-1', 'tcp', 445, 'blocked'],
  ['laptop-2', 'laptop-1', 'icmp', 0, 'blocked'],
  ['laptop-1', 'internet', 'tcp', 443, 'allowed'],
  ['laptop-1', 'internet', 'tcp', 80, 'allowed'],
  ['laptop-2', 'internet', 'udp', 53, 'potentially_blocked'],
];

export const AT_HOME: readonly ExpectedConnection[] = [
  ['laptop-1', 'internet', 'tcp', 443, 'allowed'],
  ['laptop-1', 'internet', 'tcp', 80, 'blocked'],
];

export interface ConnectionLine {
  readonly stage: string;
  readonly from: HostName;
  readonly to: HostName;
  readonly protocol: Protocol;
  readonly port: number | null;
  readonly expected: DecisionWire['decision'];
  /** What the policy says of it. */
  readonly decision: DecisionWire['decision'];
  /** What became of its packets. */
  readonly packets: 'passed' | 'blocked';
  readonly decidedBy: string;
  readonly holds: boolean;
}

const NUMBERS = { icmp: 1, tcp: 6, udp: 17 } as const;

/** The rule, boundary or default to which a decision is due. */
export function decidedBy({ decision, outbound, inbound }: DecisionWire): string {
  const ends = [
    { end: outbound, side: 'consumer' },
    { end: inbound, side: 'provider' },
  ].flatMap(({ end, side }) => (end ? [{ ...end, side }] : []));
  const deciding = ends.filter((end) => end.decision === decision);
  const named = deciding.find((end) => end.reason === 'boundary') ?? deciding.at(-1);
  if (!named) return 'no managed host has a say';
  const objects = named.reason === 'boundary' ? named.boundaries : named.rules;
  const names = [...new Set(objects.map(({ name }) => name))].join(', ');
  const where = `${named.side}, ${named.mode}`;
  return names === '' ? `${named.reason} (${where})` : `${named.reason} ${names} (${where})`;
}

/** Asks the policy about each connection, makes each, and sets one beside the other. */
export async function checkConnections(
  context: {
    readonly api: ApiClient;
    readonly network: LabNetwork;
    readonly workloads: ReadonlyMap<string, Workload>;
  },
  stage: string,
  expected: readonly ExpectedConnection[],
): Promise<ConnectionLine[]> {
  const { api, network, workloads } = context;
  const bySource = new Map<HostName, ExpectedConnection[]>();
  for (const line of expected) bySource.set(line[0], [...(bySource.get(line[0]) ?? []), line]);
  const packets = new Map<ExpectedConnection, 'passed' | 'blocked'>();
  await Promise.all(
    [...bySource].map(async ([from, lines]) => {
      const results = await network.host(from).probe(
        lines.map(([, to, protocol, port]) => ({
          protocol,
          port,
          address: network.addressOf(to),
        })),
      );
      for (const [index, line] of lines.entries())
        packets.set(line, results[index]?.outcome ?? 'blocked');
    }),
  );
  return Promise.all(
    expected.map(async (line) => {
      const [from, to, protocol, port, wanted] = line;
      const [source, destination] = [workloads.get(from), workloads.get(to)];
      const answer = await api.call('sec_policy.decide', {
        params: { pversion: 'active' },
        query: {
          ...(source && { src_workload: source.href }),
          src_ip: network.addressOf(from),
          ...(destination && { dst_workload: destination.href }),
          dst_ip: network.addressOf(to),
          protocol: NUMBERS[protocol],
          ...(protocol === 'icmp' ? { icmp_type: 8 } : { port }),
        },
      });
      const seen = packets.get(line);
      if (seen === undefined) throw new LabError(`no packets were sent from ${from} to ${to}`);
      const agrees = (answer.decision === 'blocked') === (seen === 'blocked');
      return {
        stage,
        from,
        to,
        protocol,
        port: protocol === 'icmp' ? null : port,
        expected: wanted,
        decision: answer.decision,
        packets: seen,
        decidedBy: decidedBy(answer),
        holds: agrees && answer.decision === wanted,
      };
    }),
  );
}
