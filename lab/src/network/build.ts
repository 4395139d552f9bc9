import { run, tryRun, LabError } from './commands.ts';
import {
  CORPORATE_PUBLIC_IP,
  HOME_PUBLIC_IP,
  HOSTS,
  HOST_NAMES,
  PCE_ADDRESS,
  SEGMENTS,
  type SegmentName,
} from './topology.ts';

const ROUTERS = ['corp', 'home', 'inet'] as const;

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** One line says what is missing, before anything is made. */
export async function checkPermissions(probeNamespace: string): Promise<void> {
  const advice =
    'run the lab as root on a Linux host (in a container: with CAP_SYS_ADMIN and CAP_NET_ADMIN)';
  const made = await tryRun('ip', ['netns', 'add', probeNamespace]).catch(() => null);
  if (made === null) throw new LabError('the program "ip" is missing; install iproute2');
  if (made.code !== 0)
    throw new LabError(
      `network namespaces are not permitted (${firstLine(made.stderr)}); ${advice}`,
    );
  try {
    const nft = await tryRun('ip', [
      'netns',
      'exec',
      probeNamespace,
      'nft',
      'add table inet probe',
    ]);
    if (nft.code !== 0)
      throw new LabError(
        `nftables is not permitted or missing (${firstLine(nft.stderr)}); ${advice}`,
      );
  } finally {
    await tryRun('ip', ['netns', 'del', probeNamespace]);
  }
}

async function ipBatch(namespace: string, lines: readonly string[]): Promise<void> {
  await run('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function writeSysctl(namespace: string, path: string, value: string): Promise<void> {
  await run('ip', ['netns', 'exec', namespace, 'tee', `/proc/sys/${path}`], { input: value });
}

/** Lines that give an end host its address on a segment. */
export function addressLines(
  interfaceName: string,
  address: string,
  segment: SegmentName,
): string[] {
  const { prefixLength, gateway } = SEGMENTS[segment];
  return [
    `addr add ${address}/${prefixLength} brd + dev ${interfaceName}`,
    `route add default via ${gateway} dev ${interfaceName}`,
  ];
}

function bridgeLines(segment: SegmentName): string[] {
  const { bridge, gateway, prefixLength } = SEGMENTS[segment];
  return [
    `link add ${bridge} type bridge forward_delay 0`,
    `addr add ${gateway}/${prefixLength} brd + dev ${bridge}`,
    `link set ${bridge} up`,
  ];
}

/** Translates what leaves by the uplink to the site's one public address, as an office or home router does. */
async function translate(namespace: string, uplink: string, publicIp: string): Promise<void> {
  const rules = [
    'table ip nat {',
    'chain postrouting {',
    'type nat hook postrouting priority srcnat',
    `oifname "${uplink}" snat to ${publicIp}`,
    '}',
    '}',
  ];
  await run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], {
    input: `${rules.join('\n')}\n`,
  });
}

/** Makes every namespace, link, address, route and translation of the lab. `named` gives the namespace of a host. */
export async function buildNetworks(named: (host: string) => string): Promise<void> {
  const ends = [...HOST_NAMES, 'pce'];
  await run('ip', ['-batch', '-'], {
    input: [...ROUTERS, ...ends].map((host) => `netns add ${named(host)}\n`).join(''),
  });
  await Promise.all(
    ROUTERS.flatMap((router) => [
      writeSysctl(named(router), 'net/ipv4/ip_forward', '1'),
      ipBatch(named(router), ['link set lo up']),
    ]),
  );
  const bridges = { corp: ['datacenter', 'office'], home: ['home'], inet: ['internet'] } as const;
  await Promise.all(
    ROUTERS.map((router) => ipBatch(named(router), bridges[router].flatMap(bridgeLines))),
  );
  await ipBatch(named('inet'), [
    `link add corp type veth peer name wan netns ${named('corp')}`,
    'link set corp master net up',
    `link add home type veth peer name wan netns ${named('home')}`,
    'addr add 198.51.100.1/24 brd + dev home',
    'link set home up',
  ]);
  await Promise.all([
    ipBatch(named('corp'), [
      `addr add ${CORPORATE_PUBLIC_IP}/24 brd + dev wan`,
      'link set wan up',
      `route add default via ${SEGMENTS.internet.gateway}`,
    ]),
    ipBatch(named('home'), [
      `addr add ${HOME_PUBLIC_IP}/24 brd + dev wan`,
      'link set wan up',
      'route add default via 198.51.100.1',
    ]),
    translate(named('corp'), 'wan', CORPORATE_PUBLIC_IP),
    translate(named('home'), 'wan', HOME_PUBLIC_IP),
  ]);
  const pce = { segment: 'internet', address: PCE_ADDRESS, interfaceName: 'eth0' } as const;
  await Promise.all(
    ends.map(async (host) => {
      const spec = host === 'pce' ? pce : HOSTS[host as keyof typeof HOSTS];
      const { router, bridge } = SEGMENTS[spec.segment];
      const port = `p-${host}`;
      await ipBatch(named(router), [
        `link add ${port} type veth peer name ${spec.interfaceName} netns ${named(host)}`,
        `link set ${port} master ${bridge} up`,
      ]);
      await ipBatch(named(host), [
        'link set lo up',
        `link set ${spec.interfaceName} up`,
        ...addressLines(spec.interfaceName, spec.address, spec.segment),
      ]);
    }),
  );
}

/**
 * Carries an end host to another network: its cable leaves one switch (the link goes down, the old address goes) and enters the other,
 * where it gets an address and a default route. The interface stays the same one.
 */
export async function replug(
  named: (host: string) => string,
  move: {
    readonly host: string;
    readonly interfaceName: string;
    readonly from: SegmentName;
    readonly to: SegmentName;
    readonly address: string;
  },
): Promise<void> {
  const { host, interfaceName, from, to, address } = move;
  const [left, entered] = [SEGMENTS[from], SEGMENTS[to]];
  const port = `p-${host}`;
  if (left.router === entered.router) {
    await ipBatch(named(left.router), [`link set ${port} down nomaster`]);
  } else {
    await ipBatch(named(left.router), [`link set ${port} netns ${named(entered.router)}`]);
  }
  await ipBatch(named(host), [`addr flush dev ${interfaceName} scope global`]);
  await ipBatch(named(entered.router), [`link set ${port} master ${entered.bridge} up`]);
  await ipBatch(named(host), addressLines(interfaceName, address, to));
}
