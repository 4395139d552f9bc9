/** X.509 v3 certificates on ECDSA P-256 (RFC 5280), as much of them as a private CA and its server certificate need. */
import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { parseAddress } from './ip-bytes.ts';

const OIDS = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  subjectAlternativeName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
} as const;

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes =
    length < 256
      ? [length]
      : length < 65536
        ? [length >> 8, length & 255]
        : [length >> 16, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}
const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
const octets = (content: Buffer): Buffer => der(0x04, content);
const bits = (content: Buffer, unused = 0): Buffer => der(0x03, Buffer.from([unused]), content);
const TRUE = der(0x01, Buffer.from([0xff]));

function integer(bytes: Buffer): Buffer {
  const leadingZero = ((bytes[0] ?? 0) & 0x80) !== 0 ? [Buffer.from([0])] : [];
  return der(0x02, ...leadingZero, bytes);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let value = part >>> 7; value > 0; value >>>= 7) groups.unshift((value & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 asks. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

function distinguishedName(name: CertificateName): Buffer {
  const part = (type: string, value: string): Buffer =>
    der(0x31, sequence(oid(type), der(0x0c, Buffer.from(value))));
  return sequence(
    part(OIDS.organization, name.organization),
    part(OIDS.commonName, name.commonName),
  );
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(type), ...(critical ? [TRUE] : []), octets(value));
}

function generalName(name: string): Buffer {
  return isIP(name) === 0
    ? der(0x82, Buffer.from(name, 'ascii'))
    : der(0x87, Buffer.from(parseAddress(name)));
}

/** SHA-1 of the key: an identifier, not a protection (RFC 5280, 4.2.1.2). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

export interface CertificateName {
  readonly organization: string;
  readonly commonName: string;
}

export interface CertificateRequest {
  readonly subject: CertificateName;
  readonly issuer: CertificateName;
  readonly publicKey: KeyObject;
  /** Of the issuer. */
  readonly issuerPublicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A CA that issues leaves only, or a server with these DNS names and addresses. */
  readonly usage: 'ca' | { readonly names: readonly string[] };
}

/** A certificate as PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const algorithm = sequence(oid(OIDS.ecdsaWithSha256));
  const isCa = request.usage === 'ca';
  const extensions = [
    extension(
      OIDS.basicConstraints,
      true,
      isCa ? sequence(TRUE, integer(Buffer.from([0]))) : sequence(),
    ),
    // keyCertSign and cRLSign, or digitalSignature
    extension(
      OIDS.keyUsage,
      true,
      isCa ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7),
    ),
    extension(OIDS.subjectKeyIdentifier, false, octets(keyIdentifier(request.publicKey))),
    extension(
      OIDS.authorityKeyIdentifier,
      false,
      sequence(der(0x80, keyIdentifier(request.issuerPublicKey))),
    ),
  ];
  if (request.usage !== 'ca') {
    extensions.push(
      extension(OIDS.extendedKeyUsage, false, sequence(oid(OIDS.serverAuth))),
      extension(
        OIDS.subjectAlternativeName,
        false,
        sequence(...request.usage.names.map(generalName)),
      ),
    );
  }
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    distinguishedName(request.issuer),
    sequence(time(request.notBefore), time(request.notAfter)),
    distinguishedName(request.subject),
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(body, algorithm, bits(sign('sha256', body, request.issuerKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
