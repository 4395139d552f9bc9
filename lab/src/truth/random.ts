/** Chance that is the same for the same seed. */
export interface Random {
  /** 0 to `below` - 1. */
  readonly int: (below: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Some of the list, each at most once, in the order of the list. */
  readonly some: <T>(list: readonly T[], least: number, most: number) => T[];
  /** As many as `least` to `most`. */
  readonly times: <T>(least: number, most: number, make: (index: number) => T) => T[];
}

/** Mulberry32: small, well spread, and enough for choosing. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
  const int = (below: number): number => Math.floor(next() * below);
  function pick<T>(list: readonly T[]): T {
    const item = list[int(list.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }
  function some<T>(list: readonly T[], least: number, most: number): T[] {
    const wanted = Math.min(list.length, least + int(most - least + 1));
    const left = list.map((_, index) => index);
    const chosen = Array.from({ length: wanted }, () => left.splice(int(left.length), 1)[0]);
    return list.filter((_, index) => chosen.includes(index));
  }
  return {
    int,
    chance: (probability) => next() < probability,
    pick,
    some,
    times: (least, most, make) =>
      Array.from({ length: least + int(most - least + 1) }, (_, index) => make(index)),
  };
}
