/** Above this many, a list is searched too slowly. */
const FEW = 16;

/**
 * A set that is a plain list while it is small. Of the hundred thousands of sets that a large policy keeps, most hold one or two things,
 * and a `Set` of one costs ten times what a list does. In order of insertion; like a `Set`, it may lose what an iteration is at.
 */
export class SmallSet<T> implements Iterable<T> {
  private list: T[] | null = null;
  private hashed: Set<T> | null = null;

  get size(): number {
    return this.hashed?.size ?? this.list?.length ?? 0;
  }

  has(item: T): boolean {
    return this.hashed?.has(item) ?? this.list?.includes(item) ?? false;
  }

  add(item: T): void {
    if (this.hashed !== null) {
      this.hashed.add(item);
      return;
    }
    if (this.list === null) {
      this.list = [item];
      return;
    }
    if (this.list.includes(item)) return;
    this.list.push(item);
    if (this.list.length <= FEW) return;
    this.hashed = new Set(this.list);
    this.list = null;
  }

  delete(item: T): boolean {
    if (this.hashed !== null) return this.hashed.delete(item);
    const place = this.list?.indexOf(item) ?? -1;
    if (place < 0) return false;
    this.list = this.list?.filter((other) => other !== item) ?? null;
    return true;
  }

  [Symbol.iterator](): Iterator<T> {
    return (this.hashed ?? this.list ?? []).values();
  }
}
