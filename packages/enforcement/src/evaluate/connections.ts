import { PROTOCOLS } from '@bulkhead/policy';
import { canonicalAddress } from '@bulkhead/net';
import { hasPorts } from '../plan/services.ts';
import type { FirewallPlan } from '../plan/plan.ts';
import { createEvaluator, type PlanPacket } from './evaluate-plan.ts';

/**
 * A connection in the kernel's table, as the host's own filter saw its first packet: the source of the original tuple,
 * and as destination the source of the reply tuple (the address after any translation of the destination).
 */
export interface TrackedConnection {
  readonly protocol: number;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  /** Null where the protocol has no ports. */
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** What the connection was opened to, where its destination was translated to another host's: of a port that this host publishes. */
  readonly asked?: { readonly address: string; readonly port: number | null };
}

/**
 * Those of the connections that would be blocked if they began now. Connections within the host are
 * none of the plan's, nor are forwarded ones but those to a port that it publishes. Generic, so that the caller gets its own records back.
 *
 * `listening`: local TCP ports that programs wait on; without them each connection is taken as it is listed. A connection that was open before the kernel tracked any is in its table as its
 * next packet went, which may have been an answer; these ports tell which way it began, and where they do not, it is cut only
 * if it is blocked both ways.
 */
export function connectionsToCut<Tracked extends TrackedConnection>(
  plan: FirewallPlan,
  connections: readonly Tracked[],
  listening?: ReadonlySet<number>,
): Tracked[] {
  const evaluate = createEvaluator(plan);
  return connections.filter((connection) => {
    const packets = firstPackets(plan, connection, listening);
    return (
      packets.length > 0 && packets.every((packet) => evaluate(packet)?.decision === 'blocked')
    );
  });
}

/** The packets that may have begun a connection. */
function firstPackets(
  plan: FirewallPlan,
  connection: TrackedConnection,
  listening: ReadonlySet<number> | undefined,
): readonly PlanPacket[] {
  const packet = firstPacket(plan, connection);
  if (packet === null) return [];
  if (listening === undefined || packet.protocol !== PROTOCOLS.tcp) return [packet];
  if (connection.asked !== undefined) return [packet];
  const turned = firstPacket(plan, {
    ...connection,
    sourceAddress: connection.destinationAddress,
    sourcePort: connection.destinationPort,
    destinationAddress: connection.sourceAddress,
    destinationPort: connection.sourcePort,
  });
  const inbound = packet.direction === 'inbound';
  const awaited = listening.has((inbound ? packet.destinationPort : packet.sourcePort) ?? 0);
  if (turned === null || inbound === awaited) return [packet];
  return inbound ? [packet, turned] : [turned];
}

/** The packet that began a connection, as the plan sees it; null when not exactly one end of it is this host, by an address or a published port. */
export function firstPacket(plan: FirewallPlan, connection: TrackedConnection): PlanPacket | null {
  const { byAddress } = plan.interfaces;
  const source = byAddress.get(
    canonicalAddress(connection.sourceAddress) ?? connection.sourceAddress,
  );
  const destination = byAddress.get(
    canonicalAddress(connection.destinationAddress) ?? connection.destinationAddress,
  );
  if (source === undefined && destination === undefined) return publishedPacket(plan, connection);
  if (source !== undefined && destination !== undefined) return null;
  const { protocol, sourcePort, destinationPort, icmpType, icmpCode } = connection;
  return {
    direction: source === undefined ? 'inbound' : 'outbound',
    interfaceName: source ?? destination ?? null,
    remoteAddress: source === undefined ? connection.sourceAddress : connection.destinationAddress,
    localAddress: source === undefined ? connection.destinationAddress : connection.sourceAddress,
    protocol,
    sourcePort,
    destinationPort,
    icmpType,
    icmpCode,
    syn: protocol === PROTOCOLS.tcp,
    remoteName: null,
  };
}

function publishedPacket(plan: FirewallPlan, connection: TrackedConnection): PlanPacket | null {
  const { asked, sourceAddress, protocol, sourcePort, icmpType, icmpCode } = connection;
  if (asked === undefined) return null;
  const interfaceName = plan.interfaces.byAddress.get(canonicalAddress(asked.address) ?? '');
  if (interfaceName === undefined) return null;
  return {
    direction: 'inbound',
    interfaceName,
    remoteAddress: sourceAddress,
    localAddress: asked.address,
    isForwarded: true,
    protocol,
    sourcePort,
    destinationPort: asked.port,
    icmpType,
    icmpCode,
    syn: protocol === PROTOCOLS.tcp,
    remoteName: null,
  };
}

/** Both directions of a connection as elements of a cut set; none where the protocol has no ports. */
export function cutElements(connection: TrackedConnection): string[] {
  const { protocol, sourcePort, destinationPort } = connection;
  if (!hasPorts(protocol) || sourcePort === null || destinationPort === null) return [];
  const source = canonicalAddress(connection.sourceAddress);
  const destination = canonicalAddress(connection.destinationAddress);
  if (source === null || destination === null) return [];
  const text = (from: string, fromPort: number, to: string, toPort: number) =>
    `${from} . ${fromPort} . ${to} . ${toPort} . ${protocol}`;
  return [
    text(source, sourcePort, destination, destinationPort),
    text(destination, destinationPort, source, sourcePort),
  ];
}
