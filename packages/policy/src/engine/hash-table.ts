/** No object of a table is `null`, nor what a table leaves where one went. */
const GONE = 'gone';

const FIRST_SIZE = 64;

/**
 * Objects found by a number that is made of what they are: a `Map` would want a text for each, and ask the host for the hash of every text
 * that it never saw, which costs more than all else here. Whoever looks goes from slot to slot and tells the objects apart:
 *
 *     for (let slot = table.first(hash); slot >= 0; slot = table.after(slot, hash)) table.at(slot)
 */
export class HashTable<T extends object> {
  private count = 0;
  /** Slots that hold an object, or held one. */
  private used = 0;
  private hashes = new Int32Array(FIRST_SIZE);
  private items: (T | null | typeof GONE)[] = emptySlots(FIRST_SIZE);

  get size(): number {
    return this.count;
  }

  /** Slot of the first object with the hash; under 0: there is none. */
  first(hash: number): number {
    return this.from(hash, hash & (this.items.length - 1));
  }

  /** Slot of the next one with the same hash. */
  after(slot: number, hash: number): number {
    return this.from(hash, (slot + 1) & (this.items.length - 1));
  }

  /** The object of a slot that `first` or `after` gave, as long as nothing was added or removed. */
  at(slot: number): T {
    const item = this.items[slot];
    if (typeof item !== 'object' || item === null) throw new RangeError(`slot ${slot} is empty`);
    return item;
  }

  /** `hash`: a whole number of 32 bits. */
  add(hash: number, item: T): void {
    if (2 * (this.used + 1) > this.items.length) this.rebuild();
    this.put(hash, item);
    this.count += 1;
  }

  remove(hash: number, item: T): void {
    for (let slot = this.first(hash); slot >= 0; slot = this.after(slot, hash)) {
      if (this.items[slot] !== item) continue;
      this.items[slot] = GONE;
      this.count -= 1;
      return;
    }
  }

  /** All of them, in no order. */
  *all(): Iterable<T> {
    for (const item of this.items) if (typeof item === 'object' && item !== null) yield item;
  }

  private from(hash: number, start: number): number {
    const { hashes, items } = this;
    const mask = items.length - 1;
    for (let slot = start; ; slot = (slot + 1) & mask) {
      const item = items[slot];
      if (item === null) return -1;
      if (hashes[slot] === (hash | 0) && item !== GONE) return slot;
    }
  }

  private put(hash: number, item: T): void {
    const mask = this.items.length - 1;
    let slot = hash & mask;
    while (this.items[slot] !== null) slot = (slot + 1) & mask;
    this.hashes[slot] = hash;
    this.items[slot] = item;
    this.used += 1;
  }

  /** With room for more, and without the slots of those that went. */
  private rebuild(): void {
    const { hashes, items } = this;
    let size = FIRST_SIZE;
    while (size < 4 * (this.count + 1)) size *= 2;
    this.hashes = new Int32Array(size);
    this.items = emptySlots(size);
    this.used = 0;
    for (let slot = 0; slot < items.length; slot += 1) {
      const item = items[slot];
      if (typeof item === 'object' && item !== null) this.put(hashes[slot] ?? 0, item);
    }
  }
}

function emptySlots<T>(size: number): (T | null)[] {
  // oxlint-disable-next-line unicorn/no-new-array -- Array.from goes through all slots one by one, and there are millions
  return new Array<T | null>(size).fill(null);
}

/** A hash with one number more. Multipliers and shifts are those of the MurmurHash3 finalizer (public domain). */
export function mixed(hash: number, number: number): number {
  let mix = Math.imul(hash ^ number, 0x85ebca6b);
  mix ^= mix >>> 13;
  return Math.imul(mix, 0xc2b2ae35) ^ (mix >>> 16);
}
