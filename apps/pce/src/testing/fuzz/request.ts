/** Requests of one operation: mostly nearly right, sometimes not at all. */
import type { Operation } from './description.ts';
import { anyHref, anyText, valueOf, type Asked } from './values.ts';

export interface FuzzRequest {
  readonly operation: Operation;
  readonly method: string;
  /** From `/api/v2` on. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** What the body says, where it is JSON. */
  readonly value: unknown;
}

export interface Ids {
  /** Id of an object of the collection that a path names last. */
  idFor(path: string, asked: Asked): string;
}

export function requestFor(
  operation: Operation,
  orgId: number,
  asked: Asked,
  ids: Ids,
): FuzzRequest {
  const { random } = asked;
  const path = operation.path.replaceAll(/\{([a-z_]+)\}/g, (_whole, name: string, at: number) =>
    // an empty part would make it another path
    encoded(pathValue(name, operation.path.slice(0, at), orgId, asked, ids) || '-'),
  );
  const query = operation.parameters
    .filter((parameter) => parameter.in === 'query' && random.chance(0.25))
    .map(({ name, schema }) => {
      const value = valueOf(schema, asked, name);
      return `${encoded(name)}=${encoded(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}`;
    });
  if (random.chance(0.05)) query.push(`${encoded(anyText(random))}=${encoded(anyText(random))}`);
  const { text, value } = bodyFor(operation, asked);
  return {
    operation,
    method: operation.method,
    path: `/api/v2${path}${query.length === 0 ? '' : `?${query.join('&')}`}`,
    headers: headersFor(asked, text, operation.otherType),
    body: text,
    value,
  };
}

function pathValue(name: string, before: string, orgId: number, asked: Asked, ids: Ids): string {
  const { random } = asked;
  if (random.chance(0.03)) return anyText(random);
  if (name === 'org_id')
    return random.chance(0.97) ? String(orgId) : random.pick(['0', '2', '999999999', 'x']);
  if (name === 'pversion')
    return random.chance(0.85)
      ? 'draft'
      : random.pick(['active', '1', '2', '0', '-1', '99999', 'x']);
  return ids.idFor(before, asked);
}

/** What a careful client encodes; lone surrogates cannot be, and become what a browser makes of them. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed().slice(0, 2000));
}

function bodyFor(
  operation: Operation,
  asked: Asked,
): { readonly text: string | undefined; readonly value?: unknown } {
  const { random, pool } = asked;
  if (operation.otherType !== undefined)
    return { text: Array.from({ length: random.below(5) }, () => anyText(random)).join('\n') };
  if (operation.body === undefined) return { text: random.chance(0.05) ? '{}' : undefined };
  if (random.chance(0.06)) return { text: strangeBody(asked) };
  const value = valueOf(operation.body, asked);
  const json = JSON.stringify(value) ?? '';
  if (random.chance(0.02) && json.startsWith('{"'))
    return { text: `{"a":1,"a":2,${json.slice(1)}` };
  if (random.chance(0.02) && json.startsWith('{"'))
    return {
      text: `{"__proto__":{"href":${JSON.stringify(anyHref(random, pool))}},${json.slice(1)}`,
    };
  return { text: json, value };
}

function strangeBody({ random }: Asked): string | undefined {
  const depth = random.pick([63, 64, 65, 5000]);
  return random.pick([
    undefined,
    '',
    ' ',
    '{',
    'null',
    '[]',
    '"text"',
    '1e999',
    '{"name":}',
    '{"name":"\\ud800"}',
    '{"name":"\\u0000"}',
    '[1,2',
    '<xml/>',
    'a=b&c=d',
    `${'['.repeat(depth)}${']'.repeat(depth)}`,
    `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    `{"name":"${'z'.repeat(200_000)}"}`,
  ]);
}

function headersFor(
  { random }: Asked,
  body: string | undefined,
  otherType = 'application/json',
): Record<string, string> {
  const type = random.chance(0.95)
    ? otherType
    : random.pick(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense']);
  return {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...(random.chance(0.03) ? { prefer: random.pick(['respond-async', 'wait=1, x=y', ',']) } : {}),
    ...(random.chance(0.03) ? { 'if-match': random.pick(['*', '"x"', 'W/"2026"', '\u00e9']) } : {}),
    ...(random.chance(0.02) ? { 'x-forwarded-for': random.pick(['1.2.3.4', "'; --", ':::']) } : {}),
    ...(random.chance(0.02) ? { accept: random.pick(['text/csv', '*/*', 'image/png', ';']) } : {}),
  };
}
