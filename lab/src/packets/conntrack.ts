/** Forgets what the kernel tracks, so that every connection is a new one. */
import { LabError } from '../network/commands.ts';
import {
  closeSocket,
  openNetfilterSocket,
  receiveDatagram,
  sendDatagram,
  type Namespace,
} from './libc.ts';

const HEADER_BYTES = 16;
const SUBSYSTEM_CTNETLINK = 1;
const MESSAGE_DELETE = 2;
const FLAG_REQUEST = 1;
const FLAG_ACKNOWLEDGE = 4;
const TYPE_ERROR = 2;

/** A deletion that names no connection is one of all. */
function request(): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + 4);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE((SUBSYSTEM_CTNETLINK << 8) | MESSAGE_DELETE, 4);
  bytes.writeUInt16LE(FLAG_REQUEST | FLAG_ACKNOWLEDGE, 6);
  return bytes;
}

/** Forgets every tracked connection of the namespace; it is done when this returns. Throws LabError when the kernel refuses. */
export function forgetConnections(namespace: Namespace): void {
  const fd = namespace.run(openNetfilterSocket);
  try {
    const failed = sendDatagram(fd, request(), null);
    const answer = receiveDatagram(fd)?.bytes;
    const isAnswer = answer?.readUInt16LE(4) === TYPE_ERROR;
    const code = isAnswer ? answer.readInt32LE(HEADER_BYTES) : null;
    if (failed !== null || code !== 0) {
      const reason = failed ?? `error ${code ?? 'unknown'}`;
      throw new LabError(`${namespace.name}: tracked connections are not forgotten (${reason})`);
    }
  } finally {
    closeSocket(fd);
  }
}
