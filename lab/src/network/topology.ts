/**
 * The lab's networks. Documentation ranges play the public internet, so corporate public IPs and address translation are real;
 * every address exists inside namespaces only.
 *
 *   datacenter 10.10.0.0/24 --+
 *                             corp --203.0.113.0/24-- inet --198.51.100.0/24-- home -- 192.168.1.0/24
 *   office     10.20.0.0/24 --+        .10      (pce .20, internet .80)       .20
 */
export const PCE_FQDN = 'pce.bulkhead.example';
export const PCE_ADDRESS = '203.0.113.20';
export const CORPORATE_PUBLIC_IP = '203.0.113.10';
export const HOME_PUBLIC_IP = '198.51.100.20';

export const SEGMENTS = {
  datacenter: { prefixLength: 24, gateway: '10.10.0.1', router: 'corp', bridge: 'dc' },
  office: { prefixLength: 24, gateway: '10.20.0.1', router: 'corp', bridge: 'office' },
  home: { prefixLength: 24, gateway: '192.168.1.1', router: 'home', bridge: 'lan' },
  internet: { prefixLength: 24, gateway: '203.0.113.1', router: 'inet', bridge: 'net' },
} as const;
export type SegmentName = keyof typeof SEGMENTS;

export interface HostSpec {
  readonly segment: SegmentName;
  readonly address: string;
  readonly interfaceName: string;
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** Hosts with a listener process. `laptop-2` is on the "wireless" network: a link named as a Wi-Fi card is. */
export const HOSTS = {
  web: {
    segment: 'datacenter',
    address: '10.10.0.11',
    interfaceName: 'eth0',
    tcp: [22, 80, 443],
    udp: [],
  },
  app: {
    segment: 'datacenter',
    address: '10.10.0.12',
    interfaceName: 'eth0',
    tcp: [22, 8080],
    udp: [],
  },
  db: {
    segment: 'datacenter',
    address: '10.10.0.13',
    interfaceName: 'eth0',
    tcp: [22, 5432],
    udp: [],
  },
  ad: {
    segment: 'datacenter',
    address: '10.10.0.14',
    interfaceName: 'eth0',
    tcp: [22, 88, 389, 445],
    udp: [88, 389],
  },
  'laptop-1': {
    segment: 'office',
    address: '10.20.0.11',
    interfaceName: 'eth0',
    tcp: [22, 139, 445],
    udp: [137],
  },
  'laptop-2': {
    segment: 'office',
    address: '10.20.0.12',
    interfaceName: 'wlan0',
    tcp: [22, 139, 445],
    udp: [137],
  },
  internet: {
    segment: 'internet',
    address: '203.0.113.80',
    interfaceName: 'eth0',
    tcp: [80, 443],
    udp: [53],
  },
} as const satisfies Readonly<Record<string, HostSpec>>;
export type HostName = keyof typeof HOSTS;
export const HOST_NAMES = Object.keys(HOSTS) as HostName[];

/** Where the laptop that roams is: the address it has there, on the same interface. */
export const PLACES = {
  office: { segment: 'office', address: HOSTS['laptop-1'].address },
  home: { segment: 'home', address: '192.168.1.11' },
} as const satisfies Readonly<Record<string, { segment: SegmentName; address: string }>>;
export type Place = keyof typeof PLACES;
