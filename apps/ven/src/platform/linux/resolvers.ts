/** Addresses of the DNS servers that the host asks. */
import { canonicalAddress } from '@bulkhead/net';

const RESOLV_CONF = '/etc/resolv.conf';
/** Where stub resolvers on loopback (systemd-resolved, NetworkManager's dnsmasq) write whom they ask themselves. */
const BEHIND_STUBS = [
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
];

/** Loopback left out; where a stub resolver answers there, the servers behind it. A file that cannot be read has none. */
export async function readResolvers(
  readText: (path: string) => Promise<string>,
): Promise<readonly string[]> {
  const read = async (path: string): Promise<string[]> =>
    parseNameservers(await readText(path).catch(() => ''));
  const configured = await read(RESOLV_CONF);
  const behind = configured.some(isLoopback) ? await Promise.all(BEHIND_STUBS.map(read)) : [];
  return [...new Set([...configured, ...behind.flat()])].filter((address) => !isLoopback(address));
}

/** Addresses of `nameserver` lines without zone. */
function parseNameservers(text: string): string[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+([^\s%]+)/gm)].flatMap(
    ([, address = '']) => canonicalAddress(address) ?? [],
  );
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(address);
}
