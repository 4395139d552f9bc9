/**
 * Members of a set as an immutable value. A change costs what it moves, not what the set holds: it is kept beside a shared
 * base until there is enough of it to build a new one.
 */
export interface Members {
  readonly base: ReadonlySet<string>;
  /** Not in `base`. */
  readonly added: ReadonlySet<string>;
  /** In `base`. */
  readonly removed: ReadonlySet<string>;
}

const KEPT_BESIDE = 1024;
const NONE: ReadonlySet<string> = new Set();

export function membersOf(texts: Iterable<string>): Members {
  return { base: new Set(texts), added: NONE, removed: NONE };
}

export function hasMember({ base, added, removed }: Members, text: string): boolean {
  return added.has(text) || (base.has(text) && !removed.has(text));
}

export function listMembers({ base, added, removed }: Members): string[] {
  const kept = removed.size === 0 ? [...base] : [...base].filter((text) => !removed.has(text));
  return added.size === 0 ? kept : kept.concat([...added]);
}

export function countMembers({ base, added, removed }: Members): number {
  return base.size + added.size - removed.size;
}

/** The members without `gone` and then with `come`. What is not there to go, or there already, changes nothing. */
export function moveMembers(
  members: Members,
  gone: readonly string[],
  come: readonly string[],
): Members {
  if (gone.length === 0 && come.length === 0) return members;
  const { base } = members;
  const added = new Set(members.added);
  const removed = new Set(members.removed);
  for (const text of gone) {
    added.delete(text);
    if (base.has(text)) removed.add(text);
  }
  for (const text of come) {
    removed.delete(text);
    if (!base.has(text)) added.add(text);
  }
  const moved = { base, added, removed };
  return added.size + removed.size > KEPT_BESIDE ? membersOf(listMembers(moved)) : moved;
}

/** What the second has and the first has not, and the other way round. Quick where one was made from the other. */
export function differenceOf(
  before: Members,
  after: Members,
): { readonly added: string[]; readonly removed: string[] } {
  if (before === after) return { added: [], removed: [] };
  const shared = before.base === after.base;
  const candidates = (one: Members, other: Members) =>
    shared ? new Set([...one.added, ...other.removed]) : listMembers(one);
  return {
    added: [...candidates(after, before)].filter(
      (text) => hasMember(after, text) && !hasMember(before, text),
    ),
    removed: [...candidates(before, after)].filter(
      (text) => hasMember(before, text) && !hasMember(after, text),
    ),
  };
}
