/** Signing in at an identity provider: away with a state, back with a code that goes with the same state. */
import { anonymous, openSession } from './client.ts';

const KEY = 'bulkhead.single-sign-on';

/** The browser leaves for the identity provider. */
export async function leaveForProvider(): Promise<void> {
  const { authorization_uri: uri, state } = await anonymous().call('single_sign_on.begin', {
    body: {},
  });
  sessionStorage.setItem(KEY, state);
  window.location.assign(uri);
}

/** What the browser came back with; null: it did not come from there. */
export type ProviderAnswer =
  | { readonly state: string; readonly code: string; readonly iss?: string }
  | { readonly refusal: string };

/** Reads the answer once: it is taken out of the address bar and of the history. */
export function takeProviderAnswer(): ProviderAnswer | null {
  const query = new URLSearchParams(window.location.search);
  const state = query.get('state');
  const code = query.get('code');
  const error = query.get('error');
  if (state === null || (code === null && error === null)) return null;
  window.history.replaceState(null, '', '/');
  const expected = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (state !== expected)
    return { refusal: 'This sign-in did not begin in this tab. Sign in once more.' };
  if (code === null)
    return {
      refusal: `The identity provider said: ${query.get('error_description') ?? error ?? ''}`,
    };
  const iss = query.get('iss');
  return { state, code, ...(iss === null ? {} : { iss }) };
}

export async function completeAtProvider(
  answer: Extract<ProviderAnswer, { code: string }>,
): Promise<void> {
  const { auth_token: token } = await anonymous().call('single_sign_on.complete', {
    body: answer,
  });
  await openSession(token);
}
