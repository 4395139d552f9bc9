/** Audit events: who did what to which object, before and after. Written in the transaction of the change itself. */
import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { json, type Tx } from '../db/database.ts';
import { appendChange, appendEvent } from '../db/transaction.ts';
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
  /** Without a request: the address that it came from, such as of a VEN's channel. */
  readonly sourceAddress?: string;
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

/**
 * Answers the event's UUID. `trx` is the one of `writeTransaction`, which writes the event as its last statement. Asynchronous like every
 * other write, so that nobody depends on when it is written.
 */
export async function recordEvent(
  deps: Pick<Deps, 'clock' | 'config'>,
  trx: Tx,
  event: EventInput,
): Promise<string> {
  const id = randomUUID();
  const creator = event.createdBy ?? creatorOf(event.actor);
  const action = actionOf(event);
  appendEvent(trx, {
    id,
    org_id: event.orgId,
    at: deps.clock.now(),
    pce_fqdn: deps.config.fqdn,
    event_type: event.eventType,
    status: event.status === undefined ? 'success' : event.status,
    severity: event.severity ?? 'info',
    created_by: json({ ...creator.value }),
    created_by_href: creator.href,
    action: action === null ? null : json(action),
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
  });
  if (event.orgId !== null)
    appendChange(trx, {
      orgId: event.orgId,
      kind: 'event',
      href: `/orgs/${event.orgId}/events/${id}`,
    });
  return Promise.resolve(id);
}

function creatorOf(actor: Actor | undefined): {
  href: string;
  value: Readonly<Record<string, unknown>>;
} {
  const caller = actor?.caller ?? null;
  if (caller === null) return { href: 'system', value: { system: {} } };
  if (caller.kind === 'ven')
    return { href: caller.href, value: { ven: { href: caller.href, hostname: caller.hostname } } };
  if (caller.userId === null)
    return {
      href: caller.href,
      value: { service_account: { href: caller.href, name: caller.username } },
    };
  return { href: caller.href, value: { user: { href: caller.href, username: caller.username } } };
}

function actionOf(event: EventInput): Record<string, unknown> | null {
  const { actor, sourceAddress } = event;
  const more = { info: event.info ?? {}, errors: event.errors ?? [] };
  if (actor !== undefined)
    return {
      uuid: actor.requestId,
      api_endpoint: actor.url,
      api_method: actor.method,
      ...(event.httpStatus === undefined ? {} : { http_status_code: event.httpStatus }),
      src_ip: actor.ip,
      ...more,
    };
  return sourceAddress === undefined
    ? null
    : { uuid: randomUUID(), src_ip: sourceAddress, ...more };
}

/** Names of members whose text is a secret, at any depth. */
const SECRET = /password|secret|token|activation_code|private_key|api_key$/;
const FILTERED = 'FILTERED';

/**
 * The members whose values differ, as an event shows them; null stands for "was not there". Secrets are shown as FILTERED, also inside of
 * a member. Give wire forms less href and audit members.
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
    changes[key] = { before: withoutSecrets(key, old), after: withoutSecrets(key, now) };
  }
  return changes;
}

function withoutSecrets(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutSecrets(name, item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, withoutSecrets(key, member)]),
    );
  return typeof value === 'string' && SECRET.test(name) ? FILTERED : value;
}
