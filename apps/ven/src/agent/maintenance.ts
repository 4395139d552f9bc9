/** Maintenance tokens (R-VEN-6): verified with the key that activation gave, without a connection. */
import { createPublicKey, verify } from 'node:crypto';
import { maintenanceClaimSchema } from '@bulkhead/contract';
import type { Identity } from './identity.ts';

/** The organization asks for a maintenance token, and none that opens this VEN was given. */
export class MaintenanceError extends Error {
  override readonly name = 'MaintenanceError';
}

const HOW =
  'give one that the console or "vens/generate_maintenance_token" made for this VEN: --maintenance-token TOKEN';

/** Returns when the token opens this VEN now; throws MaintenanceError otherwise. */
export function checkMaintenanceToken(
  token: string | null,
  identity: Pick<Identity, 'ven_uuid' | 'policy_public_key'>,
  now: Date,
): void {
  if (token === null) {
    throw new MaintenanceError(`the organization asks for a maintenance token; ${HOW}`);
  }
  const [content = '', signature = '', ...more] = token.split('.');
  const bytes = Buffer.from(content, 'base64url');
  const key = createPublicKey(identity.policy_public_key);
  if (more.length > 0 || !verify(null, bytes, key, Buffer.from(signature, 'base64url'))) {
    throw new MaintenanceError(`the maintenance token is not the PCE’s; ${HOW}`);
  }
  const claim = maintenanceClaimSchema.safeParse(readJson(bytes.toString('utf8')));
  if (!claim.success || claim.data.ven_uuid !== identity.ven_uuid) {
    throw new MaintenanceError(`the maintenance token is for another VEN; ${HOW}`);
  }
  const { expires_at: expires } = claim.data;
  if (!(Date.parse(expires) > now.getTime())) {
    throw new MaintenanceError(
      `the maintenance token expired at ${expires}, and it is ${now.toISOString()} here; ${HOW}`,
    );
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
