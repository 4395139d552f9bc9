/** VENs that a request names by href, and what is wrong with those that cannot be served. */
import { parseHref } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { UUID } from '../provisioning/references.ts';

export interface VenRefErrors {
  add(token: string, message: string, href: string): void;
  /** One entry for each token, with the hrefs that it is about. */
  all(): { token: string; message: string; hrefs: string[] }[];
}

export function collectErrors(): VenRefErrors {
  const errors = new Map<string, { token: string; message: string; hrefs: string[] }>();
  return {
    add(token, message, href) {
      const known = errors.get(token);
      if (known === undefined) errors.set(token, { token, message, hrefs: [href] });
      else known.hrefs.push(href);
    },
    all: () => [...errors.values()],
  };
}

export interface FoundVen {
  readonly id: string;
  readonly status: 'active' | 'suspended' | 'stopped';
  readonly hostname: string;
  readonly version: string;
}

/** A paired VEN of the organization, its row locked in a transaction; undefined when the href names none. */
export async function findVen(db: Db, orgId: number, href: string): Promise<FoundVen | undefined> {
  const id = venIdOf(href, orgId);
  if (id === undefined) return undefined;
  const row = await db
    .selectFrom('vens')
    .select(['id', 'status', 'hostname', 'version'])
    .where('id', '=', id)
    .where('org_id', '=', orgId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { status } = row;
  return status === 'uninstalled' ? undefined : { ...row, status };
}

function venIdOf(href: string, orgId: number): string | undefined {
  const parsed = parseHref(href);
  const [type, id] = parsed?.path[0] ?? [];
  return parsed?.orgId === orgId &&
    parsed.path.length === 1 &&
    type === 'vens' &&
    id !== undefined &&
    UUID.test(id)
    ? id
    : undefined;
}
