/** How the command reaches the PCE: address, API key, and the CA that the server's certificate must come from. */
import { lstat, readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createApiClient,
  type ApiClient,
  type HttpResponse,
  type Transport,
} from '@bulkhead/contract';
import { z } from 'zod';
import { CommandError, UsageError } from './errors.ts';

export interface ConnectionFlags {
  readonly pce?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly ca?: string | undefined;
  readonly org?: string | undefined;
}
type Environment = Readonly<Record<string, string | undefined>>;

/** The PCE gave no answer that an API gives. */
class UnreachableError extends CommandError {
  override readonly name = 'UnreachableError';
}

interface Key {
  readonly user: string;
  readonly secret: string;
  readonly orgId: number | undefined;
}

/** Rejects with UsageError when something that is needed is not said. */
export async function connect(
  flags: ConnectionFlags,
  environment: Environment,
): Promise<ApiClient> {
  const url = pceUrl(flags.pce ?? environment['BULKHEAD_PCE']);
  const key = await findKey(flags, environment);
  const caFile = flags.ca ?? environment['BULKHEAD_CA'];
  const ca = caFile === undefined ? undefined : await readGiven(caFile, 'CA file');
  const orgId = flags.org ?? environment['BULKHEAD_ORG'];
  if (orgId !== undefined && !/^\d{1,9}$/.test(orgId))
    throw new UsageError(`The organization "${orgId}" is no number, such as 1`);
  return createApiClient(
    patient(transportTo(url, key, ca)),
    orgId === undefined ? (key.orgId ?? 1) : Number(orgId),
  );
}

function pceUrl(text: string | undefined): URL {
  if (text === undefined || text === '')
    throw new UsageError(
      'Say which PCE: --pce https://pce.example.com:8443, or BULKHEAD_PCE in the environment',
    );
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || (url.pathname !== '/' && url.pathname !== ''))
    throw new UsageError(
      `"${text}" is no address of a PCE; write one such as https://pce.example.com:8443`,
    );
  return url;
}

async function findKey(flags: ConnectionFlags, environment: Environment): Promise<Key> {
  const file = flags.keyFile ?? environment['BULKHEAD_API_KEY_FILE'];
  if (file !== undefined && file !== '') return keyFromFile(file);
  const user = environment['BULKHEAD_API_KEY'];
  const secret = environment['BULKHEAD_API_SECRET'];
  if (user === undefined || secret === undefined || user === '' || secret === '')
    throw new UsageError(
      'Say which API key: --key-file FILE (as "pce api-key create --json" printed it), or BULKHEAD_API_KEY and BULKHEAD_API_SECRET in the environment',
    );
  return { user, secret, orgId: undefined };
}

const keyFileSchema = z.object({
  auth_username: z.string().min(1),
  secret: z.string().min(1),
  org_id: z.number().int().optional(),
});

async function keyFromFile(file: string): Promise<Key> {
  const text = await readGiven(file, 'key file');
  const { mode } = await lstat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new UsageError(
      `Others may read the key file ${file}; take that from them: chmod 600 ${file}`,
    );
  const parsed = keyFileSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new UsageError(
      `${file} holds no API key; write what "pce api-key create --json" prints: {"auth_username": "api_…", "secret": "…"}`,
    );
  const { auth_username: user, secret, org_id: orgId } = parsed.data;
  return { user, secret, orgId };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readGiven(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The ${what} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Requests over one kept connection. `ca`: PEM; without it, what the system trusts. */
export function transportTo(
  url: URL,
  key: Pick<Key, 'user' | 'secret'>,
  ca: string | undefined,
): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ...(ca === undefined ? {} : { ca }) });
  const authorization = `Basic ${Buffer.from(`${key.user}:${key.secret}`).toString('base64')}`;
  return ({ method, path, body }) =>
    new Promise<HttpResponse>((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new UnreachableError(`The PCE at ${url.origin} does not answer: ${error.message}`));
      const sent = request(
        new URL(path, url),
        {
          agent,
          method,
          headers: {
            accept: 'application/json',
            authorization,
            ...(body === undefined
              ? {}
              : {
                  'content-type': 'application/json',
                  'content-length': Buffer.byteLength(body),
                }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            const { headers, statusCode } = response;
            resolve({
              status: statusCode ?? 0,
              header: (name) => headers[name]?.toString() ?? null,
              text: () => Promise.resolve(Buffer.concat(chunks).toString('utf8')),
            });
          });
        },
      );
      sent.on('error', fail);
      sent.end(body);
    });
}

const MOST_TRIES = 10;

/** Waits as long as the PCE asks for, when it is asked too often (429) or cannot serve just now (503), and asks again. */
export function patient(transport: Transport): Transport {
  return async (request) => {
    for (let tries = 1; ; tries += 1) {
      const response = await transport(request);
      const seconds = Number(response.header('retry-after') ?? Number.NaN);
      if (![429, 503].includes(response.status) || Number.isNaN(seconds) || tries >= MOST_TRIES)
        return response;
      await delay(seconds * 1000);
    }
  };
}
