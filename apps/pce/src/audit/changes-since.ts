/** What became of an object since somebody read it, as the audit events tell. */
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../db/database.ts';

export interface ChangeSince {
  readonly by: string;
  readonly at: Date;
  readonly deleted: boolean;
  /** Names of members. */
  readonly members: readonly string[];
}

const creator = z.object({ user: z.object({ username: z.string() }) });
const changesOf = z.array(
  z.object({
    resource: z.record(z.string(), z.object({ href: z.string() })),
    changes: z.record(z.string(), z.unknown()),
    change_type: z.string(),
  }),
);
const MOST = 20;

/**
 * Changes after the one that made the state with this `updated_at`, oldest first. Empty when the events that would tell are no longer
 * kept.
 */
export async function changesSince(
  db: Db,
  orgId: number,
  { href, updatedAt }: { readonly href: string; readonly updatedAt: string },
): Promise<ChangeSince[]> {
  if (Number.isNaN(Date.parse(updatedAt))) return [];
  const rows = await db
    .selectFrom('events')
    .select(['at', 'created_by', 'created_by_href', 'resource_changes'])
    .where('org_id', '=', orgId)
    .where('at', '>=', new Date(updatedAt))
    .where(
      sql<boolean>`jsonb_path_exists(resource_changes, '$[*].resource.*.href ? (@ == $href)', jsonb_build_object('href', ${href}::text))`,
    )
    .orderBy('position')
    .limit(MOST + 1)
    .execute();
  // An event is written after the change that it tells of: the first one made the state that was read.
  return rows.slice(1).flatMap((row): ChangeSince[] => {
    const changes = changesOf.safeParse(row.resource_changes).data ?? [];
    const own = changes.find(({ resource }) =>
      Object.values(resource).some((item) => item.href === href),
    );
    if (own === undefined) return [];
    return [
      {
        by: creator.safeParse(row.created_by).data?.user.username ?? row.created_by_href,
        at: row.at,
        deleted: own.change_type === 'delete',
        members: Object.keys(own.changes),
      },
    ];
  });
}

/** In a sentence: who changed what, each person once. */
export function describeSince(changes: readonly ChangeSince[]): string {
  const people = new Map<string, { at: Date; deleted: boolean; members: Set<string> }>();
  for (const { by, at, deleted, members } of changes) {
    const known = people.get(by);
    const all = new Set([...(known?.members ?? []), ...members]);
    people.set(by, { at, deleted, members: all });
  }
  return [...people]
    .map(([by, { at, deleted, members }]) => {
      const what = deleted ? 'deleted' : `saved with another ${[...members].join(', ')}`;
      return `${what} by ${by} at ${at.toISOString()}`;
    })
    .join(' and ');
}
