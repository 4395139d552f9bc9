/** Commands from the console that need no more than a connection. */
import { recordEvent } from '../audit/record-event.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import { collectErrors, findVen, type VenRefErrors } from './ven-refs.ts';

/** VENs of the request that can be told to start again; the others are among the errors. */
export async function vensToRestart(
  deps: Deps,
  context: ContextOf<'vens.remote_action'>,
): Promise<{ vens: { href: string; id: string }[]; errors: VenRefErrors }> {
  const { db: trx, orgId, body } = context;
  const errors = collectErrors();
  const vens: { href: string; id: string }[] = [];
  for (const href of new Set(body.vens.map((ref) => ref.href))) {
    const ven = await findVen(trx, orgId, href);
    if (ven === undefined) errors.add('not_found_error', 'There is no such VEN', href);
    else vens.push({ href, id: ven.id });
  }
  if (vens.length > 0)
    await recordEvent(deps, trx, {
      orgId,
      eventType: 'agents.remote_action',
      actor: context,
      httpStatus: 200,
      info: { action: body.action, vens: vens.map(({ href }) => href) },
    });
  return { vens, errors };
}
