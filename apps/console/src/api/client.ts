/** The typed client over fetch, with the credentials of the session. */
import {
  createApiClient,
  type ApiClient,
  type HttpResponse,
  type Transport,
} from '@bulkhead/contract';
import { authorization, basicCredentials, getSession, setSession } from './session.ts';

/** The PCE gave no answer at all: down, restarting, or no network. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

function transportWith(credentials: () => string | null): Transport {
  return async ({ method, path, body }): Promise<HttpResponse> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    const value = credentials();
    if (value !== null) headers['authorization'] = value;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers,
        credentials: 'omit',
        cache: 'no-store',
        ...(body === undefined ? {} : { body }),
      });
    } catch {
      throw new NoAnswerError('The PCE does not answer. Hosts keep enforcing their last policy.');
    }
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      text: () => response.text(),
    };
  };
}

/** Ends the session when the PCE no longer knows it, so that the sign-in page is shown. */
const sessionTransport: Transport = async (request) => {
  const used = authorization();
  const response = await transportWith(authorization)(request);
  if (response.status === 401 && used !== null && used === authorization()) setSession(null);
  return response;
};

let cached: { readonly orgId: number; readonly client: ApiClient } | null = null;
export function api(): ApiClient {
  const orgId = getSession()?.orgId ?? 1;
  if (cached?.orgId !== orgId) cached = { orgId, client: createApiClient(sessionTransport, orgId) };
  return cached.client;
}

/** For what needs no sign-in. */
export function anonymous(): ApiClient {
  return createApiClient(
    transportWith(() => null),
    1,
  );
}

/** The two steps of signing in: password to a token of 30 seconds, token to a session. */
export async function signIn(email: string, password: string): Promise<void> {
  const first = createApiClient(
    transportWith(() => basicCredentials(email, password)),
    1,
  );
  const { auth_token: token } = await first.call('login.authenticate', {
    query: { pce_fqdn: window.location.hostname },
  });
  await openSession(token);
}

/** The second step: who was authenticated, by a password or an identity provider, gets a session. */
export async function openSession(token: string): Promise<void> {
  const second = createApiClient(
    transportWith(() => `Token token=${token}`),
    1,
  );
  const login = await second.call('users.login');
  const org = login.orgs[0];
  if (org === undefined) throw new NoAnswerError('This account belongs to no organization.');
  setSession({
    username: login.auth_username,
    token: login.session_token,
    userHref: login.href,
    fullName: login.full_name,
    orgId: org.org_id,
    orgName: org.display_name,
  });
}

export async function signOut(): Promise<void> {
  const session = getSession();
  if (session === null) return;
  try {
    await api().call('users.logout', {
      params: { user_id: session.userHref.split('/').at(-1) ?? '' },
      body: {},
    });
  } finally {
    setSession(null);
  }
}
