/** Finding and pinning the CA of a PCE by its fingerprint. */
import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';

export class TrustError extends Error {
  override readonly name = 'TrustError';
}

/** 64 hex digits in lower case, from any usual spelling. Throws TrustError. */
export function parseFingerprint(text: string): string {
  const plain = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(plain)) return plain;
  throw new TrustError(`"${text}" is not a SHA-256 fingerprint: 64 hex digits are expected`);
}

function fingerprintOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('hex');
}

function toPem(raw: Buffer): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The certificate of a PEM text if it has the fingerprint. Throws TrustError otherwise. */
export function pinCertificate(pem: string, fingerprint: string): string {
  let raw: Buffer;
  try {
    ({ raw } = new X509Certificate(pem));
  } catch (error) {
    throw new TrustError('the CA file holds no certificate in PEM', { cause: error });
  }
  const found = fingerprintOf(raw);
  if (found === fingerprint) return toPem(raw);
  throw new TrustError(`the CA has fingerprint ${found}, ${fingerprint} is expected`);
}

/**
 * Asks a server for its chain and picks the certificate with the fingerprint. Nothing is sent to the server; what it
 * says is believed only as far as the fingerprint goes. Rejects with TrustError when no certificate has it.
 */
export function fetchPinnedCertificate(
  host: string,
  port: number,
  fingerprint: string,
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // the chain is judged by the pin below, and nothing is sent on this connection
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new TrustError(`${host}:${port} did not answer within ${timeoutMs / 1000} s`)),
    );
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const seen = new Set<string>();
      let current: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      socket.destroy();
      while (current?.raw !== undefined) {
        const found = fingerprintOf(current.raw);
        if (found === fingerprint) {
          resolve(toPem(current.raw));
          return;
        }
        if (seen.has(found)) break;
        seen.add(found);
        current = current.issuerCertificate;
      }
      reject(
        new TrustError(
          `${host}:${port} is not the expected PCE: none of its ${seen.size} certificates has fingerprint ${fingerprint}`,
        ),
      );
    });
  });
}
