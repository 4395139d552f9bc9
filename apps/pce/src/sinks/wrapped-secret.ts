/** Secrets that the PCE must be able to read again: AES-256-GCM under a key that is kept apart from them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Db } from '../db/database.ts';

const PURPOSE = 'sink_secrets';
const NONCE = 12;
const TAG = 16;

export class SecretBox {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  wrap(secret: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Throws for what `wrap` of another key made. */
  unwrap(wrapped: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, wrapped.subarray(0, NONCE));
    decipher.setAuthTag(wrapped.subarray(NONCE, NONCE + TAG));
    const opened = [decipher.update(wrapped.subarray(NONCE + TAG)), decipher.final()];
    return Buffer.concat(opened).toString('utf8');
  }
}

export async function loadSecretBox(db: Db): Promise<SecretBox> {
  // Nodes that start together end up with the same key.
  await db
    .insertInto('server_keys')
    .values({ purpose: PURPOSE, value: randomBytes(32) })
    .onConflict((conflict) => conflict.column('purpose').doNothing())
    .execute();
  const { value } = await db
    .selectFrom('server_keys')
    .select('value')
    .where('purpose', '=', PURPOSE)
    .executeTakeFirstOrThrow();
  return new SecretBox(value);
}
