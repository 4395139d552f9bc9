/** What no answer may be, whatever was asked. */
import { apiErrorsSchema, ERROR_STATUS } from '@bulkhead/contract';
import type { IncomingHttpHeaders } from 'node:http';
import type { Description } from './description.ts';
import type { FuzzRequest } from './request.ts';

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: a stream that does not end was left. */
  readonly text: string | undefined;
}

const TOKENS: ReadonlyMap<string, number> = new Map(Object.entries(ERROR_STATUS));
/** What a database or a program says of itself, and a caller never hears. */
const INSIDE =
  /\n\s+at |node_modules|\.ts:\d|violates |syntax error at or near|invalid input syntax|relation "|column "|does not exist in the|pg_catalog|out of range for type|value too long for type|ECONN|TypeError|RangeError|Cannot read prop|undefined is not/;

/** Everything that is wrong with an answer, each in a sentence. */
export function faultsOf(
  request: FuzzRequest,
  answer: FuzzAnswer,
  description: Description,
  secrets: readonly string[],
): string[] {
  const { status, headers, text } = answer;
  const faults: string[] = [];
  if (headers['x-request-id'] === undefined) faults.push('has no X-Request-Id');
  if (headers['x-injected'] !== undefined) faults.push('carries a header that was injected');
  if (status === 500) faults.push('is a 500');
  if (text === undefined) return faults;
  for (const secret of secrets) if (text.includes(secret)) faults.push('holds a secret');
  if (status >= 400) return [...faults, ...errorFaults(answer, text)];
  return [...faults, ...successFaults(request, answer, description, text)];
}

function errorFaults({ status, headers }: FuzzAnswer, text: string): string[] {
  if (status === 404 && headers['content-type'] === undefined) return [];
  if (headers['content-type'] !== 'application/json')
    return [`is an error of type ${headers['content-type'] ?? 'none'}`];
  const parsed = apiErrorsSchema.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.length === 0)
    return [`is no array of errors: ${text.slice(0, 200)}`];
  const [first] = parsed.data;
  const faults = parsed.data.flatMap(({ token, message }) => [
    ...(TOKENS.has(token) ? [] : [`has the token ${token}, which is none`]),
    ...(message === '' ? ['has an error without a message'] : []),
    ...(INSIDE.test(message) ? [`says what is inside: ${message.slice(0, 300)}`] : []),
  ]);
  return TOKENS.get(first?.token ?? '') === status
    ? faults
    : [...faults, `has status ${status} with the token ${first?.token}`];
}

function successFaults(
  { operation, value }: FuzzRequest,
  { status, headers }: FuzzAnswer,
  description: Description,
  text: string,
): string[] {
  if (!operation.answers.has(status)) return [`has status ${status}, which is not described`];
  if (status === 204)
    return text === '' && headers['content-type'] === undefined
      ? []
      : ['is a 204 with a body or a type'];
  const described = operation.answers.get(status);
  const schema = described?.schema;
  if (schema === undefined || headers['content-type'] !== 'application/json') return [];
  const json = jsonOf(text);
  const parsed = description.validator(schema).safeParse(json);
  const faults = parsed.success
    ? []
    : [`is not what its schema allows: ${JSON.stringify(parsed.error.issues[0]).slice(0, 400)}`];
  if (
    described?.headers.includes('X-Total-Count') === true &&
    !/^\d+$/.test(headers['x-total-count']?.toString() ?? '')
  )
    faults.push('is a collection without X-Total-Count');
  const [sent, kept] = [nameIn(value), nameIn(json)];
  if (status === 201 && sent !== undefined && kept !== undefined && sent.trim() !== kept)
    faults.push(`keeps the name ${JSON.stringify(sent)} as ${JSON.stringify(kept)}`);
  return faults;
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string'
    ? value.name
    : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
