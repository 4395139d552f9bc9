/** SHA-256 (FIPS 180-4) in plain TypeScript: the core runs where there is no crypto module, and its hashes name policies and sets. */

const K = new Int32Array(64);
const INITIAL = new Int32Array(8);
{
  // The constants are the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3).
  let found = 0;
  for (let candidate = 2; found < 64; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
      if (candidate % divisor === 0) prime = false;
    }
    if (!prime) continue;
    const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0;
    if (found < 8) INITIAL[found] = fraction(Math.sqrt(candidate));
    K[found] = fraction(Math.cbrt(candidate));
    found += 1;
  }
}

const W = new Int32Array(64);
const STATE = new Int32Array(8);
/** Message and padding of the digest being made; grows, is never given out. Digests are made one at a time: the function never yields. */
let buffer = new Uint8Array(4096);

function compress(offset: number): void {
  const bytes = buffer;
  for (let i = 0; i < 16; i += 1) {
    const at = offset + 4 * i;
    // every index in here is inside its array by the loop's bounds; a default per read would cost a third of the time
    W[i] =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
  }
  for (let i = 16; i < 64; i += 1) {
    const x = W[i - 15] as number;
    const y = W[i - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = ((W[i - 16] as number) + s0 + (W[i - 7] as number) + s1) | 0;
  }
  let a = STATE[0] as number;
  let b = STATE[1] as number;
  let c = STATE[2] as number;
  let d = STATE[3] as number;
  let e = STATE[4] as number;
  let f = STATE[5] as number;
  let g = STATE[6] as number;
  let h = STATE[7] as number;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (W[i] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  STATE[0] = (STATE[0] as number) + a;
  STATE[1] = (STATE[1] as number) + b;
  STATE[2] = (STATE[2] as number) + c;
  STATE[3] = (STATE[3] as number) + d;
  STATE[4] = (STATE[4] as number) + e;
  STATE[5] = (STATE[5] as number) + f;
  STATE[6] = (STATE[6] as number) + g;
  STATE[7] = (STATE[7] as number) + h;
}

/**
 * Writes the UTF-8 bytes of a text to the buffer, without TextEncoder, which not every runtime of the core has as a global. Lone
 * surrogates become U+FFFD. Answers their number.
 */
function encode(text: string): number {
  // three bytes a code unit at most, and up to two blocks of padding
  if (buffer.length < text.length * 3 + 128) buffer = new Uint8Array(text.length * 6 + 128);
  const bytes = buffer;
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      bytes[length++] = code;
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      code = text.codePointAt(i) ?? 0;
      if (code > 0xffff) i += 1;
      else code = 0xfffd;
    }
    if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[length++] = 0xe0 | (code >> 12);
      } else {
        bytes[length++] = 0xf0 | (code >> 18);
        bytes[length++] = 0x80 | ((code >> 12) & 63);
      }
      bytes[length++] = 0x80 | ((code >> 6) & 63);
    }
    bytes[length++] = 0x80 | (code & 63);
  }
  return length;
}

/** SHA-256 of the UTF-8 bytes of a text, as 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  const length = encode(text);
  const end = (length + 9 + 63) & ~63;
  buffer.fill(0, length, end);
  buffer[length] = 0x80;
  const view = new DataView(buffer.buffer);
  view.setUint32(end - 8, Math.floor(length / 2 ** 29));
  view.setUint32(end - 4, (length << 3) >>> 0);
  STATE.set(INITIAL);
  for (let offset = 0; offset < end; offset += 64) compress(offset);
  let hex = '';
  for (let i = 0; i < 8; i += 1) {
    hex += ((STATE[i] as number) >>> 0).toString(16).padStart(8, '0');
  }
  return hex;
}
