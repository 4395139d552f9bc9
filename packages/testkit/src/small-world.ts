/** What the arbitraries draw from: few labels, addresses and ports, so that objects meet. */
import fc from 'fast-check';

export const LABELS = ['role', 'app', 'env'].flatMap((key) =>
  ['a', 'b'].map((value) => ({ href: `/labels/${key}-${value}`, key, value })),
);

const hrefs = (kind: string, count: number) =>
  Array.from({ length: count }, (_, index) => `/${kind}/${index + 1}`);

/** Hrefs and addresses that the arbitraries draw from. */
export const SMALL_WORLD = {
  labels: LABELS.map(({ href }) => href),
  labelGroups: hrefs('label_groups', 5),
  workloads: hrefs('workloads', 6),
  ipLists: hrefs('ip_lists', 3),
  services: hrefs('services', 2),
  virtualServices: hrefs('virtual_services', 2),
  ruleSets: hrefs('rule_sets', 3),
  enforcementBoundaries: hrefs('enforcement_boundaries', 2),
  addresses: [
    '10.0.0.1',
    '10.0.0.2',
    '10.0.1.1',
    '10.0.1.130',
    '198.51.100.7',
    '169.254.0.5',
    '2001:db8::1',
    '2001:db8:0:1::9',
    'fe80::1',
  ],
} as const;

export const KEYS = ['role', 'app', 'env'] as const;
export const FQDNS = ['a.example.com', 'b.a.example.com', 'example.net'] as const;
/** User groups. */
export const SIDS = ['S-1-5-21-1', 'S-1-5-21-2'] as const;
/** Programs and Windows services that an entry of a service may name; a path in two spellings is one program. */
export const PROGRAMS = [
  { process: 'C:\\web\\serve.exe' },
  { process: 'c:\\WEB\\serve.exe' },
  { process: 'C:\\db\\store.exe' },
  { windowsService: 'W3SVC' },
  { process: 'C:\\web\\serve.exe', windowsService: 'W3SVC' },
] as const;

export function keyOfGroup(href: string): string {
  const groups: readonly string[] = SMALL_WORLD.labelGroups;
  return KEYS[groups.indexOf(href) % KEYS.length] ?? 'role';
}

export function labelsOf(key: string): readonly string[] {
  return LABELS.filter((item) => item.key === key).map(({ href }) => href);
}

export function oneOf<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

export function someOf<T>(values: readonly T[], maxLength = 2): fc.Arbitrary<T[]> {
  return fc.uniqueArray(oneOf(values), { maxLength });
}

/** The value nine times of ten. */
export function mostly(value: boolean): fc.Arbitrary<boolean> {
  return fc.nat({ max: 9 }).map((chance) => (chance === 9 ? !value : value));
}

export interface PolicyOptions {
  /**
   * With user groups, programs, suspended hosts, all systems, VPN pools, IPv6 modes, coexistence, reject scopes and raw iptables rules;
   * without them, every host is a Linux host that runs and the firewall settings are the defaults.
   */
  readonly extended: boolean;
}

export const EVERYTHING: PolicyOptions = { extended: true };
