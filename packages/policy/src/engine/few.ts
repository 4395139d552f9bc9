/**
 * A set of objects that nearly always holds very few: nothing, that one itself, a short list that is never changed in place, and a `Set`
 * only when there are many. Of the hundred thousands of sets that a large policy keeps, most hold a single thing, and anything else would
 * be most of the memory. Its items are no lists themselves.
 */
export type Few<T extends object> = T | readonly T[] | Set<T> | null;

/** As long as it is looked through faster than it is hashed. */
const SHORT = 8;

/** With an item more. A `Set` is changed in place. */
export function withItem<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === null || few === item) return item;
  if (few instanceof Set) return few.add(item);
  if (!isList(few)) return [few, item];
  if (few.includes(item)) return few;
  return few.length < SHORT ? [...few, item] : new Set(few).add(item);
}

/** With an item less. A `Set` is changed in place. */
export function withoutItem<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === item) return null;
  if (few instanceof Set) {
    few.delete(item);
    return few.size === 0 ? null : few;
  }
  if (!isList(few)) return few;
  const left = few.filter((other) => other !== item);
  return left.length === 1 ? (left[0] ?? null) : left;
}

export function hasItem<T extends object>(few: Few<T>, item: T): boolean {
  if (few === item) return true;
  if (few instanceof Set) return few.has(item);
  return isList(few) && few.includes(item);
}

export function countOf(few: Few<object>): number {
  if (few === null) return 0;
  if (few instanceof Set) return few.size;
  return isList(few) ? few.length : 1;
}

const NONE: readonly never[] = [];

/** To iterate over; it may lose what the iteration is at. */
export function itemsOf<T extends object>(few: Few<T>): Iterable<T> {
  if (few === null) return NONE;
  return few instanceof Set || isList(few) ? few : [few];
}

/** The only item; null when there are none or more. */
export function onlyOf<T extends object>(few: Few<T>): T | null {
  return few === null || few instanceof Set || isList(few) ? null : few;
}

function isList<T extends object>(few: Few<T>): few is readonly T[] {
  return Array.isArray(few);
}
