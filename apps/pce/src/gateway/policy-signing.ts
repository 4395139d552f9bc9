/** The key that policy documents are signed with: one for all nodes, made at the first start, kept in the database only. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { PolicyDocument } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';

const PURPOSE = 'policy_signing';

export class PolicySigner {
  readonly #key: KeyObject;
  /** Ed25519 SPKI PEM. */
  readonly publicKey: string;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  }

  sign(content: string): PolicyDocument {
    return { content, signature: sign(null, Buffer.from(content), this.#key).toString('base64') };
  }

  /** One word without spaces: content and signature in base64url, for people to carry. */
  seal(content: string): string {
    const bytes = Buffer.from(content);
    const signature = sign(null, bytes, this.#key);
    return `${bytes.toString('base64url')}.${signature.toString('base64url')}`;
  }
}

export async function loadPolicySigner(db: Db): Promise<PolicySigner> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const value = privateKey.export({ type: 'pkcs8', format: 'der' });
  // Nodes that start together end up with the same key.
  await db
    .insertInto('server_keys')
    .values({ purpose: PURPOSE, value })
    .onConflict((conflict) => conflict.column('purpose').doNothing())
    .execute();
  const row = await db
    .selectFrom('server_keys')
    .select('value')
    .where('purpose', '=', PURPOSE)
    .executeTakeFirstOrThrow();
  return new PolicySigner(createPrivateKey({ key: row.value, format: 'der', type: 'pkcs8' }));
}
