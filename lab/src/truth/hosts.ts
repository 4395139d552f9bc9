/** Random hosts: all types, modes and VEN versions, on networks that they share, of both families. */
import { ENFORCEMENT_MODES } from '@bulkhead/policy';
import type { ScenarioDocument } from '../scenario/format.ts';
import type { Random } from './random.ts';

type Workloads = NonNullable<ScenarioDocument['workloads']>;
type Interface = NonNullable<Workloads[number]['interfaces']>[number];

export const DEVICES = ['eth0', 'wlan0'] as const;
export const LABELS: Readonly<Record<string, readonly string[]>> = {
  role: ['web', 'db', 'dc'],
  app: ['erp', 'crm'],
  env: ['prod', 'dev'],
};
/** Few networks, so that hosts meet in subnets, ranges and pools. */
const NETWORKS_V4 = ['10.1.0.', '10.1.1.', '10.2.0.', '192.168.7.', '198.51.100.'] as const;
const NETWORKS_V6 = ['2001:db8:1::', '2001:db8:1:1::', '2001:db8:2::', 'fd00:7::'] as const;
const LENGTHS_V4 = [24, 24, 24, 25, 16, 8, 7, 32, 0] as const;
const LENGTHS_V6 = [64, 64, 48, 32, 31, 128, 0] as const;

/** An address of one of the networks, of either family, with a prefix length. */
export function randomAddress(random: Random, number: number): string {
  return random.chance(0.35)
    ? `${random.pick(NETWORKS_V6)}${number.toString(16)}/${random.pick(LENGTHS_V6)}`
    : `${random.pick(NETWORKS_V4)}${number}/${random.pick(LENGTHS_V4)}`;
}

/** Gives each address once, but now and then one that is there already, or one that no router passes on. */
function addressMaker(random: Random): () => string[] {
  let last = 9;
  const given: string[] = [];
  const single = (isV6: boolean): string => {
    if (given.length > 0 && random.chance(0.02)) return random.pick(given);
    last += 1;
    const text = isV6
      ? `${random.pick(NETWORKS_V6)}${last.toString(16)}/${random.pick(LENGTHS_V6)}`
      : `${random.pick(NETWORKS_V4)}${last}/${random.pick(LENGTHS_V4)}`;
    given.push(text);
    return text;
  };
  return () => [
    ...(random.chance(0.9) ? [single(false)] : []),
    ...(random.chance(0.6) ? [single(true)] : []),
    ...(random.chance(0.15) ? [single(random.chance(0.5))] : []),
    ...(random.chance(0.05) ? [random.pick(['169.254.3.4/16', 'fe80::7/64'])] : []),
  ];
}

/** At most `count` hosts together. */
export function randomHosts(
  random: Random,
  count: number,
): Pick<ScenarioDocument, 'workloads' | 'external_hosts'> {
  const addresses = addressMaker(random);
  const externals = 1 + random.int(2);
  const managed = (name: string, type: 'server' | 'endpoint'): Workloads[number] => {
    const interfaces = DEVICES.slice(0, random.chance(0.35) ? 2 : 1).map((device): Interface => {
      const isExternal = type === 'endpoint' && random.chance(0.35);
      const own = addresses();
      return {
        name: device,
        addresses: own.length > 0 ? own : addresses(),
        ...(isExternal && { network_profile: 'external' as const }),
      };
    });
    return {
      name,
      ...(type === 'endpoint' && { type }),
      labels: randomLabels(random),
      enforcement_mode: random.pick([
        ...ENFORCEMENT_MODES,
        'full',
        'full',
        'selective',
        'selective',
      ]),
      ...(random.chance(0.2) && { ven_version: random.pick(['22.2.30', '22.3.0', '21.5.1']) }),
      ...(random.chance(0.1) && { online: false }),
      interfaces,
    };
  };
  const workloads = random.times(3, count - externals, (index): Workloads[number] => {
    const name = `w${index + 1}`;
    const type = random.pick(['server', 'server', 'endpoint', 'endpoint', 'unmanaged'] as const);
    if (type !== 'unmanaged') return managed(name, type);
    return {
      name,
      type,
      labels: randomLabels(random),
      interfaces: [{ name: 'eth0', addresses: [...addresses(), `10.9.0.${index + 1}/24`] }],
    };
  });
  return {
    workloads,
    external_hosts: random
      .times(externals, externals, (index) => ({
        name: `x${index + 1}`,
        addresses: addresses().map((text) => text.split('/')[0] ?? text),
        ...(random.chance(0.2) && { fqdn: random.pick(['a.example.com', 'example.net']) }),
      }))
      .filter((host) => host.addresses.length > 0),
  };
}

export function randomLabels(random: Random): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LABELS)
      .filter(() => random.chance(0.75))
      .map(([key, values]) => [key, random.pick(values)]),
  );
}
