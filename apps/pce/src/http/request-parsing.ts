/** From the raw request to what a handler is given: every part parsed by the endpoint's schemas, mistakes as 406. */
import { z } from 'zod';
import type { ApiError, EndpointSpec } from '@bulkhead/contract';
import { DomainError } from './domain-error.ts';

type Part = 'path' | 'query' | 'body';

/** Query text by name; of a repeated parameter the last value counts. */
export function parseQuery(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function parsePart(schema: z.ZodType | undefined, value: unknown, part: Part): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // An id that cannot be one names nothing.
  if (part === 'path') throw new DomainError('not_found_error', 'There is no such object');
  const all: ApiError[] = parsed.error.issues.flatMap((issue) => describeIssue(issue, part));
  throw new DomainError('input_validation_error', all.map((error) => error.message).join('; '), {
    all,
  });
}

/** How far a value is from one of several forms that it may have: members missing, members too many. */
function distance(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + 1;
    const isMissing = issue.path.length === 1 && issue.message.endsWith('received undefined');
    return sum + (isMissing ? NO_MEMBER : 0);
  }, 0);
}
const NO_MEMBER = 10;

/** What is wrong with a value that fits none of several forms: what keeps it from the one that it was meant to have. */
function nearestForm(issue: z.core.$ZodIssue): z.core.$ZodIssue[] | undefined {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return undefined;
  const [nearest] = issue.errors.toSorted((a, b) => distance(a) - distance(b));
  if (nearest === undefined || distance(nearest) >= NO_MEMBER) return undefined;
  return nearest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describeIssue(issue: z.core.$ZodIssue, part: Part): ApiError[] {
  const nearest = nearestForm(issue);
  if (nearest !== undefined) return nearest.flatMap((inner) => describeIssue(inner, part));
  const where = issue.path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  const at = part === 'query' ? `query parameter ${where}` : where === '' ? 'the body' : where;
  const token = 'input_validation_error';
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.join(', ');
    return [{ token, message: `${at}: unknown member ${names}; leave it out or mend its name` }];
  }
  return [
    { token, message: `${at}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}` },
  ];
}

/** Read-only members of what the body is a write form of are ignored, so that what was read can be written back. */
export function parseBody(spec: EndpointSpec, body: unknown): unknown {
  if (spec.body === undefined) return {};
  const missing = body === undefined || body === null;
  if (missing && spec.bodyOptional !== true)
    throw new DomainError(
      'input_validation_error',
      'The body is missing; send JSON with Content-Type application/json',
    );
  return parsePart(spec.body, withoutReadOnly(spec, missing ? {} : body), 'body');
}

function withoutReadOnly(spec: EndpointSpec, body: unknown): unknown {
  if (spec.represents === undefined || !(spec.body instanceof z.ZodObject)) return body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const readable = spec.represents.shape;
  const writable = spec.body.shape;
  return Object.fromEntries(
    Object.entries(body).filter(([key]) => key in writable || !(key in readable)),
  );
}
