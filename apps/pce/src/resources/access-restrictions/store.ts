import { parseHref, type AccessRestrictionWire, type Ref } from '@bulkhead/contract';
import type { Selectable } from 'kysely';
import { formatSpan, parseSpan } from '@bulkhead/net';
import { presentAudited } from '../../access/audited.ts';
import type { AccessRestrictionsTable } from '../../db/access-tables.ts';
import type { Db } from '../../db/database.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { UUID } from '../../provisioning/references.ts';

export type RestrictionRow = Selectable<AccessRestrictionsTable>;

export function restrictionHref(orgId: number, id: string): string {
  return `/orgs/${orgId}/access_restrictions/${id}`;
}

export function presentRestriction(row: RestrictionRow): AccessRestrictionWire {
  return {
    href: restrictionHref(row.org_id, row.id),
    name: row.name,
    description: row.description,
    ips: row.ips,
    ...presentAudited(row),
  };
}

export async function findRestriction(
  db: Db,
  orgId: number,
  id: string,
): Promise<RestrictionRow | undefined> {
  if (!UUID.test(id)) return undefined;
  return db
    .selectFrom('access_restrictions')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function requireRestriction(
  db: Db,
  orgId: number,
  id: string,
): Promise<RestrictionRow> {
  const row = await findRestriction(db, orgId, id);
  if (row === undefined) throw notFound(`The access restriction ${id}`);
  return row;
}

/** Id of the restriction that a request refers to; null for none. */
export async function restrictionId(
  db: Db,
  orgId: number,
  ref: Ref | null,
): Promise<string | null> {
  if (ref === null) return null;
  const parsed = parseHref(ref.href);
  const [type, id = ''] = parsed?.path[0] ?? [];
  const row =
    parsed?.orgId === orgId && type === 'access_restrictions'
      ? await findRestriction(db, orgId, id)
      : undefined;
  if (row !== undefined) return row.id;
  throw new DomainError(
    'invalid_uri',
    `access_restriction: there is no access restriction ${ref.href}`,
  );
}

/** Addresses and CIDR blocks in canonical form, each once. Throws for the first that is neither. */
export function restrictionAddresses(texts: readonly string[]): string[] {
  const found = texts.map((text, index) => {
    const refuse = (reason: string): DomainError =>
      new DomainError('invalid_ip_address', `ips[${index}]: ${reason}`);
    if (text.includes('-'))
      throw refuse(`"${text}" is a range; write the CIDR blocks that make it up`);
    const span = parseSpan(text);
    if (!span.ok) throw refuse(span.message);
    return formatSpan(span.value);
  });
  return [...new Set(found)];
}
