/** VENs by their tokens. */
import type { VenCaller } from '../http/caller.ts';
import type { Db } from '../db/database.ts';
import { hashSecret } from '../http/secrets.ts';
import { objectHref } from '@bulkhead/contract';

export function venHref(orgId: number, id: string): string {
  return objectHref(orgId, 'vens', id);
}

export function workloadHref(orgId: number, id: string): string {
  return objectHref(orgId, 'workloads', id);
}

/** Also finds a VEN that was unpaired and does not know yet, so that it can be told. */
export async function venOfToken(db: Db, token: string, now: Date): Promise<VenCaller | undefined> {
  const hash = hashSecret(token);
  const row = await db
    .selectFrom('vens')
    .select(['id', 'org_id', 'hostname'])
    .where((where) =>
      where.or([
        where('token_hash', '=', hash),
        where.and([
          where('previous_token_hash', '=', hash),
          where('previous_token_expires_at', '>', now),
        ]),
      ]),
    )
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    kind: 'ven',
    venId: row.id,
    orgId: row.org_id,
    href: venHref(row.org_id, row.id),
    hostname: row.hostname,
  };
}

export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}
