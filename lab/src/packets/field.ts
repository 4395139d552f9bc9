/**
 * Hosts as network namespaces around one router that reaches every address, whatever the prefix lengths. Both ends of each link have the
 * same link address and ask nobody for the other's, so that the first packet passes without any exchange before it.
 */
import { writeFileSync } from 'node:fs';
import { familyOf } from '@bulkhead/net';
import { run } from '../network/commands.ts';
import { openNamespace, type Namespace } from './libc.ts';

const LINK_ADDRESS = '02:00:00:00:00:01';

/** Addresses of a host on one of its devices. */
export interface Assignment {
  readonly device: string;
  readonly addresses: readonly string[];
}

export interface Field {
  readonly hosts: readonly Namespace[];
  /**
   * Gives the hosts these addresses (by index, then device) and takes away those of before. The router leads an address that several
   * hosts are given to the first of them.
   */
  readonly assign: (hosts: readonly (readonly Assignment[])[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await run('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

const linkName = (host: number, device: number): string => `h${host}d${device}`;
const lengthOf = (address: string): number => (familyOf(address) === 4 ? 32 : 128);

/** Makes one namespace for each list of device names, named `prefix` and a number, and the router's. */
export async function createField(
  prefix: string,
  devices: readonly (readonly string[])[],
): Promise<Field> {
  const router = `${prefix}r`;
  const names = devices.map((_, index) => `${prefix}h${index}`);
  const all = [router, ...names];
  await run('ip', ['-batch', '-'], { input: all.map((name) => `netns add ${name}\n`).join('') });
  const opened = all.map(openNamespace);
  const [ofRouter, ...hosts] = opened;
  ofRouter?.run(() => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
    for (const name of ['all', 'default']) {
      writeFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, '0');
    }
  });
  for (const host of hosts) {
    host.run(() => writeFileSync('/proc/sys/net/ipv4/conf/all/rp_filter', '0'));
  }
  const up = (device: string) => `link set ${device} arp off addrgenmode none up`;
  await batch(
    router,
    devices.flatMap((list, host) =>
      list.flatMap((device, index) => [
        `link add ${linkName(host, index)} address ${LINK_ADDRESS} type veth peer name ${device} address ${LINK_ADDRESS} netns ${names[host]}`,
        up(linkName(host, index)),
      ]),
    ),
  );
  await Promise.all(
    names.map((name, host) =>
      batch(name, ['link set lo up', ...(devices[host] ?? []).flatMap((device) => [up(device)])]),
    ),
  );
  let assigned: readonly (readonly Assignment[])[] = [];

  /** Lines for each host, and for the router. */
  function lines(given: readonly (readonly Assignment[])[], verb: 'add' | 'del') {
    const routed = new Set<string>();
    const routes: string[] = [];
    const ofHosts = given.map((list, host) =>
      list.flatMap(({ device, addresses }) => {
        const at = devices[host]?.indexOf(device) ?? -1;
        return addresses.map((address) => {
          const prefixed = `${address}/${lengthOf(address)}`;
          if (!routed.has(address)) {
            routed.add(address);
            routes.push(`route ${verb} ${prefixed} dev ${linkName(host, at)}`);
          }
          const nodad = verb === 'add' && familyOf(address) === 6 ? ' nodad' : '';
          return `addr ${verb} ${prefixed} dev ${device}${nodad}`;
        });
      }),
    );
    return { ofHosts, routes };
  }

  return {
    hosts,
    async assign(given) {
      const [before, after] = [lines(assigned, 'del'), lines(given, 'add')];
      assigned = given;
      await Promise.all([
        batch(router, [...before.routes, ...after.routes]),
        ...names.map((name, host) =>
          batch(name, [
            ...(before.ofHosts[host] ?? []),
            ...(after.ofHosts[host] ?? []),
            // a device that has lost its last address has lost its routes
            ...(devices[host] ?? []).flatMap((device, index) =>
              ['0.0.0.0/0', '::/0'].map(
                (every) => `route replace ${every} dev ${device} metric ${index + 1}`,
              ),
            ),
          ]),
        ),
      ]);
    },
    async close() {
      for (const namespace of opened) namespace.close();
      await run('ip', ['-batch', '-'], {
        input: all.map((name) => `netns del ${name}\n`).join(''),
      });
    },
  };
}
