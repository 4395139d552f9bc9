/** Writes netlink messages one behind the other into one buffer (native byte order, attributes padded to 4 bytes). */

const HEADER_BYTES = 16;
const NESTED = 0x8000;
const FIRST_BYTES = 1024;

export interface NetlinkWriter {
  /** Bytes written so far. */
  length(): number;
  begin(type: number, flags: number, sequence: number, body: Buffer): void;
  attribute(type: number, value: Buffer): void;
  number(type: number, value: number): void;
  /** A text with its final zero. */
  text(type: number, value: string): void;
  /** An attribute that holds what `content` writes. */
  nest(type: number, content: () => void): void;
  end(): void;
  bytes(): Buffer;
}

export function createNetlinkWriter(): NetlinkWriter {
  let buffer = Buffer.alloc(FIRST_BYTES);
  let length = 0;
  let start = 0;

  /** Room for so many bytes, which are zero. */
  function take(bytes: number): number {
    const at = length;
    length += (bytes + 3) & ~3;
    if (length > buffer.length) {
      buffer = Buffer.concat([buffer], Math.max(length, buffer.length * 2));
    }
    return at;
  }

  function attribute(type: number, valueBytes: number): number {
    const at = take(4 + valueBytes);
    buffer.writeUInt16LE(4 + valueBytes, at);
    buffer.writeUInt16LE(type, at + 2);
    return at + 4;
  }

  return {
    length: () => length,
    begin(type, flags, sequence, body) {
      start = take(HEADER_BYTES + body.length);
      buffer.writeUInt16LE(type, start + 4);
      buffer.writeUInt16LE(flags, start + 6);
      buffer.writeUInt32LE(sequence, start + 8);
      body.copy(buffer, start + HEADER_BYTES);
    },
    attribute(type, value) {
      // the place first: taking it may replace the buffer
      const at = attribute(type, value.length);
      value.copy(buffer, at);
    },
    number(type, value) {
      const at = attribute(type, 4);
      buffer.writeInt32BE(value, at);
    },
    text(type, value) {
      const at = attribute(type, Buffer.byteLength(value) + 1);
      buffer.write(value, at);
    },
    nest(type, content) {
      const at = take(4);
      content();
      buffer.writeUInt16LE(length - at, at);
      buffer.writeUInt16LE(type | NESTED, at + 2);
    },
    end: () => void buffer.writeUInt32LE(length - start, start),
    bytes: () => buffer.subarray(0, length),
  };
}
