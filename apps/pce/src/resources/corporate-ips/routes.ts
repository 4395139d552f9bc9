import type { Selectable } from 'kysely';
import { formatSpan, parseSpan } from '@bulkhead/net';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { json, type CorporateIpsTable, type Db, type Tx } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { sameContent } from '../../provisioning/compare.ts';
import { refuseStale } from '../../provisioning/drafts.ts';
import { SYSTEM } from '../../provisioning/present.ts';

type Row = Selectable<CorporateIpsTable>;
const DEFAULT = 'default';
const NAME = 'Corporate Public IPs';

/** The list of the console's page, empty. */
export async function seedCorporateIps(trx: Tx, orgId: number): Promise<void> {
  await trx
    .insertInto('corporate_ips')
    .values({
      org_id: orgId,
      id: DEFAULT,
      name: NAME,
      ip_addresses: json([]),
      created_by: SYSTEM,
      updated_by: SYSTEM,
    })
    .execute();
}

function hrefOf(row: Pick<Row, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/settings/corporate_ips/${row.id}`;
}

function present(row: Row) {
  return {
    href: hrefOf(row),
    name: row.name,
    ip_addresses: row.ip_addresses,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
  };
}

/** IPv4 addresses and CIDR blocks in canonical form, each once (R-NET-2). Throws for the first that is neither. */
export function corporateAddresses(texts: readonly string[]): string[] {
  const found = texts.map((text, index) => {
    const refuse = (reason: string): DomainError =>
      new DomainError('invalid_ip_address', `ip_addresses[${index}]: ${reason}`);
    if (text.includes(':'))
      throw refuse(
        `"${text}" is IPv6; Corporate Public IPs are IPv4 addresses or CIDR blocks, such as 203.0.113.7 or 198.51.100.0/24`,
      );
    if (text.includes('-'))
      throw refuse(
        `"${text}" is a range; write the CIDR blocks that make it up, such as 198.51.100.0/24`,
      );
    const span = parseSpan(text);
    if (!span.ok) throw refuse(span.message);
    return formatSpan(span.value);
  });
  return [...new Set(found)];
}

async function lock(trx: Tx, orgId: number): Promise<Row> {
  const find = (db: Db) =>
    db
      .selectFrom('corporate_ips')
      .selectAll()
      .where('org_id', '=', orgId)
      .where('id', '=', DEFAULT);
  return find(trx).forUpdate().executeTakeFirstOrThrow();
}

export function corporateIpsRoutes(deps: Deps): Routes {
  return {
    'corporate_ips.list': async ({ db, orgId }) => {
      const rows = await db
        .selectFrom('corporate_ips')
        .selectAll()
        .where('org_id', '=', orgId)
        .orderBy('id')
        .execute();
      return { items: rows.map(present), total: rows.length };
    },
    'corporate_ips.update': async (context) => {
      const { db, orgId, body, caller } = context;
      const before = await lock(db, orgId);
      await refuseStale(context, {
        name: before.name,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const after = {
        name: body.name ?? before.name,
        ip_addresses: corporateAddresses(body.ip_addresses),
      };
      const old = { name: before.name, ip_addresses: before.ip_addresses };
      if (sameContent(old, after)) return;
      await db
        .updateTable('corporate_ips')
        .set({
          name: after.name,
          ip_addresses: json(after.ip_addresses),
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('org_id', '=', orgId)
        .where('id', '=', DEFAULT)
        .execute();
      appendChange(db, { orgId, kind: 'settings', href: hrefOf(before) });
      await recordEvent(deps, db, {
        orgId,
        eventType: 'corporate_ips.update',
        actor: context,
        httpStatus: 204,
        resourceChanges: [
          {
            type: 'corporate_ips',
            href: hrefOf(before),
            naming: { name: after.name },
            changeType: 'update',
            changes: describeChanges(old, after),
          },
        ],
      });
    },
  };
}
