/** A wrong clock looks like a network or certificate failure; here it gets its name. */
import { request } from 'node:https';
import type { PceAddress } from './pce-client.ts';

const LIMIT_MS = 3_600_000;
const TIMEOUT_MS = 5_000;
const VALIDITY_ERRORS = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

export class ClockError extends Error {
  override readonly name = 'ClockError';
}

/** Null while the clocks agree to an hour. */
export function clockDifference(here: Date, pce: Date): string | null {
  if (Math.abs(here.getTime() - pce.getTime()) <= LIMIT_MS) return null;
  return `the clock of this host is wrong: it says ${here.toISOString()}, the PCE’s says ${pce.toISOString()}; set it and try again`;
}

/** The error that should be told in place of one about a certificate that is not valid at this time; others as they are. */
export async function withClock(
  error: unknown,
  pce: Pick<PceAddress, 'host' | 'port'>,
  now: Date,
): Promise<unknown> {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (typeof error.code !== 'string' || !VALIDITY_ERRORS.has(error.code)) return error;
  const theirs = await unverifiedTime(pce).catch(() => null);
  const difference = theirs === null ? null : clockDifference(now, theirs);
  if (difference !== null) return new ClockError(difference, { cause: error });
  return new ClockError(
    `the certificate of ${pce.host} is not valid at ${now.toISOString()}, the time of this host; set the clock, or renew the certificate`,
    { cause: error },
  );
}

/** What a server says the time is. Nothing is sent to it, and it is believed for a message to people only. */
function unverifiedTime({ host, port }: Pick<PceAddress, 'host' | 'port'>): Promise<Date | null> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port,
        path: '/api/v2/node_available',
        rejectUnauthorized: false,
        timeout: TIMEOUT_MS,
      },
      (response) => {
        response.resume();
        const time = Date.parse(response.headers.date ?? '');
        resolve(Number.isNaN(time) ? null : new Date(time));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}
