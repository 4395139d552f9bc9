/** What is kept in `Buckets`: it knows its hash, and which other one comes after it in its bucket. */
export interface Hashed<T> {
  readonly hash: number;
  next: T | null;
}

/**
 * Objects found by a hash of numbers that they are made of, where a `Map` would want a text for each. Whoever looks goes through a bucket,
 * `next` by `next`, and tells the objects apart.
 */
export class Buckets<T extends Hashed<T>> {
  size = 0;
  private buckets: (T | null)[] = emptyBuckets(64);

  /** First of those that may have the hash. */
  first(hash: number): T | null {
    return this.buckets[hash & (this.buckets.length - 1)] ?? null;
  }

  add(item: T): void {
    if (this.size >= this.buckets.length * 2) this.grow();
    this.hang(item);
    this.size += 1;
  }

  remove(item: T): void {
    const place = item.hash & (this.buckets.length - 1);
    let before: T | null = null;
    for (let at = this.buckets[place] ?? null; at !== null; before = at, at = at.next) {
      if (at !== item) continue;
      if (before === null) this.buckets[place] = item.next;
      else before.next = item.next;
      item.next = null;
      this.size -= 1;
      return;
    }
  }

  /** All of them, in no order. */
  *all(): Iterable<T> {
    for (const first of this.buckets) {
      for (let at = first; at !== null;) {
        const { next }: T = at;
        yield at;
        at = next;
      }
    }
  }

  private hang(item: T): void {
    const place = item.hash & (this.buckets.length - 1);
    item.next = this.buckets[place] ?? null;
    this.buckets[place] = item;
  }

  private grow(): void {
    const old = this.buckets;
    this.buckets = emptyBuckets(old.length * 4);
    for (const first of old) {
      for (let at = first; at !== null;) {
        const { next }: T = at;
        this.hang(at);
        at = next;
      }
    }
  }
}

function emptyBuckets<T>(size: number): (T | null)[] {
  return new Array<T | null>(size).fill(null);
}

/** A hash with one number more. For 32 bits, with the multiplier and the final mixing of the MurmurHash3 finalizer (public domain). */
export function mixed(hash: number, number: number): number {
  let mix = Math.imul(hash ^ number, 0x85ebca6b);
  mix ^= mix >>> 13;
  return Math.imul(mix, 0xc2b2ae35) ^ (mix >>> 16);
}
