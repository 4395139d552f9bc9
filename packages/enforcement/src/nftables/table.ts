import type { Family } from '@bulkhead/net';
import type { PortRange } from '../plan/port-range.ts';

export type ConnectionState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';

/** One condition of a rule. All conditions of a rule must hold. Only custom rules negate. */
export type NftMatch =
  /** A name that ends in `*` stands for all that begin so. */
  | {
      readonly kind: 'interface';
      readonly side: 'iifname' | 'oifname';
      readonly name: string;
      readonly negated?: boolean;
    }
  | { readonly kind: 'interface_set'; readonly side: 'iifname' | 'oifname'; readonly set: string }
  | {
      readonly kind: 'state';
      readonly states: readonly ConnectionState[];
      readonly negated?: boolean;
    }
  | { readonly kind: 'family'; readonly family: Family }
  | {
      readonly kind: 'address';
      readonly family: Family;
      readonly side: 'saddr' | 'daddr';
      readonly values: readonly string[];
      readonly negated?: boolean;
    }
  | {
      readonly kind: 'address_set';
      readonly family: Family;
      readonly side: 'saddr' | 'daddr';
      readonly set: string;
    }
  | {
      readonly kind: 'protocol';
      readonly protocols: readonly number[];
      readonly negated?: boolean;
    }
  | {
      readonly kind: 'port';
      readonly protocol: number;
      readonly side: 'sport' | 'dport';
      readonly ranges: readonly PortRange[];
      readonly negated?: boolean;
    }
  | {
      readonly kind: 'icmp_type';
      readonly family: Family;
      readonly types: readonly number[];
      readonly negated?: boolean;
    }
  | { readonly kind: 'icmp_code'; readonly family: Family; readonly code: number }
  /** TCP without SYN: cannot open a connection. */
  | { readonly kind: 'without_syn' }
  /** Of the TCP flags in `mask` (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32) exactly those in `value`. */
  | {
      readonly kind: 'tcp_flags';
      readonly mask: number;
      readonly value: number;
      readonly negated?: boolean;
    }
  | NftLimit
  /** Kinds of network devices, as the kernel calls them. */
  | { readonly kind: 'interface_kind'; readonly kinds: readonly string[] }
  /** This host put another address in place of the source or the destination. */
  | { readonly kind: 'translated'; readonly end: 'source' | 'destination' }
  /** The address that the connection was opened to, before it was translated. */
  | { readonly kind: 'asked_address_set'; readonly family: Family; readonly set: string }
  /** No condition: writes the address, or the port, that the connection was opened to into the packet, or the translated one back. */
  | { readonly kind: 'rewrite'; readonly part: RewrittenPart; readonly to: 'asked' | 'sent' }
  /** The port that the connection was opened to, before it was translated; after a condition on the protocol. */
  | { readonly kind: 'asked_port'; readonly range: PortRange }
  /** Source, source port, destination, destination port and protocol together in a set. */
  | { readonly kind: 'tuple_set'; readonly family: Family; readonly set: string }
  /** Something that a plan never says; its text keeps it from being equal to anything. */
  | { readonly kind: 'foreign'; readonly text: string };

export type RewrittenPart = 'ip' | 'ip6' | 'port';

/** Holds for so many packets in a period, and for `burst` more at once. */
export interface NftLimit {
  readonly kind: 'limit';
  readonly rate: number;
  readonly per: 'second' | 'minute' | 'hour' | 'day';
  readonly burst: number;
}

export type NftVerdict =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'reset' | 'prohibit' }
  | { readonly kind: 'unreachable'; readonly family: Family; readonly code: number }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | NftVerdictMap;

/**
 * Goes to the chain of the entry that holds the packet's protocol or destination port (`asked_port`: the one before translation, after a
 * condition on the protocol); the next rule follows when none does.
 */
export interface NftVerdictMap {
  readonly kind: 'map';
  readonly key:
    | { readonly kind: 'protocol' }
    | { readonly kind: 'asked_port' }
    | { readonly kind: 'port'; readonly protocol: number };
  /** Apart from each other, ascending. */
  readonly entries: readonly {
    readonly first: number;
    readonly last: number;
    readonly chain: string;
  }[];
}

/** To a group of NFLOG, or to the kernel's log. */
export type NftLog =
  | { readonly prefix: string; readonly group: number; readonly snaplen: number }
  | NftSyslog;

export interface NftSyslog {
  readonly prefix: string | null;
  readonly level: SyslogLevel;
}

/** Level at which nft and iptables log when none is named. */
export const DEFAULT_LEVEL = 'warn';
export type SyslogLevel =
  | 'emerg'
  | 'alert'
  | 'crit'
  | 'err'
  | typeof DEFAULT_LEVEL
  | 'notice'
  | 'info'
  | 'debug';

export interface NftRule {
  readonly matches: readonly NftMatch[];
  readonly log: NftLog | null;
  readonly verdict: NftVerdict | null;
  readonly comment: string | null;
}

export interface NftHook {
  readonly hook: string;
  readonly priority: number;
  readonly policy: string;
}

export interface NftChain {
  readonly name: string;
  /** Null: entered by jump or goto only. */
  readonly base: NftHook | null;
  readonly rules: readonly NftRule[];
}

/** `tuple4` and `tuple6`: address, port, address, port, protocol. */
export type NftSetType = 'ipv4_addr' | 'ipv6_addr' | 'ifname' | 'tuple4' | 'tuple6' | 'foreign';

export interface NftSet {
  readonly name: string;
  readonly type: NftSetType;
  readonly interval: boolean;
  /** Seconds after which an element leaves by itself; such a set's elements are nobody's plan. */
  readonly timeout: number | null;
  /** Addresses, CIDR blocks, `first-last` or interface names. */
  readonly elements: readonly string[];
}

/** Our table, as planned or as the kernel has it. `exists` false: there is none. */
export interface NftTable {
  readonly exists: boolean;
  readonly sets: readonly NftSet[];
  readonly chains: readonly NftChain[];
}

/** Name of the one table that is ours, in family `inet`. */
export const NFT_TABLE = 'bulkhead';

/** NFLOG group of all log records, in the host's own network namespace. */
export const NFLOG_GROUP = 1113;

/** Bytes of a packet that a log record holds: IPv6 with extension headers, TCP with options. */
export const NFLOG_BYTES = 128;

export const NFT_ABSENT: NftTable = { exists: false, sets: [], chains: [] };

/** Names of the kernel sets that hold interface names. */
export const INTERFACE_NAME_SETS = ['corporate', 'external', 'unmanaged'] as const;

/** Kernel set of the host's own addresses. */
export function ownAddressSetName(family: Family): string {
  return `own${family}`;
}

/** Names of the kernel sets that hold what is known of the host's interfaces. */
export const INTERFACE_SETS: readonly string[] = [
  ...INTERFACE_NAME_SETS,
  ownAddressSetName(4),
  ownAddressSetName(6),
];

/** Kernel set of the tuples that stay cut. */
export function cutSetName(family: Family): string {
  return `cut${family}`;
}

/** Single addresses in a hash, ranges as intervals: one that changes costs nothing that grows with the others of its kind in a hash only. */
export const SET_PARTS = ['hosts', 'ranges'] as const;
export type SetPart = (typeof SET_PARTS)[number];

/** Kernel set of the single addresses (hash) or of the ranges (interval) of an address set. */
export function addressSetName(id: string, part: SetPart, family: Family): string {
  return `a_${id}_${part === 'hosts' ? 'h' : 'r'}${family}`;
}

/** As `addressSetName`, for the union of several address sets. */
export function unionSetName(id: string, part: SetPart, family: Family): string {
  return `u_${id}_${part === 'hosts' ? 'h' : 'r'}${family}`;
}

/** A rule without log. */
export function nftRule(
  matches: readonly NftMatch[],
  verdict: NftVerdict,
  comment: string | null = null,
): NftRule {
  return { matches, log: null, verdict, comment };
}
