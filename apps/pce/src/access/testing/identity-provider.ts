/** A real OpenID provider on this machine, with people in it, and a browser that signs them in there. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

export interface Person {
  readonly email: string;
  readonly email_verified: boolean;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface IdentityProvider {
  readonly issuer: string;
  /** By the login that they type at the provider. */
  readonly people: Map<string, Person>;
  close(): Promise<void>;
}

export const CLIENT = { id: 'bulkhead', secret: 'a-secret-of-the-client' } as const;

export async function startIdentityProvider(redirectUri: string): Promise<IdentityProvider> {
  const people = new Map<string, Person>();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    cookies: { keys: ['of a test'] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: 'test' }] },
    pkce: { required: () => true },
    findAccount: (_context, id) => {
      const person = people.get(id);
      return person === undefined
        ? undefined
        : { accountId: id, claims: () => ({ sub: id, ...person, groups: [...person.groups] }) };
    },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    issuer,
    people,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Signs in at the provider's pages as a browser does; answers where that sends it back to. */
export async function signInAtProvider(start: string, login: string, back: string): Promise<URL> {
  const jar = new Map<string, string>();
  async function visit(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const mark = pair.indexOf('=');
      jar.set(pair.slice(0, mark), pair.slice(mark + 1));
    }
    return answer;
  }
  let url = start;
  let answer = await visit(url);
  for (let step = 0; step < 12; step += 1) {
    const next = answer.headers.get('location');
    if (next === null) {
      const page = await answer.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      if (prompt === undefined)
        throw new Error(`The provider shows a page without a form: ${page}`);
      answer = await visit(url, { prompt, login, password: 'any' });
      continue;
    }
    url = new URL(next, url).href;
    if (url.startsWith(back)) return new URL(url);
    answer = await visit(url);
  }
  throw new Error('The provider does not send the browser back');
}
