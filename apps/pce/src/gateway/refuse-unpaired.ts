import { DomainError } from '../http/domain-error.ts';
import type { Db } from '../db/database.ts';

/** For a VEN that was unpaired and has not taken leave yet: it may connect, to be told, and say goodbye. */
export function refuseUnpaired(): never {
  throw new DomainError(
    'forbidden',
    'This VEN was unpaired on the PCE; it is told so on its channel',
  );
}

export async function requirePaired(db: Db, venId: string): Promise<void> {
  const row = await db
    .selectFrom('vens')
    .select('status')
    .where('id', '=', venId)
    .executeTakeFirst();
  if (row === undefined || row.status === 'uninstalled') refuseUnpaired();
}
