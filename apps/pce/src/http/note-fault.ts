/** A fault of the PCE is an event, so that whoever reads events hears of it and finds its request in the log. */
import { recordEvent } from '../audit/record-event.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { isFault } from './errors.ts';
import type { Actor } from './routes.ts';

/** Runs the work of a request. What it throws goes on; the event says nothing of it but that it was. */
export async function notingFaults<T>(
  deps: Deps,
  request: { readonly actor: Actor; readonly orgId: number },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFault(error)) await note(deps, request);
    throw error;
  }
}

async function note(
  deps: Deps,
  { actor, orgId }: { readonly actor: Actor; readonly orgId: number },
): Promise<void> {
  const message = `The server failed; its log says why under request ${actor.requestId}`;
  await writeTransaction(deps.db, (trx) =>
    recordEvent(deps, trx, {
      orgId: orgId === 0 ? null : orgId,
      eventType: 'request.internal_server_error',
      status: 'failure',
      severity: 'err',
      actor,
      httpStatus: 500,
      errors: [{ token: 'internal_server_error', message }],
    }),
  ).catch((error: unknown) =>
    deps.logger.warn({ err: error }, 'a fault could not be recorded as an event'),
  );
}
