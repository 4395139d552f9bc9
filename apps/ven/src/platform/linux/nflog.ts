/** Log records of the firewall by NFLOG (nfnetlink_log): the first packet of each connection, with its verdict's prefix. */
import { NFLOG_BYTES, NFLOG_GROUP } from '@bulkhead/enforcement';
import {
  readAttributes,
  readMessages,
  textOf,
  writeAttribute,
  writeMessage,
} from './netlink-message.ts';
import { parsePacket, type PacketHeader } from './packet.ts';

const SUBSYS_ULOG = 4;
const MSG_PACKET = 0;
const MSG_CONFIG = 1;
const NLM_F_REQUEST = 1;
const CFG_CMD = 1;
const CFG_MODE = 2;
const CFG_NLBUFSIZ = 3;
const CFG_TIMEOUT = 4;
const CFG_QTHRESH = 5;
const CMD_BIND = 1;
const COPY_PACKET = 2;
const BUFFER_BYTES = 128 * 1024;
const GATHERED_PACKETS = 64;
const GATHER_HUNDREDTHS = 5;
const ATTR_HEADER = 1;
const ATTR_INDEV = 4;
const ATTR_OUTDEV = 5;
const ATTR_PAYLOAD = 9;
const ATTR_PREFIX = 10;
const ATTR_UID = 11;
const HOOK_POSTROUTING = 4;

function config(attribute: Buffer): Buffer {
  const family = Buffer.alloc(4);
  family.writeUInt16BE(NFLOG_GROUP, 2);
  return writeMessage(
    (SUBSYS_ULOG << 8) | MSG_CONFIG,
    NLM_F_REQUEST,
    Buffer.concat([family, attribute]),
  );
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** Messages that ask for the records of our group, gathered. */
export function nflogRequests(): Buffer[] {
  const mode = Buffer.alloc(6);
  mode.writeUInt32BE(NFLOG_BYTES, 0);
  mode.writeUInt8(COPY_PACKET, 4);
  return [
    config(writeAttribute(CFG_CMD, Buffer.from([CMD_BIND]))),
    config(writeAttribute(CFG_MODE, mode)),
    config(writeAttribute(CFG_NLBUFSIZ, number32(BUFFER_BYTES))),
    config(writeAttribute(CFG_TIMEOUT, number32(GATHER_HUNDREDTHS))),
    config(writeAttribute(CFG_QTHRESH, number32(GATHERED_PACKETS))),
  ];
}

export interface NflogRecord extends PacketHeader {
  readonly prefix: string;
  readonly interfaceIndex: number | null;
  readonly userId: number | null;
}

/** The records of a datagram; packets that are no IP are left out. */
export function parseNflog(datagram: Buffer): NflogRecord[] {
  const records: NflogRecord[] = [];
  for (const { type, body } of readMessages(datagram)) {
    if (type !== ((SUBSYS_ULOG << 8) | MSG_PACKET) || body.length < 4) continue;
    const attributes = readAttributes(body.subarray(4));
    const prefix = textOf(attributes.get(ATTR_PREFIX));
    const payload = attributes.get(ATTR_PAYLOAD);
    const header = payload === undefined ? null : parsePacket(payload);
    if (prefix === null || header === null) continue;
    const devices = [attributes.get(ATTR_INDEV), attributes.get(ATTR_OUTDEV)];
    // what a container opened is known by where it leaves, all else that has two by where it came in
    if (attributes.get(ATTR_HEADER)?.[2] === HOOK_POSTROUTING) devices.reverse();
    const device = devices[0] ?? devices[1];
    records.push({
      ...header,
      prefix,
      interfaceIndex: device?.readUInt32BE(0) ?? null,
      userId: attributes.get(ATTR_UID)?.readUInt32BE(0) ?? null,
    });
  }
  return records;
}
