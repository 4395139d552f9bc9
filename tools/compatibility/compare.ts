/** The public API held against the endpoint table: what is offered as it is known, in part, or not. */
import { endpoints, openApiDocument } from '@bulkhead/contract';
import { PUBLIC_API } from './public-api.ts';

type Json = Readonly<Record<string, unknown>>;

export interface PublicOperation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: readonly string[];
  readonly answer: readonly string[];
}
interface PublicSection {
  readonly title: string;
  readonly operations: readonly PublicOperation[];
}

export function publicSections(): PublicSection[] {
  return PUBLIC_API.trim()
    .split('\n# ')
    .map((text) => {
      const [title = '', ...lines] = text.split('\n');
      const operations = lines.filter((line) => line !== '').map(parseLine);
      return { title: title.replace(/^# /, ''), operations };
    });
}

function parseLine(line: string): PublicOperation {
  const [method = '', path = '', ...words] = line.split(' ');
  const lists = { '?': [] as string[], '<': [] as string[], '>': [] as string[] };
  let list = lists['?'];
  for (const word of words) {
    const mark = word[0];
    if (mark === '?' || mark === '<' || mark === '>') list = lists[mark];
    list.push(word.replace(/^[?<>]/, ''));
  }
  const whole = path
    .replace(/^P\//, '/orgs/:org_id/sec_policy/:pversion/')
    .replace(/^O(?=\/|$)/, '/orgs/:org_id');
  return { method, path: whole, query: lists['?'], body: lists['<'], answer: lists['>'] };
}

/** What became of one parameter or member. `note`: in what it differs. */
export interface Verdict {
  readonly name: string;
  readonly offered: 'yes' | 'partly' | 'no';
  readonly note: string;
}
export interface Compared {
  readonly operation: PublicOperation;
  readonly offered: 'yes' | 'partly' | 'no';
  readonly note: string;
  readonly query: readonly Verdict[];
  readonly body: readonly Verdict[];
  readonly answer: readonly Verdict[];
}

const document = openApiDocument(endpoints, '0');
const offered = new Map(
  Object.entries(objectOf(document['paths'])).flatMap(([path, methods]) =>
    Object.entries(objectOf(methods)).map(([method, operation]) => [
      `${method.toUpperCase()} ${shape(path)}`,
      objectOf(operation),
    ]),
  ),
);

/** Operations of the table that the public API does not know. */
export function ownOperations(): string[] {
  const known = new Set(
    publicSections().flatMap(({ operations }) =>
      operations.map(({ method, path }) => `${method} ${shape(path)}`),
    ),
  );
  return [...offered.keys()].filter((place) => !known.has(place) && !place.includes(' /ven/'));
}

/** Places alike but for the names of their parameters are one. */
function shape(path: string): string {
  return path.replaceAll(/\{[^}]+\}|:[a-z_]+/g, '*');
}

export function compare(operation: PublicOperation): Compared {
  const found = offered.get(`${operation.method} ${shape(operation.path)}`);
  if (found === undefined)
    return { operation, offered: 'no', note: '', query: [], body: [], answer: [] };
  const parameters = new Map(
    listOf(found['parameters']).map((one) => [String(objectOf(one)['name']), objectOf(one)]),
  );
  const query = operation.query.map((name) => verdictOf(name, parameters.get(name)));
  const body = operation.body.map((name) => memberVerdict(name, contentOf(found['requestBody'])));
  const answers = Object.entries(objectOf(found['responses'])).find(([status]) =>
    /^20[01]$/.test(status),
  );
  const schema = answers === undefined ? undefined : itemOf(contentOf(answers[1]));
  const answer = operation.answer.map((name) => memberVerdict(name, schema));
  const isWhole = [...query, ...body, ...answer].every((one) => one.offered === 'yes');
  return { operation, offered: isWhole ? 'yes' : 'partly', note: '', query, body, answer };
}

function memberVerdict(name: string, schema: Json | undefined): Verdict {
  let at: Json | undefined = schema;
  for (const part of name.split('.')) at = at === undefined ? undefined : memberOf(at, part);
  return verdictOf(name, at);
}

/** Said by the description of what is kept and does nothing. */
const WITHOUT_EFFECT =
  /without effect|always (null|empty|false|true|0)|ignored|stored and shown|changes nothing|no clusters|every filter of them/i;

function verdictOf(name: string, schema: Json | undefined): Verdict {
  if (schema === undefined) return { name, offered: 'no', note: '' };
  const said = schema['description'];
  const description = typeof said === 'string' ? said : '';
  return WITHOUT_EFFECT.test(description)
    ? { name, offered: 'partly', note: description }
    : { name, offered: 'yes', note: '' };
}

function memberOf(schema: Json, name: string): Json | undefined {
  const whole = resolved(schema);
  const own = objectOf(whole['properties'])[name];
  if (own !== undefined) return objectOf(own);
  if (whole['type'] === 'array') return memberOf(objectOf(whole['items']), name);
  for (const form of [...listOf(whole['anyOf']), ...listOf(whole['oneOf'])]) {
    const found = memberOf(objectOf(form), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function itemOf(schema: Json | undefined): Json | undefined {
  return schema?.['type'] === 'array' ? objectOf(schema['items']) : schema;
}

function resolved(schema: Json): Json {
  const { $ref: reference } = schema;
  if (typeof reference !== 'string') return schema;
  const schemas = objectOf(objectOf(document['components'])['schemas']);
  return objectOf(schemas[reference.split('/').at(-1) ?? '']);
}

function contentOf(holder: unknown): Json | undefined {
  const json = objectOf(objectOf(holder)['content'])['application/json'];
  return json === undefined ? undefined : objectOf(objectOf(json)['schema']);
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
