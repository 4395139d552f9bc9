/** Sends requests that a seed makes up to a PCE, and gathers what is wrong with its answers. */
import { Agent, request as send } from 'node:https';
import { OWNER, type TestPce } from '../test-pce.ts';
import { readDescription } from './description.ts';
import { faultsOf, type FuzzAnswer } from './oracle.ts';
import { seeded, type Random } from './random.ts';
import { requestFor, type FuzzRequest, type Ids } from './request.ts';
import { anyText, type Asked, type Pool } from './values.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
}
export interface FuzzReport {
  readonly sent: number;
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations that succeeded at least once. */
  readonly succeeded: ReadonlySet<string>;
  /** One of each kind for each operation: the answer's fault and the request that led to it. */
  readonly faults: readonly string[];
}

const MOST_HREFS = 60;

/** Hrefs as answers name them; the latest of each collection. */
class Harvest implements Pool, Ids {
  readonly #byType = new Map<string, string[]>();

  learn(text: string): void {
    for (const [, href = ''] of text.matchAll(/"href":"(\/[^"]{1,200})"/g)) {
      const type = href.split('/').at(-2) ?? '';
      const known = this.#byType.get(type) ?? [];
      if (known.includes(href)) continue;
      known.push(href);
      if (known.length > MOST_HREFS) known.shift();
      this.#byType.set(type, known);
    }
  }

  href(random: Random): string {
    const types = [...this.#byType.values()];
    return types.length === 0 ? '/orgs/1/labels/1' : random.pick(random.pick(types));
  }

  idFor(path: string, { random }: Asked): string {
    const type = path.replace(/\/$/, '').split('/').at(-1) ?? '';
    const known = this.#byType.get(type);
    if (known !== undefined && random.chance(0.9))
      return random.pick(known).split('/').at(-1) ?? '';
    return random.pick([
      '1',
      '7',
      '999999',
      '3f0c6a52-7d4e-4f0e-9a3b-2c1d0e9f8a7b',
      anyText(random),
    ]);
  }
}

/** Runs against a PCE that is there for nothing else. */
export async function fuzz(pce: TestPce, { seed, requests }: FuzzOptions): Promise<FuzzReport> {
  const description = readDescription();
  const random = seeded(seed);
  const harvest = new Harvest();
  const statuses = new Map<number, number>();
  const succeeded = new Set<string>();
  const faults = new Map<string, string>();
  const agent = new Agent({ keepAlive: true, ca: pce.pce.deps.identity.ca });
  let auth = (await pce.userWith('owner')).auth;
  try {
    for (let sent = 0; sent < requests; sent += 1) {
      const operation = random.pick(description.operations);
      const asked = {
        random,
        description,
        pool: harvest,
        wildness: random.pick([0, 0, 0.02, 0.1]),
      };
      const request = requestFor(operation, pce.orgId, asked, harvest);
      const answer = await answerTo(pce, agent, request, random.chance(0.97) ? auth : null);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      for (const fault of faultsOf(request, answer, description, secretsOf(pce, auth))) {
        const kind = `${operation.id} ${answer.status} ${fault.slice(0, 60)}`;
        if (!faults.has(kind)) faults.set(kind, faultLine(request, answer, fault));
      }
      if (answer.status < 300) {
        succeeded.add(operation.id);
        harvest.learn(answer.text ?? '');
      }
      // the key may have been deleted, or used up its requests of the minute
      if (answer.status === 401 || answer.status === 429) auth = (await pce.userWith('owner')).auth;
    }
  } finally {
    agent.destroy();
  }
  return { sent: requests, statuses, succeeded, faults: [...faults.values()] };
}

/** What must never be in an answer: the password of the owner, the secret of the key, the password of the database. */
function secretsOf(pce: TestPce, auth: string): string[] {
  const [, ...secret] = Buffer.from(auth.replace('Basic ', ''), 'base64').toString().split(':');
  return [OWNER.password, secret.join(':'), String(pce.database.connection.password)].filter(
    (text) => text.length > 8,
  );
}

function answerTo(
  pce: TestPce,
  agent: Agent,
  { method, path, headers, body }: FuzzRequest,
  auth: string | null,
): Promise<FuzzAnswer> {
  return new Promise((resolve, reject) => {
    const call = send(
      {
        agent,
        host: '127.0.0.1',
        port: pce.pce.deps.address.port,
        servername: 'pce.test',
        method,
        path,
        headers: {
          ...headers,
          ...(auth === null ? {} : { authorization: auth }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const { statusCode: status = 0, headers: received } = response;
        if (received['content-type']?.startsWith('text/event-stream') === true) {
          response.destroy();
          resolve({ status, headers: received, text: undefined });
          return;
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status, headers: received, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

function faultLine(
  { operation, method, path, body }: FuzzRequest,
  answer: FuzzAnswer,
  fault: string,
): string {
  return `${operation.id}: the answer ${fault}\n  ${method} ${path.slice(0, 400)}\n  ${(body ?? '').slice(0, 1500)}\n  ${answer.status} ${(answer.text ?? '').slice(0, 400)}`;
}
