/** Octets that were written to a connection and that the other end's kernel has not acknowledged, as Linux shows them. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** 0 where the system does not say (macOS). */
export async function unacknowledged(socket: Socket): Promise<number> {
  if (socket.writableLength > 0) return socket.writableLength;
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return 0;
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  return queued(tables.join(''), localPort, remotePort);
}

/** Sum of the send queues of connections between two ports; the two name one connection in all but name. */
export function queued(table: string, localPort: number, remotePort: number): number {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const row = new RegExp(
    `^\\s*\\d+: [0-9A-F]+:${hex(localPort)} [0-9A-F]+:${hex(remotePort)} [0-9A-F]{2} ([0-9A-F]{8}):`,
    'gm',
  );
  return [...table.matchAll(row)].reduce(
    (sum, [, size]) => sum + Number.parseInt(size ?? '0', 16),
    0,
  );
}
