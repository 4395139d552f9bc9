/**
 * Label groups that would hold themselves, directly or through others. Draft and active membership count together, so that whatever part
 * of the draft is provisioned, no group in active policy holds itself either.
 */
import type { Db } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { viewsOf } from './objects.ts';
import { presentVersioned } from './present.ts';
import type { StoredRef } from './stored-content.ts';

interface Group {
  readonly name: string;
  readonly members: readonly StoredRef[];
}
type Groups = ReadonlyMap<string, Group>;

async function loadGroups(db: Db, orgId: number): Promise<Groups> {
  const views = await viewsOf(db, orgId, { type: 'label_groups', word: 'draft' });
  return new Map(
    views.map((view) => {
      const { name, sub_groups: subs } = view.content;
      const members = [...subs, ...(view.active?.sub_groups ?? [])];
      return [presentVersioned(view).href, { name, members }] as const;
    }),
  );
}

/** Names on the way from a group back to `own`; undefined: there is no way. */
function wayBack(
  groups: Groups,
  own: string,
  href: string,
  seen: Set<string>,
): string[] | undefined {
  const group = groups.get(href);
  if (href === own) return [group?.name ?? href];
  if (seen.has(href)) return undefined;
  seen.add(href);
  for (const member of group?.members ?? []) {
    const rest = wayBack(groups, own, member.href, seen);
    if (rest !== undefined) return [group?.name ?? href, ...rest];
  }
  return undefined;
}

function loopOf(groups: Groups, own: string, subs: readonly StoredRef[]): string | undefined {
  for (const { href } of subs) {
    const way = wayBack(groups, own, href, new Set());
    if (way === undefined) continue;
    return [groups.get(own)?.name ?? own, ...way].map((name) => `"${name}"`).join(' holds ');
  }
  return undefined;
}

/** Refuses the groups that a write would put into one. */
export async function refuseLoop(
  db: Db,
  orgId: number,
  { own, subs }: { readonly own: string; readonly subs: readonly StoredRef[] },
): Promise<void> {
  const loop = loopOf(await loadGroups(db, orgId), own, subs);
  if (loop === undefined) return;
  throw new DomainError(
    'input_validation_error',
    `sub_groups: ${loop}, in draft or active policy, so the group would be within itself; take one of them out, and provision that if it was active`,
  );
}

/** The same for a draft that was written whole. */
export async function refuseLoops(db: Db, orgId: number): Promise<void> {
  const groups = await loadGroups(db, orgId);
  for (const [own, { members }] of groups) {
    const loop = loopOf(groups, own, members);
    if (loop === undefined) continue;
    throw new DomainError(
      'input_validation_error',
      `${loop}, in the restored draft and active policy together, so a group would be within itself; take it out of the active one, provision that, and restore then`,
      { href: own },
    );
  }
}
