/** An identity provider by OpenID Connect: its settings as they are stored, and a sign-in there. */
import * as oidc from 'openid-client';
import { z } from 'zod';
import { json, type Db, type Tx } from '../db/database.ts';
import type { SecretBox } from '../sinks/wrapped-secret.ts';

const KEY = 'authentication';
const TIMEOUT_SECONDS = 10;

const storedSchema = z.object({
  enabled: z.boolean(),
  issuer: z.string(),
  client_id: z.string(),
  /** Wrapped, base64; null: a client without a secret. */
  client_secret: z.string().nullable(),
  scopes: z.string(),
  groups_claim: z.string(),
});
/** Settings of single sign-on as they are stored. */
export type StoredOidc = z.infer<typeof storedSchema>;
const settingSchema = z.object({ oidc: storedSchema.nullable() });

export async function readOidc(db: Db, orgId: number): Promise<StoredOidc | null> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('org_id', '=', orgId)
    .where('key', '=', KEY)
    .executeTakeFirst();
  return row === undefined ? null : settingSchema.parse(row.value).oidc;
}

export async function writeOidc(
  trx: Tx,
  orgId: number,
  change: { readonly oidc: StoredOidc | null; readonly by: string; readonly now: Date },
): Promise<void> {
  const value = json<unknown>({ oidc: change.oidc });
  const stored = { value, updated_at: change.now, updated_by: change.by };
  await trx
    .insertInto('settings')
    .values({ org_id: orgId, key: KEY, ...stored })
    .onConflict((conflict) => conflict.columns(['org_id', 'key']).doUpdateSet(stored))
    .execute();
}

/** Asks the provider for its discovery document. Rejects when it gives none, or another issuer's. */
export function discover(settings: StoredOidc, box: SecretBox): Promise<oidc.Configuration> {
  const secret =
    settings.client_secret === null
      ? null
      : box.unwrap(Buffer.from(settings.client_secret, 'base64'));
  return oidc.discovery(
    new URL(settings.issuer),
    settings.client_id,
    undefined,
    secret === null ? oidc.None() : oidc.ClientSecretBasic(secret),
    {
      timeout: TIMEOUT_SECONDS,
      // an issuer on this very machine; the settings allow no other without TLS
      execute: settings.issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [],
    },
  );
}

export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Where a browser goes to sign in, and what has to be kept until it comes back. */
export async function beginSignIn(
  settings: StoredOidc,
  box: SecretBox,
  redirectUri: string,
): Promise<{ readonly attempt: Attempt; readonly url: URL }> {
  const configuration = await discover(settings, box);
  const attempt = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    codeVerifier: oidc.randomPKCECodeVerifier(),
  };
  const url = oidc.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: settings.scopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(attempt.codeVerifier),
    code_challenge_method: 'S256',
  });
  return { attempt, url };
}

/** Who signed in, as the provider says. */
export interface Identity {
  /** E-mail address, lower case. */
  readonly username: string;
  readonly fullName: string | null;
  readonly groups: readonly string[];
}

/** Changes the code for claims. Rejects what the provider refuses, and a state, nonce or issuer that is not the attempt's. */
export async function completeSignIn(
  settings: StoredOidc,
  box: SecretBox,
  answer: { readonly attempt: Attempt; readonly callback: URL },
): Promise<Identity> {
  const { attempt, callback } = answer;
  const configuration = await discover(settings, box);
  const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier: attempt.codeVerifier,
    expectedNonce: attempt.nonce,
    expectedState: attempt.state,
    idTokenExpected: true,
  });
  const idToken = tokens.claims();
  if (idToken === undefined) throw new Error('The identity provider sent no ID token');
  const hasUserInfo = configuration.serverMetadata().userinfo_endpoint !== undefined;
  const userInfo = hasUserInfo
    ? await oidc.fetchUserInfo(configuration, tokens.access_token, idToken.sub)
    : {};
  return identityOf({ ...idToken, ...userInfo }, settings.groups_claim);
}

const email = z.email().max(255);
const groupNames = z.union([z.array(z.string()), z.string().transform((name) => [name])]);

function identityOf(claims: Readonly<Record<string, unknown>>, groupsClaim: string): Identity {
  const address = email.safeParse(claims['email']);
  if (!address.success)
    throw new Error(
      'The identity provider sent no e-mail address; let it send the claim email to this client',
    );
  if (claims['email_verified'] === false)
    throw new Error('The identity provider says that the e-mail address is not verified');
  const { name } = claims;
  return {
    username: address.data.toLowerCase(),
    fullName: typeof name === 'string' ? name.slice(0, 255) : null,
    groups: groupNames.safeParse(claims[groupsClaim]).data ?? [],
  };
}
