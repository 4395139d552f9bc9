/** Interfaces of the host from iproute2's JSON and sysfs. */
import { promises as fs } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import type { InterfaceType, NetworkInterface } from '../port.ts';
import { runCommand } from './command.ts';

const linkSchema = z.object({
  ifindex: z.number().optional(),
  ifname: z.string().optional(),
  flags: z.array(z.string()).optional(),
  operstate: z.string().optional(),
  link_type: z.string().optional(),
  address: z.string().optional(),
  addr_info: z
    .array(
      z.object({
        family: z.string().optional(),
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        scope: z.string().optional(),
        tentative: z.boolean().optional(),
        dadfailed: z.boolean().optional(),
      }),
    )
    .optional(),
});
const routeSchema = z.object({
  gateway: z.string().optional(),
  dev: z.string().optional(),
  metric: z.number().optional(),
});
const neighborSchema = z.object({
  dst: z.string().optional(),
  dev: z.string().optional(),
  lladdr: z.string().optional(),
});

async function ip<Schema extends z.ZodType>(
  args: readonly string[],
  schema: Schema,
): Promise<z.output<Schema>[]> {
  const text = await runCommand('ip', ['-j', ...args]);
  return z.array(schema).parse(text.trim() === '' ? [] : JSON.parse(text));
}

export interface LinuxInterface extends NetworkInterface {
  readonly index: number;
}

/** Loopback and interfaces without a global address are left out. */
export async function readInterfaces(): Promise<LinuxInterface[]> {
  const [links, routes4, routes6, neighbors] = await Promise.all([
    ip(['address', 'show'], linkSchema),
    ip(['-4', 'route', 'show', 'default'], routeSchema),
    ip(['-6', 'route', 'show', 'default'], routeSchema),
    ip(['neighbor', 'show'], neighborSchema),
  ]);
  const routes = [...routes4, ...routes6].sort(
    (one, other) => (one.metric ?? 0) - (other.metric ?? 0),
  );
  const found = await Promise.all(
    links.map(async (link): Promise<LinuxInterface | null> => {
      const { ifname: name, ifindex: index } = link;
      if (name === undefined || index === undefined || link.flags?.includes('LOOPBACK') === true) {
        return null;
      }
      const addresses = (link.addr_info ?? []).flatMap((info) =>
        info.local !== undefined &&
        info.prefixlen !== undefined &&
        info.scope === 'global' &&
        info.tentative !== true &&
        info.dadfailed !== true
          ? [{ address: info.local, prefixLength: info.prefixlen }]
          : [],
      );
      if (addresses.length === 0 || link.flags?.includes('UP') !== true) return null;
      const gateway = routes.find((route) => route.dev === name)?.gateway ?? null;
      const neighbor = neighbors.find((entry) => entry.dev === name && entry.dst === gateway);
      return {
        index,
        name,
        addresses,
        gateway,
        gatewayMac: neighbor?.lladdr ?? null,
        mac: link.link_type === 'ether' ? (link.address ?? null) : null,
        type: await typeOf(name, link.link_type ?? ''),
        linkState: linkStateOf(link.operstate ?? ''),
      };
    }),
  );
  return found.filter((link) => link !== null);
}

function linkStateOf(state: string): NetworkInterface['linkState'] {
  if (state === 'UP') return 'up';
  return ['DOWN', 'LOWERLAYERDOWN', 'NOTPRESENT'].includes(state) ? 'down' : 'unknown';
}

const TUNNELS = new Set(['none', 'ipip', 'sit', 'gre', 'gre6', 'tunnel6', 'ipgre']);

async function typeOf(name: string, linkType: string): Promise<InterfaceType> {
  const folder = `/sys/class/net/${name}`;
  // names of wireless interfaces begin so by the naming scheme, also where the driver shows nothing in sysfs
  if (
    name.startsWith('wl') ||
    (await exists(`${folder}/wireless`)) ||
    (await exists(`${folder}/phy80211`))
  ) {
    return 'wifi';
  }
  if (linkType === 'ppp') return 'ppp';
  if (TUNNELS.has(linkType) || (await exists(`${folder}/tun_flags`))) return 'tunnel';
  if (linkType !== 'ether') return 'other';
  const bus = await subsystemOf(`${folder}/device`);
  if (bus === 'usb') return 'usb_ethernet';
  return bus === 'thunderbolt' ? 'thunderbolt' : 'ethernet';
}

async function exists(path: string): Promise<boolean> {
  try {
    await fs.access(path);
    return true;
  } catch {
    return false;
  }
}

async function subsystemOf(device: string): Promise<string | null> {
  try {
    return basename(await fs.readlink(`${device}/subsystem`));
  } catch {
    return null;
  }
}
