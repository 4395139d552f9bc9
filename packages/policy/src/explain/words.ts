/** The field's words for what explanations hold. */
import type { ServicePort } from '../model.ts';
import { ANY_PROTOCOL, PROTOCOLS, type NetworkType } from '../vocabulary.ts';
import type {
  AskedService,
  EssentialKind,
  LabelRef,
  NoSay,
  ObjectRef,
  ScopeEntryRef,
} from './explanation.ts';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [PROTOCOLS.icmp, 'ICMP'],
  [PROTOCOLS.igmp, 'IGMP'],
  [PROTOCOLS.tcp, 'TCP'],
  [PROTOCOLS.udp, 'UDP'],
  [PROTOCOLS.gre, 'GRE'],
  [PROTOCOLS.icmpv6, 'ICMPv6'],
  [PROTOCOLS.sctp, 'SCTP'],
]);

/** Such as `TCP 443`, `ICMP type 8`, `GRE`, `all traffic`. */
export function serviceWords(service: AskedService | ServicePort): string {
  const { protocol, port, icmpType, icmpCode } = service;
  if (protocol === ANY_PROTOCOL) return `all traffic${programWords(service)}`;
  const words = [PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`];
  const toPort = 'toPort' in service ? service.toPort : null;
  if (port !== null) words.push(toPort === null ? `${port}` : `${port}-${toPort}`);
  if (icmpType !== null) words.push(`type ${icmpType}`);
  if (icmpCode !== null) words.push(`code ${icmpCode}`);
  return words.join(' ') + programWords(service);
}

function programWords(service: AskedService | ServicePort): string {
  const { process, windowsService } = { process: undefined, windowsService: undefined, ...service };
  const names = [process, windowsService].filter((name) => name !== undefined);
  return names.length === 0 ? '' : ` of ${names.join(', ')}`;
}

export function servicesWords(services: readonly ServicePort[]): string {
  return services.length === 0 ? 'nothing' : services.map(serviceWords).join(', ');
}

/** Name in quotes, with the href where that says more. */
export function refWords({ href, name }: ObjectRef): string {
  return name === href || name === '' ? href : `"${name}" (${href})`;
}

export function nameWords({ href, name }: ObjectRef): string {
  return name === '' ? href : name;
}

/** `key=value`, or the href of a label that does not exist. */
export function labelWords({ href, key, value }: LabelRef): string {
  return key === '' ? href : `${key}=${value}`;
}

export function labelsWords(labels: readonly LabelRef[]): string {
  return labels.map(labelWords).join(' or ');
}

export function scopeWords(entries: readonly ScopeEntryRef[]): string {
  if (entries.length === 0) return 'everything';
  return entries
    .map(({ kind, key, name, exclusion }) => {
      const group = kind === 'label_group' ? ' (group)' : '';
      return `${key}${exclusion ? '!=' : '='}${name}${group}`;
    })
    .join(', ');
}

export const NETWORK_TYPE_WORDS: Readonly<Record<NetworkType, string>> = {
  brn: 'Corporate',
  non_brn: 'Non-Corporate Networks',
  all: 'All Networks',
};

export const ESSENTIAL_WORDS: Readonly<Record<EssentialKind, string>> = {
  loopback: 'the host to itself',
  icmp_error: 'ICMP error',
  neighbour_discovery: 'IPv6 neighbour or router discovery',
  multicast_listener_discovery: 'multicast listener discovery',
};

export const NO_SAY_WORDS: Readonly<Record<NoSay, string>> = {
  external: 'it is no workload',
  unknown_workload: 'there is no such workload',
  unmanaged: 'it is unmanaged',
  idle: 'its mode is idle',
  suspended: 'its VEN is suspended',
  interface_not_managed: 'its VEN does not manage external interfaces before 22.3',
};
