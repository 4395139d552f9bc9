/** Sends element batches to the kernel and reads what it says of them. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { FirewallError } from '../port.ts';
import { OVERRUN, type Libc } from './libc.ts';
import { readAttributes, readMessages, textOf } from './netlink-message.ts';
import type { ElementChange } from '@bulkhead/enforcement';
import { describeMessage, encodeElements, type ElementBatch } from './nft-elements.ts';

const { EEXIST, ENOENT } = constants.errno;
const NETLINK_NETFILTER = 12;
const NLMSG_ERROR = 2;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const ERROR_MESSAGE = 1;
const ERROR_OFFSET = 2;
const HEADER_BYTES = 16;
const RECEIVE_BYTES = 64 * 1024;
/** What the kernel counts of a send buffer besides the message. */
const SEND_OVERHEAD = 4096;
/** The kernel answers each message of a batch, all at once, and counts far more of a receive buffer than the bytes of an answer. */
const ANSWER_BYTES = 1024;
const LEAST_ANSWER_BYTES = 256 * 1024;

interface Acknowledgement {
  readonly sequence: number;
  /** Negative errno, or 0. */
  readonly error: number;
  readonly text: string | null;
  /** Where in the message the fault is. */
  readonly offset: number;
}

export interface ElementSocket {
  /** Number by which the kernel knows the socket. */
  readonly port: number;
  /** Moves all of it or nothing. Throws FirewallError. */
  move(changes: readonly ElementChange[]): void;
  close(): void;
}

export function openElementSocket(libc: Libc): ElementSocket {
  const fd = libc.netlink(NETLINK_NETFILTER, 0);
  const buffer = Buffer.alloc(RECEIVE_BYTES);
  const from = Buffer.alloc(12);
  let sendBytes = 0;
  let answerBytes = 0;
  libc.askForReasons(fd);

  function send({ bytes, messages }: ElementBatch): void {
    const wanted = bytes.length + SEND_OVERHEAD;
    const answers = Math.max(messages.length * ANSWER_BYTES, LEAST_ANSWER_BYTES);
    try {
      if (answers > answerBytes) {
        libc.setReceiveBuffer(fd, answers);
        answerBytes = answers;
      }
      if (wanted > sendBytes) {
        libc.setSendBuffer(fd, wanted);
        sendBytes = wanted;
      }
      libc.send(fd, bytes);
    } catch (error) {
      throw new FirewallError(`${bytes.length} bytes could not be sent to the kernel`, {
        cause: error,
      });
    }
  }

  /** The kernel has answered when a message is sent: nothing is waited for. Null: it had more to say than there was room for. */
  function receive(): Acknowledgement[] | null {
    const found: Acknowledgement[] = [];
    let lost = false;
    for (;;) {
      const datagram = libc.receive(fd, buffer, from);
      if (datagram === null) return lost ? null : found;
      if (datagram === OVERRUN) lost = true;
      else found.push(...readAcknowledgements(datagram));
    }
  }

  return {
    port: libc.portOf(fd),
    move(changes) {
      const batch = encodeElements(changes);
      if (batch.messages.length === 0) return;
      send(batch);
      judge(batch, receive());
    },
    close: () => libc.close(fd),
  };
}

function judge(batch: ElementBatch, acknowledged: readonly Acknowledgement[] | null): void {
  if (acknowledged === null) {
    throw new FirewallError('the kernel answered with more errors than could be read');
  }
  const failure = acknowledged.find(({ error }) => error !== 0);
  if (failure !== undefined) {
    const { sequence, error, text, offset } = failure;
    const [name, meaning] = meaningOf(error);
    throw new FirewallError(
      `the kernel refused ${describeMessage(batch, sequence, offset)}: ${text ?? meaning} (${name})`,
    );
  }
  const taken = new Set(acknowledged.map(({ sequence }) => sequence));
  if (batch.messages.some((_, index) => !taken.has(index + 1))) {
    throw new FirewallError(
      `the kernel acknowledged ${taken.size} of ${batch.messages.length} messages of a change`,
    );
  }
}

function meaningOf(error: number): readonly [name: string, meaning: string] {
  if (error === -EEXIST) return ['EEXIST', 'it is there already, or overlaps what is there'];
  if (error === -ENOENT) return ['ENOENT', 'there is no such element or set'];
  return getSystemErrorMap().get(error) ?? [`errno ${-error}`, 'the kernel does not say why'];
}

function readAcknowledgements(datagram: Buffer): Acknowledgement[] {
  const found: Acknowledgement[] = [];
  for (const { type, flags, sequence, body } of readMessages(datagram)) {
    if (type !== NLMSG_ERROR || body.length < 4 + HEADER_BYTES) continue;
    const copied = (flags & NLM_F_CAPPED) === 0 ? body.readUInt32LE(4) : HEADER_BYTES;
    const attributes =
      (flags & NLM_F_ACK_TLVS) === 0
        ? null
        : readAttributes(body.subarray(4 + ((copied + 3) & ~3)));
    found.push({
      sequence,
      error: body.readInt32LE(0),
      text: textOf(attributes?.get(ERROR_MESSAGE)),
      offset: attributes?.get(ERROR_OFFSET)?.readUInt32LE(0) ?? 0,
    });
  }
  return found;
}
