/** What an endpoint is. The table of them (endpoints.ts) is the only source of routes, validation, permissions, OpenAPI and the typed client. */
import type { z } from 'zod';
import type { Permission } from './permissions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What the answer is: `json` one value; `collection` an array with `X-Total-Count`; `empty` 204 or an empty body; `raw` the handler writes it. */
export type AnswerKind = 'json' | 'collection' | 'empty' | 'raw';

export interface EndpointSpec {
  readonly method: Method;
  /** Below `/api/v2`, parameters as `:name`. */
  readonly path: string;
  readonly permission: Permission;
  /**
   * Of what writes: the types of the audit events that it leaves, one of them at the least whenever it changed something. `none` says why
   * it leaves none. Tests hold that every operation declares this and keeps to it.
   */
  readonly events?: readonly string[] | { readonly none: string };
  readonly tag: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  /** Unknown query parameters are ignored; a known one with a bad value is 406. */
  readonly query?: z.ZodType;
  /** Strict: an unknown member is 406, but members of `represents` are accepted and ignored, so that what was read can be written back. */
  readonly body?: z.ZodType;
  /** The resource that the body is a write form of. */
  readonly represents?: z.ZodObject;
  /** True: the body is text and not JSON, whatever its content type says; `body` is the schema of a string. */
  readonly bodyIsText?: true;
  /** True: a missing body counts as `{}`. */
  readonly bodyOptional?: boolean;
  /** True: a POST that asks and writes nothing; its handler gets the pool instead of a transaction. */
  readonly reads?: true;
  /** True: the handler of a collection goes on after the object that `after` of its context names, and counts nothing then. */
  readonly keyset?: true;
  /** True: a bulk call whose items are transactions of their own; its handler gets the pool instead of one for all. */
  readonly perItem?: true;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer: AnswerKind;
  /** Of the answer (of one item for `collection`). */
  readonly response?: z.ZodType;
}

/** True for what may change something, and so leaves audit events. */
export function writes({ method, reads }: EndpointSpec): boolean {
  return method !== 'GET' && reads !== true;
}

/** The types of the audit events that an operation leaves; undefined when it declares none. */
export function eventsOf({ events }: EndpointSpec): readonly string[] | undefined {
  return events === undefined || 'none' in events ? undefined : events;
}

/** Keeps the literal types of a spec, so that handlers and the client are typed by it. */
export function endpoint<const T extends EndpointSpec>(spec: T): T {
  return spec;
}
