/** TCP ports of this network namespace that programs wait on. */
import { promises as fs } from 'node:fs';

const LISTEN = '0A';

export async function listeningPorts(proc = '/proc'): Promise<ReadonlySet<number>> {
  // a kernel without IPv6 has no list of it
  const lists = await Promise.all(
    ['tcp', 'tcp6'].map((name) => fs.readFile(`${proc}/net/${name}`, 'utf8').catch(() => '')),
  );
  return new Set(lists.flatMap(parseListening));
}

/** Of the lines of `/proc/net/tcp` (proc_net_tcp in the kernel's documentation): `sl local_address rem_address st …`, numbers in hex. */
export function parseListening(list: string): number[] {
  return list.split('\n').flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const port = Number.parseInt(local?.split(':').at(-1) ?? '', 16);
    return state === LISTEN && Number.isInteger(port) ? [port] : [];
  });
}
