import { Agent, request, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import {
  createApiClient,
  type ApiClient,
  type HttpResponse,
  type Transport,
} from '@bulkhead/contract';
import { z } from 'zod';
import { LabError } from '../network/commands.ts';

export interface PceAddress {
  /** Unix socket behind which the PCE's TLS port is. */
  readonly socketPath: string;
  readonly fqdn: string;
  /** PEM of the CA that the PCE's certificate must come from. */
  readonly ca: string;
}

class UnixTlsAgent extends Agent {
  readonly #pce: PceAddress;
  constructor(pce: PceAddress) {
    super({ keepAlive: true, maxSockets: 16 });
    this.#pce = pce;
  }
  override createConnection(): Socket {
    return connect({ path: this.#pce.socketPath, servername: this.#pce.fqdn, ca: this.#pce.ca });
  }
}

/** Carries requests to the PCE with one Authorization header; its certificate must come from the given CA and bear its name. */
export function createTransport(pce: PceAddress, authorization: string): Transport {
  const agent = new UnixTlsAgent(pce);
  return ({ method, path, body }) => {
    const options: RequestOptions = {
      agent,
      method,
      path,
      host: pce.fqdn,
      headers: {
        host: pce.fqdn,
        accept: 'application/json',
        authorization,
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
      },
    };
    return new Promise<HttpResponse>((resolve, reject) => {
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { headers, statusCode } = response;
          resolve({
            status: statusCode ?? 0,
            header: (name) => {
              const value = headers[name];
              return Array.isArray(value) ? value.join(', ') : (value ?? null);
            },
            text: async () => Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const loginSchema = z.object({
  auth_username: z.string(),
  session_token: z.string(),
  orgs: z.array(z.object({ org_id: z.number() })).min(1),
});

/** Signs in as a person does, in two steps, and answers a client for the person's organization. */
export async function signIn(pce: PceAddress, user: string, password: string): Promise<ApiClient> {
  const first = createApiClient(createTransport(pce, basic(user, password)), 0);
  const { auth_token } = await first.call('login.authenticate', { body: {} });
  const second = createApiClient(createTransport(pce, `Token token=${auth_token}`), 0);
  const login = loginSchema.parse(await second.call('users.login'));
  const [org] = login.orgs;
  if (!org) throw new LabError(`${user} belongs to no organization`);
  return createApiClient(
    createTransport(pce, basic(login.auth_username, login.session_token)),
    org.org_id,
  );
}
