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

/** Worlds that lack one thing, large things first; those that would be no valid scenario are left out. */
function* smaller(world: World): Generator<World> {
  for (let at = 0; at < world.beyond.length; at += 1) {
    yield { ...world, beyond: world.beyond.toSpliced(at, 1) };
  }
  const { expect, ...rest } = world.document;
  const paths = pathsOf(rest as Json, []).toSorted((one, other) => one.length - other.length);
  for (const path of paths) {
    const document = {
      ...(without(rest as Json, path) as object),
      name: world.document.name,
      expect,
    };
    const candidate = { ...world, document };
    if (loadWorld(candidate) !== null) yield candidate;
  }
}

/** Leaves out one thing after the other as long as `fails` holds, or until the time is over. */
export async function shrinkWorld(
  world: World,
  fails: (candidate: World) => Promise<boolean>,
  limitMs: number,
): Promise<World> {
  const until = performance.now() + limitMs;
  let smallest = world;
  for (let found = true; found;) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (performance.now() > until) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}
