/**
 * Members of nftables sets as one nfnetlink batch, which the kernel takes whole or not at all. What is
 * added must not be there and what is removed must be: an acknowledged batch moved exactly what it says.
 */
import {
  ADDRESS_BITS,
  formatAddress,
  parseAddress,
  parseSpan,
  type AddressSpan,
} from '@bulkhead/net';
import type { ElementChange } from '@bulkhead/enforcement';
import { FirewallError } from '../port.ts';
import { readAttributes, textOf } from './netlink-message.ts';
import { createNetlinkWriter, type NetlinkWriter } from './netlink-writer.ts';

interface BatchMessage {
  /** Where it begins in the batch. */
  readonly at: number;
  readonly change: ElementChange;
  readonly verb: 'add' | 'remove';
}

export interface ElementBatch {
  readonly bytes: Buffer;
  /** Messages that move elements, numbered from 1; the kernel acknowledges each of them once the batch is in force. */
  readonly messages: readonly BatchMessage[];
}

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const SUBSYS_NFTABLES = 10;
const MSG_NEWSETELEM = 12;
const MSG_DELSETELEM = 14;
const FAMILY_INET = 1;
const LIST_TABLE = 1;
const LIST_SET = 2;
const LIST_ELEMENTS = 3;
const LIST_ELEMENT = 1;
const ELEMENT_KEY = 1;
const ELEMENT_FLAGS = 3;
const ELEMENT_USERDATA = 6;
const DATA_VALUE = 1;
const INTERVAL_END = 1;
/** What nft writes beside an interval up to the last address, and needs to list it. */
const OPEN_INTERVAL = Buffer.from([1, 4, 1, 0, 0, 0]);
const KEY_BYTES = { ipv4_addr: 4, ipv6_addr: 16, ifname: 16 } as const;
/** The length of an attribute has 16 bits; an element is far below 1 KB. */
const ELEMENT_BYTES = 60_000;
const BATCH_BODY = Buffer.from([0, 0, 0, SUBSYS_NFTABLES]);
const INET_BODY = Buffer.from([FAMILY_INET, 0, 0, 0]);

/**
 * Removals stand before additions, so that one interval may take the place of another. Throws FirewallError for a key
 * that its set cannot hold.
 */
export function encodeElements(changes: readonly ElementChange[]): ElementBatch {
  const writer = createNetlinkWriter();
  const messages: BatchMessage[] = [];
  writer.begin(BATCH_BEGIN, NLM_F_REQUEST, 0, BATCH_BODY);
  writer.end();
  for (const verb of ['remove', 'add'] as const) {
    for (const change of changes) {
      for (let from = 0; from < change[verb].length;) {
        messages.push({ at: writer.length(), change, verb });
        from = writeMessage(writer, change, verb, from, messages.length);
      }
    }
  }
  writer.begin(BATCH_END, NLM_F_REQUEST, messages.length + 1, BATCH_BODY);
  writer.end();
  return { bytes: writer.bytes(), messages };
}

/** One message with as many elements as it holds; answers where the next one begins. */
function writeMessage(
  writer: NetlinkWriter,
  change: ElementChange,
  verb: 'add' | 'remove',
  from: number,
  sequence: number,
): number {
  const flags = NLM_F_REQUEST | NLM_F_ACK | (verb === 'add' ? NLM_F_CREATE | NLM_F_EXCL : 0);
  const type = verb === 'add' ? MSG_NEWSETELEM : MSG_DELSETELEM;
  let next = from;
  writer.begin((SUBSYS_NFTABLES << 8) | type, flags, sequence, INET_BODY);
  writer.text(LIST_TABLE, change.table);
  writer.text(LIST_SET, change.set);
  writer.nest(LIST_ELEMENTS, () => {
    const end = writer.length() + ELEMENT_BYTES;
    for (; writer.length() < end; next += 1) {
      const element = change[verb][next];
      if (element === undefined) break;
      writeElement(writer, change, verb, element.key);
    }
  });
  writer.end();
  return next;
}

/** One element, or the two ends of an interval. */
function writeElement(
  writer: NetlinkWriter,
  change: ElementChange,
  verb: 'add' | 'remove',
  key: string,
): void {
  const { first, behind } = endsOf(change, key);
  writer.nest(LIST_ELEMENT, () => {
    writer.nest(ELEMENT_KEY, () => writer.attribute(DATA_VALUE, first));
    if (verb === 'add' && change.interval && behind === null) {
      writer.attribute(ELEMENT_USERDATA, OPEN_INTERVAL);
    }
  });
  if (behind === null) return;
  writer.nest(LIST_ELEMENT, () => {
    writer.number(ELEMENT_FLAGS, INTERVAL_END);
    writer.nest(ELEMENT_KEY, () => writer.attribute(DATA_VALUE, behind));
  });
}

/** First address of a key and the one behind its last; null behind single elements and the end of all addresses. */
function endsOf(
  { keyType, interval, set }: ElementChange,
  key: string,
): { readonly first: Buffer; readonly behind: Buffer | null } {
  if (keyType === 'ifname') {
    const name = Buffer.alloc(KEY_BYTES.ifname);
    if (Buffer.byteLength(key) >= name.length || key === '') {
      throw new FirewallError(`"${key}" for ${set} is not an interface name of 1 to 15 bytes`);
    }
    name.write(key);
    return { first: name, behind: null };
  }
  const span = spanOf(key, interval);
  const family = keyType === 'ipv4_addr' ? 4 : 6;
  if (span?.family !== family) {
    const what = interval ? 'an address, a CIDR block or a range' : 'an address';
    throw new FirewallError(`"${key}" for ${set} is not ${what} of IPv${family}`);
  }
  const behind = span.last + 1n;
  return {
    first: addressBytes(family, span.first),
    behind:
      !interval || behind >> BigInt(ADDRESS_BITS[family]) !== 0n
        ? null
        : addressBytes(family, behind),
  };
}

function spanOf(key: string, interval: boolean): AddressSpan | null {
  if (interval) {
    const parsed = parseSpan(key);
    return parsed.ok ? parsed.value : null;
  }
  const address = parseAddress(key);
  return address === null
    ? null
    : { family: address.family, first: address.value, last: address.value };
}

function addressBytes(family: 4 | 6, value: bigint): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BITS[family] / 8);
  if (family === 4) bytes.writeUInt32BE(Number(value));
  else {
    bytes.writeBigUInt64BE(value >> 64n, 0);
    bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 8);
  }
  return bytes;
}

/** Text of a key in the kernel's bytes. */
function formatKey(keyType: ElementChange['keyType'], bytes: Buffer): string {
  if (keyType === 'ifname') return textOf(bytes) ?? '';
  if (keyType === 'ipv4_addr') return bytes.join('.');
  return formatAddress({ family: 6, value: BigInt(`0x${bytes.toString('hex')}`) });
}

/** What a message does, with the element that begins at an offset in it; for people. */
export function describeMessage(batch: ElementBatch, sequence: number, offset: number): string {
  const message = batch.messages[sequence - 1];
  if (message === undefined) return 'the change';
  const { at, verb, change } = message;
  const element = readAttributes(batch.bytes.subarray(at + offset)).get(LIST_ELEMENT);
  const key = element && readAttributes(element).get(ELEMENT_KEY);
  const value = key && readAttributes(key).get(DATA_VALUE);
  const text =
    value?.length === KEY_BYTES[change.keyType] ? formatKey(change.keyType, value) : 'an element';
  const isEnd = element !== undefined && readAttributes(element).has(ELEMENT_FLAGS);
  const what = isEnd ? `the end of an interval before ${text}` : text;
  return verb === 'add' ? `adding ${what} to ${change.set}` : `removing ${what} from ${change.set}`;
}
