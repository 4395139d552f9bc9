/** `connectivity-test`: each step on the way to the PCE, and the first that fails with its reason. */
import { promises as dns } from 'node:dns';
import { connect as connectTcp, isIP } from 'node:net';
import { z } from 'zod';
import { clockDifference, withClock } from './clock.ts';
import { messageOf } from './log.ts';
import { createPceClient, PceError, type PceAddress } from './pce-client.ts';

const stepSchema = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });
export type ConnectivityStep = z.infer<typeof stepSchema>;

const TIMEOUT_MS = 5_000;

class StepError extends Error {
  override readonly name = 'StepError';
}

/** Steps in their order; those after one that failed are left out. `token` null: the last step, the VEN's identity, is left out. */
export async function testConnectivity(
  pce: PceAddress,
  token: string | null,
  now: () => Date,
): Promise<ConnectivityStep[]> {
  const client = createPceClient(pce, token);
  const steps: [name: string, run: () => Promise<string>][] = [
    ['name', () => resolveName(pce.host)],
    ['tcp', () => openTcp(pce)],
    ['tls', () => askTime(client, pce, now)],
  ];
  if (token !== null) steps.push(['identity', () => askPolicy(client)]);
  const done: ConnectivityStep[] = [];
  for (const [name, run] of steps) {
    try {
      done.push({ name, ok: true, detail: await run() });
    } catch (error) {
      done.push({ name, ok: false, detail: messageOf(error) });
      break;
    }
  }
  client.close();
  return done;
}

async function resolveName(host: string): Promise<string> {
  if (isIP(host) !== 0) return `${host} is an address`;
  const found = await dns.lookup(host, { all: true });
  return `${host} is ${found.map(({ address }) => address).join(', ')}`;
}

function openTcp({ host, port }: PceAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, timeout: TIMEOUT_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve(`port ${port} is open`);
    });
    socket.once('timeout', () =>
      socket.destroy(
        new StepError(
          `${host}:${port} did not answer within ${TIMEOUT_MS / 1000} s: is a firewall on the way?`,
        ),
      ),
    );
    socket.once('error', reject);
  });
}

async function askTime(
  client: ReturnType<typeof createPceClient>,
  pce: PceAddress,
  now: () => Date,
): Promise<string> {
  let time: Date | null;
  try {
    time = await client.time();
  } catch (error) {
    throw await withClock(error, pce, now());
  }
  const difference = time === null ? null : clockDifference(now(), time);
  if (difference !== null) throw new StepError(difference);
  return pce.ca === null
    ? 'the certificate is trusted by the system'
    : 'the certificate comes from the pinned CA';
}

async function askPolicy(client: ReturnType<typeof createPceClient>): Promise<string> {
  try {
    await client.policy();
  } catch (error) {
    if (error instanceof PceError && error.status === 401) {
      throw new StepError(
        'the PCE does not know this VEN (any more): activate it again with a new activation code',
        { cause: error },
      );
    }
    // a policy that is still being computed, or a suspended VEN: the PCE knows who asks
    if (error instanceof PceError && error.status === 503) return 'the PCE knows this VEN';
    throw error;
  }
  return 'the PCE knows this VEN';
}
