import { HashTable } from './hash-table.ts';

/**
 * Objects found by a text of theirs, each by one of its own. What a `Map` does, for hundred thousands of texts that are fresh: a `Map` asks
 * the host for the hash of each text that it never saw, which costs several times what the rest does.
 */
export class TextTable<T extends object> {
  private readonly items = new HashTable<T>();
  private readonly textOf: (item: T) => string;

  constructor(textOf: (item: T) => string) {
    this.textOf = textOf;
  }

  get size(): number {
    return this.items.size;
  }

  get(text: string): T | undefined {
    const { items, textOf } = this;
    const hash = hashOf(text);
    for (let slot = items.first(hash); slot >= 0; slot = items.after(slot, hash)) {
      const item = items.at(slot);
      if (textOf(item) === text) return item;
    }
    return undefined;
  }

  /** One whose text none of the others has. */
  add(item: T): void {
    this.items.add(hashOf(this.textOf(item)), item);
  }

  remove(item: T): void {
    this.items.remove(hashOf(this.textOf(item)), item);
  }

  /** In no order. */
  values(): Iterable<T> {
    return this.items.all();
  }
}

/** Hrefs of one kind begin alike, so that their ends tell them apart. */
const LOOKED_AT = 40;

/** FNV-1a in 32 bits, with its high bits mixed into the low ones. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, text.length - LOOKED_AT); at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
