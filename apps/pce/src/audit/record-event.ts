/** Audit events: who did what to which object, before and after. Written in the transaction of the change itself. */
import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { json, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Actor } from '../http/routes.ts';

export interface ResourceChange {
  /** Singular type, such as `label`, `ip_list`, `sec_rule`. */
  readonly type: string;
  readonly href: string;
  /** Further members that name the object: name, hostname, key and value. */
  readonly naming?: Readonly<Record<string, unknown>>;
  readonly changeType: 'create' | 'update' | 'delete';
  /** From `describeChanges`. */
  readonly changes: Readonly<Record<string, { before: unknown; after: unknown }>>;
}

export interface EventInput {
  /** Null: of no organization, such as a sign-in with an unknown name. */
  readonly orgId: number | null;
  /** Published name, such as `label.create`. */
  readonly eventType: string;
  readonly status?: 'success' | 'failure' | null;
  readonly severity?: 'err' | 'warning' | 'info';
  /** The request that caused it; absent: the system did it. */
  readonly actor?: Actor;
  /** Creator other than the caller of `actor`. */
  readonly createdBy?: { readonly href: string; readonly value: Readonly<Record<string, unknown>> };
  readonly httpStatus?: number;
  readonly info?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly { token: string; message: string }[];
  readonly resourceChanges?: readonly ResourceChange[];
  readonly notifications?: readonly {
    type: string;
    info: Readonly<Record<string, unknown>> | null;
  }[];
}

/** Answers the event's UUID. `trx` is the one of `writeTransaction`. */
export async function recordEvent(
  deps: Pick<Deps, 'clock' | 'config'>,
  trx: Tx,
  event: EventInput,
): Promise<string> {
  const id = randomUUID();
  const creator = event.createdBy ?? creatorOf(event.actor);
  await trx
    .insertInto('events')
    .values({
      id,
      org_id: event.orgId,
      at: deps.clock.now(),
      pce_fqdn: deps.config.fqdn,
      event_type: event.eventType,
      status: event.status === undefined ? 'success' : event.status,
      severity: event.severity ?? 'info',
      created_by: json({ ...creator.value }),
      created_by_href: creator.href,
      action: event.actor === undefined ? null : json(actionOf(event.actor, event)),
      resource_changes: json(
        (event.resourceChanges ?? []).map((change) => ({
          uuid: randomUUID(),
          resource: { [change.type]: { href: change.href, ...change.naming } },
          changes: change.changes,
          change_type: change.changeType,
        })),
      ),
      notifications: json(
        (event.notifications ?? []).map(({ type, info }) => ({
          uuid: randomUUID(),
          notification_type: type,
          info,
        })),
      ),
    })
    .execute();
  if (event.orgId !== null)
    appendChange(trx, {
      orgId: event.orgId,
      kind: 'event',
      href: `/orgs/${event.orgId}/events/${id}`,
    });
  return id;
}

function creatorOf(actor: Actor | undefined): {
  href: string;
  value: Readonly<Record<string, unknown>>;
} {
  const caller = actor?.caller ?? null;
  if (caller === null) return { href: 'system', value: { system: {} } };
  if (caller.kind === 'ven')
    return { href: caller.href, value: { ven: { href: caller.href, hostname: caller.hostname } } };
  return { href: caller.href, value: { user: { href: caller.href, username: caller.username } } };
}

function actionOf(actor: Actor, event: EventInput): Record<string, unknown> {
  return {
    uuid: actor.requestId,
    api_endpoint: actor.url,
    api_method: actor.method,
    ...(event.httpStatus === undefined ? {} : { http_status_code: event.httpStatus }),
    src_ip: actor.ip,
    info: event.info ?? {},
    errors: event.errors ?? [],
  };
}

const SECRET = /password|secret|token|activation_code/;

/**
 * The members whose values differ, as an event shows them; null stands for "was not there". Secrets are shown as FILTERED.
 * Give wire forms less href and audit members.
 */
export function describeChanges(
  before: Readonly<Record<string, unknown>> | null,
  after: Readonly<Record<string, unknown>> | null,
): Record<string, { before: unknown; after: unknown }> {
  const changes: Record<string, { before: unknown; after: unknown }> = {};
  for (const key of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
    const old = before?.[key] ?? null;
    const now = after?.[key] ?? null;
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    changes[key] = SECRET.test(key)
      ? { before: old === null ? null : 'FILTERED', after: now === null ? null : 'FILTERED' }
      : { before: old, after: now };
  }
  return changes;
}
