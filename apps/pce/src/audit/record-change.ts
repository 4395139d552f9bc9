/** The event of one object's change, for objects that are effective at once. */
import type { Tx } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import type { Actor } from '../http/routes.ts';
import { describeChanges, recordEvent } from './record-event.ts';

type Members = Readonly<Record<string, unknown>>;

export interface ObjectChange {
  /** Singular type, such as `permission`. */
  readonly type: string;
  readonly href: string;
  readonly naming?: Members;
  /** Null: it was not there. */
  readonly before: Members | null;
  /** Null: it is gone. */
  readonly after: Members | null;
  /** Default: the type with `create`, `update` or `delete`. */
  readonly eventType?: string;
}

/** Writes `<type>.create`, `.update` or `.delete`. */
export async function recordChange(
  deps: Pick<Deps, 'clock' | 'config'>,
  context: Actor & { readonly db: Tx; readonly orgId: number },
  change: ObjectChange,
): Promise<void> {
  const { type, href, before, after, naming = {} } = change;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  await recordEvent(deps, context.db, {
    orgId: context.orgId,
    eventType: change.eventType ?? `${type}.${verb}`,
    actor: context,
    httpStatus: context.method === 'POST' ? 201 : 204,
    resourceChanges: [
      { type, href, naming, changeType: verb, changes: describeChanges(before, after) },
    ],
  });
}
