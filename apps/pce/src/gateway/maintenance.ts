/** Maintenance tokens (R-VEN-6): signed here, verified on the host without a connection. */
import type { MaintenanceClaim } from '@bulkhead/contract';
import { recordEvent } from '../audit/record-event.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import type { PolicySigner } from './policy-signing.ts';
import { collectErrors, findVen } from './ven-refs.ts';

const DEFAULT_VALID_SECONDS = 3600;

interface MaintenanceTokens {
  readonly tokens: { ven: { href: string }; token: string; expires_at: string }[];
  readonly errors: { token: string; message: string; hrefs: string[] }[];
}

export async function generateMaintenanceTokens(
  deps: Deps,
  signer: PolicySigner,
  context: ContextOf<'vens.generate_maintenance_token'>,
): Promise<MaintenanceTokens> {
  const { db: trx, orgId, body } = context;
  const seconds = body.valid_seconds ?? DEFAULT_VALID_SECONDS;
  const expires = new Date(deps.clock.now().getTime() + seconds * 1000).toISOString();
  const errors = collectErrors();
  const tokens: MaintenanceTokens['tokens'] = [];
  for (const href of new Set(body.vens.map((ref) => ref.href))) {
    const ven = await findVen(trx, orgId, href);
    if (ven === undefined) {
      errors.add('not_found_error', 'There is no such VEN', href);
      continue;
    }
    const claim: MaintenanceClaim = {
      purpose: 'ven_maintenance',
      ven_uuid: ven.id,
      expires_at: expires,
    };
    tokens.push({ ven: { href }, token: signer.seal(JSON.stringify(claim)), expires_at: expires });
  }
  if (tokens.length > 0)
    await recordEvent(deps, trx, {
      orgId,
      eventType: 'agent.generate_maintenance_token',
      actor: context,
      httpStatus: 200,
      info: { vens: tokens.map(({ ven }) => ven.href), expires_at: expires },
    });
  return { tokens, errors: errors.all() };
}
