/** For tests: that a write leaves the audit events that its endpoint declares. */
import { sql } from 'kysely';
import { eventsOf, type EndpointSpec } from '@bulkhead/contract';
import type { Tx } from '../db/database.ts';
import { appendedEventTypes } from '../db/transaction.ts';

/**
 * Runs the write of an operation and throws when it changed a row without an event, or left one of a type that the endpoint does not
 * declare. The sessions and keys of VENs move without events; only what users do is held.
 */
export async function holdEvents<T>(
  route: { readonly operation: string; readonly spec: EndpointSpec },
  trx: Tx,
  work: () => Promise<T>,
): Promise<T> {
  const { operation, spec } = route;
  const declared = eventsOf(spec);
  if (declared === undefined) return work();
  const before = await rowsWritten(trx);
  const result = await work();
  const types = appendedEventTypes(trx);
  const where = `${operation}: its endpoint declares events: ['${declared.join("', '")}']`;
  const others = types.filter((type) => !declared.includes(type) && type !== 'soft_limit.exceeded');
  if (others.length > 0)
    throw new Error(`${where}, but it left ${others.join(', ')}; declare what it leaves`);
  if (types.length === 0 && spec.permission !== 'ven' && (await rowsWritten(trx)) > before)
    throw new Error(`${where}, but it changed rows and left none; call recordEvent in it`);
  return result;
}

async function rowsWritten(trx: Tx): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int AS count FROM pg_stat_xact_user_tables`.execute(
    trx,
  );
  return rows[0]?.count ?? 0;
}
