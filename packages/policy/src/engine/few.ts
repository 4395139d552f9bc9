/**
 * A set of objects that nearly always holds one: that one itself, a `Set` when there are more, null when there are none. Of the hundred
 * thousands of sets that a large policy keeps, most hold a single thing, and anything else would be most of the memory.
 */
export type Few<T extends object> = T | Set<T> | null;

/** With an item more. A `Set` is changed in place. */
export function withItem<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === null || few === item) return item;
  if (few instanceof Set) return few.add(item);
  return new Set([few, item]);
}

/** With an item less. A `Set` is changed in place. */
export function withoutItem<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === item) return null;
  if (few instanceof Set) {
    few.delete(item);
    return few.size === 0 ? null : few;
  }
  return few;
}

export function hasItem<T extends object>(few: Few<T>, item: T): boolean {
  return few === item || (few instanceof Set && few.has(item));
}

export function countOf(few: Few<object>): number {
  if (few === null) return 0;
  return few instanceof Set ? few.size : 1;
}

const NONE: readonly never[] = [];

/** To iterate over; it may lose what the iteration is at. */
export function itemsOf<T extends object>(few: Few<T>): Iterable<T> {
  if (few === null) return NONE;
  return few instanceof Set ? few : [few];
}
