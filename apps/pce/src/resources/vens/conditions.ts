/** Conditions that somebody has dealt with are taken off. */
import { z } from 'zod';
import { parseHref } from '@bulkhead/contract';
import { recordEvent } from '../../audit/record-event.ts';
import { json } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { ContextOf } from '../../http/routes.ts';
import { UUID } from '../../provisioning/references.ts';
import { venHref } from '../workloads/presenter.ts';

const condition = z.object({ latest_event: z.object({ notification_type: z.string() }) });

function typeOf(value: unknown): string | undefined {
  return condition.safeParse(value).data?.latest_event.notification_type;
}

/** Answers the hrefs that name no VEN; the others are done. */
export async function clearConditions(
  deps: Deps,
  context: ContextOf<'vens.clear_conditions'>,
): Promise<string[]> {
  const { db, orgId, caller, body } = context;
  const wanted = new Map(body.vens.map(({ href }) => [idOf(href, orgId), href]));
  const ids = [...wanted.keys()].filter((id) => id !== undefined);
  const rows =
    ids.length === 0
      ? []
      : await db
          .selectFrom('vens')
          .select(['id', 'org_id', 'hostname', 'conditions'])
          .where('org_id', '=', orgId)
          .where('id', 'in', ids)
          .where('status', '<>', 'uninstalled')
          .orderBy('id')
          .forUpdate()
          .execute();
  const cleared = rows.flatMap((row) => {
    const kept = row.conditions.filter(
      (item) => body.notification_type !== undefined && typeOf(item) !== body.notification_type,
    );
    return kept.length === row.conditions.length ? [] : [{ row, kept }];
  });
  for (const { row, kept } of cleared) {
    await db
      .updateTable('vens')
      .set({
        conditions: json(kept),
        updated_at: deps.clock.now(),
        updated_by: caller.href,
      })
      .where('id', '=', row.id)
      .execute();
    appendChange(db, { orgId, kind: 'vens', href: venHref(row) });
  }
  if (cleared.length > 0)
    await recordEvent(deps, db, {
      orgId,
      eventType: 'agents.clear_conditions',
      actor: context,
      httpStatus: 200,
      resourceChanges: cleared.map(({ row, kept }) => ({
        type: 'ven',
        href: venHref(row),
        naming: { hostname: row.hostname },
        changeType: 'update' as const,
        changes: {
          conditions: { before: row.conditions.map(typeOf), after: kept.map(typeOf) },
        },
      })),
    });
  const found = new Set(rows.map(({ id }) => id));
  return [...wanted].flatMap(([id, href]) => (id !== undefined && found.has(id) ? [] : [href]));
}

function idOf(href: string, orgId: number): string | undefined {
  const parsed = parseHref(href);
  const [type, id] = parsed?.path[0] ?? [];
  return parsed?.orgId === orgId && type === 'vens' && id !== undefined && UUID.test(id)
    ? id
    : undefined;
}
