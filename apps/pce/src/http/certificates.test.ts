import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect, createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig, type Config } from '../config.ts';
import { issueCertificate } from './certificates.ts';
import { loadServerIdentity, type ServerIdentity } from './tls.ts';

const NOW = new Date();
let data: string;

function config(flags: Parameters<typeof readConfig>[0] = {}): Config {
  return readConfig({ data, fqdn: 'pce.example.com', ...flags }, {});
}

/** What a client of `host` finds that trusts nothing but the CA of `identity`. */
function handshake(identity: ServerIdentity, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer({ cert: identity.certificate, key: identity.key });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: identity.ca,
        servername: isIP(host) === 0 ? host : '',
        checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
      });
      socket.once('secureConnect', () => {
        resolve(socket.authorized);
        socket.destroy();
        server.close();
      });
      socket.once('error', (error) => {
        server.close();
        reject(error);
      });
    });
  });
}

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'bulkhead-tls-'));
  chmodSync(data, 0o711);
});
afterEach(() => rm(data, { recursive: true, force: true }));

describe('own CA', () => {
  test.each([
    'pce.example.com',
    'localhost',
    '127.0.0.1',
    '::1',
    'alias.example.com',
    '203.0.113.9',
    '2001:db8::9',
    '::ffff:198.51.100.7',
  ])('the certificate serves for %s', async (host) => {
    const identity = await loadServerIdentity(
      config({ san: ['alias.example.com', '203.0.113.9', '2001:db8::9', '::ffff:198.51.100.7'] }),
      NOW,
    );
    expect(await handshake(identity, host)).toBe(true);
  });

  test('not for another name', async () => {
    const identity = await loadServerIdentity(config(), NOW);
    await expect(handshake(identity, 'other.example.com')).rejects.toThrow('other.example.com');
  });

  test('CA and certificate stay over restarts; the key is the owner’s alone', async () => {
    const first = await loadServerIdentity(config(), NOW);
    const second = await loadServerIdentity(config(), NOW);
    expect(second).toEqual(first);
    expect(first.caFingerprint).toBe(
      new X509Certificate(first.ca).fingerprint256.replaceAll(':', '').toLowerCase(),
    );
    for (const name of ['ca.key', 'server.key'])
      expect(statSync(join(data, 'tls', name)).mode & 0o777).toBe(0o600);
  });

  test('a new name or an end that comes near gives a new certificate from the same CA', async () => {
    const first = await loadServerIdentity(config(), NOW);
    const renamed = await loadServerIdentity(config({ fqdn: 'new.example.com' }), NOW);
    expect(renamed.certificate).not.toBe(first.certificate);
    expect(renamed.caFingerprint).toBe(first.caFingerprint);
    const nearEnd = new Date(NOW.getTime() + 350 * 86_400_000);
    const renewed = await loadServerIdentity(config({ fqdn: 'new.example.com' }), nearEnd);
    expect(renewed.certificate).not.toBe(renamed.certificate);
    expect(new Date(new X509Certificate(renewed.certificate).validTo).getTime()).toBeGreaterThan(
      nearEnd.getTime() + 300 * 86_400_000,
    );
  });
});

describe('configured certificate', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = { organization: 'Example', commonName: 'pce.example.com' };
  const certificate = issueCertificate({
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    issuerPublicKey: pair.publicKey,
    issuerKey: pair.privateKey,
    notBefore: new Date(NOW.getTime() - 1000),
    notAfter: new Date(NOW.getTime() + 1e9),
    usage: { names: ['pce.example.com'] },
  });
  const pem = (key: typeof pair.privateKey): string =>
    key.export({ type: 'pkcs8', format: 'pem' }).toString();

  async function load(key: string): Promise<ServerIdentity> {
    const paths = { tlsCert: join(data, 'my.crt'), tlsKey: join(data, 'my.key') };
    await writeFile(paths.tlsCert, certificate);
    await writeFile(paths.tlsKey, key);
    return loadServerIdentity(config(paths), NOW);
  }

  test('is what clients see', async () => {
    const identity = await load(pem(pair.privateKey));
    expect(await handshake(identity, 'pce.example.com')).toBe(true);
  });

  test('a key of another certificate, or no key, is refused by name', async () => {
    await expect(load(pem(other.privateKey))).rejects.toThrow(
      /my\.key is not the key of the certificate/,
    );
    await expect(load('no key')).rejects.toThrow(/no certificate and key in PEM/);
    await expect(
      loadServerIdentity(
        config({ tlsCert: join(data, 'none.crt'), tlsKey: join(data, 'none.key') }),
        NOW,
      ),
    ).rejects.toThrow(/Cannot read .*none\.(crt|key)/);
  });
});
