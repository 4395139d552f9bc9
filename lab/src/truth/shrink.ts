/** Makes a world smaller as long as it shows the same thing. */
import { loadWorld, type World } from './hold.ts';

/** What a document may do without, in the order in which it is tried: first whole things, then their parts. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly (string | number)[];

/** Keys without which an object means nothing. */
const NEEDED = new Set(['name', 'providers', 'consumers', 'rules', 'from', 'to', 'decision']);

function pathsOf(value: Json, at: Path): Path[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => [
      [...at, index],
      ...pathsOf(item as Json, [...at, index]),
    ]);
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...(NEEDED.has(key) ? [] : [[...at, key]]),
    ...pathsOf(item as Json, [...at, key]),
  ]);
}

/** The value without what is at the path. */
function without(value: Json, path: Path): Json {
  const [first, ...rest] = path;
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.toSpliced(Number(first), 1)
      : value.map((item: Json, index) => (index === first ? without(item, rest) : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as { readonly [key: string]: Json }).flatMap(([key, item]) => {
      if (key !== first) return [[key, item]];
      return rest.length === 0 ? [] : [[key, without(item, rest)]];
    }),
  );
}

/** One thing that a world may do without. */
type Lack = { readonly of: 'moves' | 'beyond'; readonly at: number } | { readonly path: Path };

/** Large things first. */
function lacks({ document, moves, beyond }: World): Lack[] {
  const { expect: _, ...rest } = document;
  return [
    ...moves.map((_, at) => ({ of: 'moves' as const, at })),
    ...beyond.map((_, at) => ({ of: 'beyond' as const, at })),
    ...pathsOf(rest as Json, [])
      .toSorted((one, other) => one.length - other.length)
      .map((path) => ({ path })),
  ];
}

/** The world that lacks it; null when that would be no valid scenario. */
function lacking(world: World, lack: Lack): World | null {
  const candidate = cut(world, lack);
  return loadWorld(candidate) === null ? null : candidate;
}

function cut(world: World, lack: Lack): World {
  if ('of' in lack) {
    return lack.of === 'moves'
      ? { ...world, moves: world.moves.toSpliced(lack.at, 1) }
      : { ...world, beyond: world.beyond.toSpliced(lack.at, 1) };
  }
  const { expect, ...rest } = world.document;
  const left = without(rest as Json, lack.path) as object;
  return { ...world, document: { ...left, name: world.document.name, expect } };
}

/** Leaves out one thing after the other as long as `fails` holds, until nothing can be left out or the time is over. */
export async function shrinkWorld(
  world: World,
  fails: (candidate: World) => Promise<boolean>,
  limitMs: number,
): Promise<World> {
  const until = performance.now() + limitMs;
  let smallest = world;
  for (let found = true; found;) {
    found = false;
    for (let at = 0; performance.now() < until;) {
      const lack = lacks(smallest)[at];
      if (lack === undefined) break;
      const candidate = lacking(smallest, lack);
      const isSmaller = candidate !== null && (await fails(candidate));
      // what comes after what is gone stands in its place
      if (isSmaller) smallest = candidate;
      else at += 1;
      found ||= isSmaller;
    }
  }
  return smallest;
}
