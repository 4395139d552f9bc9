/** Tracked connections, from the lines that `conntrack -L -o extended` prints. */
import type { TrackedConnection } from '@bulkhead/enforcement';
import type { LiveConnection } from '../port.ts';

export interface KernelConnection extends TrackedConnection, LiveConnection {
  /** What selects this connection for `conntrack -D`. */
  readonly deleteArguments: readonly string[];
}

const ICMP_PROTOCOLS = new Set([1, 58]);

/** Lines that are no connection are passed over. */
export function parseConntrack(output: string): KernelConnection[] {
  return output.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): KernelConnection | null {
  const [family, , , protocolText] = line.trim().split(/\s+/);
  if ((family !== 'ipv4' && family !== 'ipv6') || protocolText === undefined) return null;
  const protocol = Number(protocolText);
  const values = (key: string): string[] =>
    [...line.matchAll(new RegExp(`(?:^|\\s)${key}=(\\S+)`, 'g'))].map((match) => match[1] ?? '');
  const [source, replySource] = values('src');
  const [destination] = values('dst');
  if (source === undefined || destination === undefined) return null;
  const [sourcePort, replySourcePort] = values('sport').map(Number);
  const [destinationPort] = values('dport').map(Number);
  const [icmpType] = values('type').map(Number);
  const [icmpCode] = values('code').map(Number);
  const [bytesFromSource = 0, bytesToSource = 0] = values('bytes').map(Number);
  const [packetsFromSource = 0, packetsToSource = 0] = values('packets').map(Number);
  const isIcmp = ICMP_PROTOCOLS.has(protocol);
  const ports =
    sourcePort === undefined || destinationPort === undefined
      ? []
      : ['--orig-port-src', String(sourcePort), '--orig-port-dst', String(destinationPort)];
  const isTranslated =
    replySource !== undefined &&
    (replySource !== destination || (replySourcePort ?? null) !== (destinationPort ?? null));
  return {
    protocol,
    sourceAddress: source,
    // the filter sees the destination after it was translated
    destinationAddress: replySource ?? destination,
    sourcePort: sourcePort ?? null,
    destinationPort: replySourcePort ?? destinationPort ?? null,
    icmpType: isIcmp ? (icmpType ?? null) : null,
    icmpCode: isIcmp ? (icmpCode ?? null) : null,
    bytesFromSource,
    bytesToSource,
    packetsFromSource,
    packetsToSource,
    ...(isTranslated && { asked: { address: destination, port: destinationPort ?? null } }),
    deleteArguments: [
      '-f',
      family,
      '-p',
      String(protocol),
      '-s',
      source,
      '-d',
      destination,
      ...ports,
    ],
  };
}
