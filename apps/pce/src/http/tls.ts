/** The server's certificate: the one that is configured, or one from the PCE's own CA, both kept in the data folder. */
import {
  X509Certificate,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { writeFileAtomically } from '../files.ts';
import { issueCertificate, type CertificateName } from './certificates.ts';

export interface ServerIdentity {
  /** PEM: the server's certificate, then its chain. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of what clients trust: the own CA, or the last certificate of the configured chain. */
  readonly ca: string;
  /** SHA-256 of that certificate, 64 hex digits in lower case. Pairing scripts pin it. */
  readonly caFingerprint: string;
}

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Clients refuse longer ones. */
const SERVER_DAYS = 397;
const RENEW_DAYS = 60;
const ORGANIZATION = 'Bulkhead';

export class TlsError extends Error {
  override readonly name = 'TlsError';
}

export async function loadServerIdentity(config: Config, now: Date): Promise<ServerIdentity> {
  if (config.tlsCert !== undefined && config.tlsKey !== undefined)
    return configured(config.tlsCert, config.tlsKey);
  const folder = join(config.data, 'tls');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca = await loadOrCreateCa(folder, now);
  const names = [
    ...new Set([config.fqdn, hostname(), 'localhost', '127.0.0.1', '::1', ...config.san]),
  ];
  const existing = await readPair(join(folder, 'server.crt'), join(folder, 'server.key'));
  const server =
    existing !== undefined && stillGood(existing.certificate, ca, names, now)
      ? existing
      : await issueServer(folder, ca, names, now);
  return identity(server.certificate.toString(), privatePem(server.key), ca.certificate);
}

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

async function readPair(certificatePath: string, keyPath: string): Promise<Pair | undefined> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificatePath), readFile(keyPath)]);
    return { certificate: new X509Certificate(certificate), key: createPrivateKey(key) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new TlsError(
      `Cannot read ${certificatePath} and its key: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function caName(certificate: X509Certificate): CertificateName {
  const value = (name: string): string =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(certificate.subject)?.[1] ?? '';
  return { organization: value('O'), commonName: value('CN') };
}

async function loadOrCreateCa(folder: string, now: Date): Promise<Pair> {
  const paths = { certificate: join(folder, 'ca.crt'), key: join(folder, 'ca.key') };
  const existing = await readPair(paths.certificate, paths.key);
  if (existing !== undefined) return existing;
  const { publicKey, privateKey } = newKey();
  const name = {
    organization: ORGANIZATION,
    commonName: `${ORGANIZATION} CA ${now.toISOString().slice(0, 10)}`,
  };
  const pem = issueCertificate({
    subject: name,
    issuer: name,
    publicKey,
    issuerPublicKey: publicKey,
    issuerKey: privateKey,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + CA_DAYS * DAY_MS),
    usage: 'ca',
  });
  await writeFileAtomically(paths.key, privatePem(privateKey), 0o600);
  await writeFileAtomically(paths.certificate, pem, 0o644);
  return { certificate: new X509Certificate(pem), key: privateKey };
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

function stillGood(
  certificate: X509Certificate,
  ca: Pair,
  names: readonly string[],
  now: Date,
): boolean {
  const renewAt = new Date(certificate.validTo).getTime() - RENEW_DAYS * DAY_MS;
  const coversAll = names.every((name) => covers(certificate, name));
  return now.getTime() < renewAt && coversAll && certificate.verify(createPublicKey(ca.key));
}

async function issueServer(
  folder: string,
  ca: Pair,
  names: readonly string[],
  now: Date,
): Promise<Pair> {
  const { publicKey, privateKey } = newKey();
  const pem = issueCertificate({
    subject: { organization: ORGANIZATION, commonName: names[0] ?? 'localhost' },
    issuer: caName(ca.certificate),
    publicKey,
    issuerPublicKey: createPublicKey(ca.key),
    issuerKey: ca.key,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + SERVER_DAYS * DAY_MS),
    usage: { names },
  });
  await writeFileAtomically(join(folder, 'server.key'), privatePem(privateKey), 0o600);
  await writeFileAtomically(join(folder, 'server.crt'), pem, 0o644);
  return { certificate: new X509Certificate(pem), key: privateKey };
}

async function configured(certificatePath: string, keyPath: string): Promise<ServerIdentity> {
  const read = async (path: string): Promise<string> => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw new TlsError(
        `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  const [certificate, key] = await Promise.all([read(certificatePath), read(keyPath)]);
  const blocks =
    certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [first] = blocks;
  const last = blocks.at(-1);
  if (first === undefined || last === undefined)
    throw new TlsError(`${certificatePath} holds no PEM certificate`);
  let matches: boolean;
  try {
    matches = new X509Certificate(first).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new TlsError(
      `${certificatePath} and ${keyPath} are no certificate and key in PEM: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!matches)
    throw new TlsError(`${keyPath} is not the key of the certificate ${certificatePath}`);
  return identity(certificate, key, new X509Certificate(last));
}

function identity(certificate: string, key: string, ca: X509Certificate): ServerIdentity {
  const own = certificate.includes(ca.toString().trim())
    ? certificate
    : `${certificate.trimEnd()}\n${ca.toString()}`;
  return {
    certificate: own,
    key,
    ca: ca.toString(),
    caFingerprint: ca.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}
