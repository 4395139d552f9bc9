/** Values that a schema asks for, and values that nobody asked for. */
import type { Description, Schema } from './description.ts';
import type { Random } from './random.ts';

/** Hrefs of objects that exist, as answers named them. */
export interface Pool {
  href(random: Random): string;
}

const HOSTILE_TEXT: readonly string[] = [
  '',
  ' ',
  "'; DROP TABLE labels; --",
  "' OR '1'='1",
  '1; SELECT pg_sleep(0)',
  '%27%20OR%201=1',
  '\\',
  '%',
  '_',
  '${7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  'a\r\nX-Injected: yes',
  '\u0000',
  '\ud800',
  '\u{10ffff}\u{1f469}\u200d\u{1f4bb}',
  'ﷺ\u202e\u0301\u00ad',
  'İıſK',
  'x'.repeat(300),
  'y'.repeat(70_000),
  '9'.repeat(40),
  '-1',
  '1e309',
  'NaN',
  'null',
  '[object Object]',
  '__proto__',
  'constructor',
  '2026-13-45T99:99:99Z',
  '0.0.0.0/0',
  '::ffff:1.2.3.4',
  '10.0.0.1/33',
  'fe80::1%eth0',
  '*.*.example',
];
const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  0.1,
  [],
  {},
  [[]],
  [null],
  { href: null },
  { href: {} },
  { toString: 1 },
  [{ actors: 'ams' }, { actors: 'ams' }],
];
const HOSTILE_HREF: readonly string[] = [
  '/orgs/1/labels/999999999',
  '/orgs/2/labels/1',
  '/orgs/0/sec_policy/draft/ip_lists/1',
  '/orgs/1/sec_policy/999999/rule_sets/1',
  '/orgs/1/sec_policy/draft/rule_sets/1/sec_rules/1/providers',
  '/orgs/1/workloads/not-a-uuid',
  '/orgs/1/labels/1e3',
  '/orgs/1/labels/-1',
  '/orgs/1/labels/99999999999999999999',
  '/orgs/99999999999/labels/1',
  '/users/0',
  'https://example.com/orgs/1/labels/1',
  '/api/v2/orgs/1/labels/1',
  '//orgs//1//labels//1//',
  '/orgs/1/labels/1%00',
  '/orgs/1/unheard_of/1',
];

/** A text of every kind: plain, hostile, or of any plane of Unicode. */
export function anyText(random: Random): string {
  if (random.chance(0.4)) return random.pick(HOSTILE_TEXT);
  if (random.chance(0.5)) return `t${random.below(50)}`;
  const length = 1 + random.below(12);
  return Array.from({ length }, () => {
    const point = random.below(0x110000);
    return point >= 0xd800 && point <= 0xdfff ? 'a' : String.fromCodePoint(point);
  }).join('');
}

export function anyHref(random: Random, pool: Pool): string {
  return random.chance(0.75) ? pool.href(random) : random.pick(HOSTILE_HREF);
}

/** Anything at all. */
export function anyValue(random: Random, pool: Pool): unknown {
  if (random.chance(0.4)) return anyText(random);
  if (random.chance(0.2)) return { href: anyHref(random, pool) };
  return structuredClone(random.pick(HOSTILE));
}

export interface Asked {
  readonly random: Random;
  readonly description: Description;
  readonly pool: Pool;
  /** Share of values that are not what the schema says. */
  readonly wildness: number;
}

const MOST_DEPTH = 7;

/** A value of a schema; now and then one that is not. */
export function valueOf(schema: Schema, asked: Asked, name = '', depth = 0): unknown {
  const { random, description, pool, wildness } = asked;
  if (random.chance(wildness)) return anyValue(random, pool);
  if (depth > MOST_DEPTH) return null;
  const known = description.resolve(schema);
  const among = known['anyOf'] ?? known['oneOf'] ?? known['allOf'];
  if (Array.isArray(among) && among.length > 0)
    return valueOf(random.pick(among as Schema[]), asked, name, depth);
  if ('const' in known) return known['const'];
  if (Array.isArray(known['enum'])) return random.pick(known['enum'] as unknown[]);
  switch (known['type']) {
    case 'object':
      return objectOf(known, asked, depth);
    case 'array':
      return arrayOf(known, asked, name, depth);
    case 'string':
      return textOf(known, asked, name);
    case 'integer':
    case 'number':
      return numberOf(known, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return anyValue(random, pool);
  }
}

function objectOf(schema: Schema, asked: Asked, depth: number): object {
  const { random, pool, wildness } = asked;
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const required = (schema['required'] ?? []) as readonly string[];
  const members = properties
    .filter(([name]) =>
      required.includes(name) ? !random.chance(wildness / 2) : random.chance(0.35),
    )
    .map(([name, member]) => [name, valueOf(member, asked, name, depth + 1)] as const);
  const extra = random.chance(wildness) ? [[anyText(random), anyValue(random, pool)] as const] : [];
  return Object.fromEntries([...members, ...extra]);
}

function arrayOf(schema: Schema, asked: Asked, name: string, depth: number): unknown[] {
  const { random } = asked;
  const items = (schema['items'] ?? {}) as Schema;
  const length = random.chance(0.03) ? 40 : random.below(4);
  return Array.from({ length }, () => valueOf(items, asked, name, depth + 1));
}

function textOf(schema: Schema, asked: Asked, name: string): string {
  const { random, pool } = asked;
  if (name === 'href' || schema['maxLength'] === 512) return anyHref(random, pool);
  const [example] = (schema['examples'] ?? []) as readonly unknown[];
  if (typeof example === 'string' && random.chance(0.6)) return example;
  if (/(^|_)(ip|address)$|from_ip|to_ip/.test(name))
    return random.pick(['10.0.0.1', '10.0.0.0/8', '2001:db8::1', '192.0.2.7', anyText(random)]);
  return anyText(random);
}

function numberOf(schema: Schema, random: Random): number {
  const least = Number(schema['minimum'] ?? 0);
  const most = Number(schema['maximum'] ?? 70_000);
  if (random.chance(0.15)) return random.pick([least - 1, least, most, most + 1, 0.5]);
  return Math.floor(least + random.below(Math.min(most - least + 1, 1000)));
}
