/** What a resource hands to the HTTP layer: handlers by operation, typed by the endpoint table. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { EndpointSpec, endpoints } from '@bulkhead/contract';
import type { Db, Tx } from '../db/database.ts';
import type { UserCaller, VenCaller } from './caller.ts';

type Endpoints = typeof endpoints;
export type OperationName = keyof Endpoints;

type Parsed<S, K extends string> = S extends { readonly [key in K]: infer T extends z.ZodType }
  ? z.output<T>
  : Record<string, never>;
type CallerOf<S> = S extends { readonly permission: 'public' }
  ? null
  : S extends { readonly permission: 'ven' }
    ? VenCaller
    : UserCaller;
type DbOf<S> = S extends
  | { readonly method: 'GET' }
  | { readonly permission: 'public' }
  | { readonly answer: 'raw' }
  | { readonly reads: true }
  | { readonly perItem: true }
  ? Db
  : Tx;

export interface Context<S> {
  readonly params: Parsed<S, 'params'>;
  readonly query: Parsed<S, 'query'>;
  readonly body: Parsed<S, 'body'>;
  readonly caller: CallerOf<S>;
  /** The organization of the path, else the caller's; 0 for public endpoints. */
  readonly orgId: number;
  /**
   * Writes: the transaction of this request, committed when the handler returns, rolled back when it throws.
   * GET, `public`, `raw`, `reads` and `perItem` endpoints: the pool; what they write goes through `writeTransaction(deps.db, …)`.
   */
  readonly db: DbOf<S>;
  /** Of the client, from the connection or from a trusted proxy. */
  readonly ip: string;
  readonly requestId: string;
  readonly method: string;
  /** Path without the query, as `/api/v2/…`; for audit events. */
  readonly url: string;
  /** `updated_at` that the editor saw, from `if_updated_at` or `If-Match`; null when the caller does not mind. */
  readonly ifUpdatedAt: string | null;
  /** Href of the object after which a collection goes on, where its endpoint says `keyset`; null: from its beginning. */
  readonly after: string | null;
  /** Collections have none: they may be read outside of a request. */
  readonly request: S extends { readonly answer: 'collection' } ? undefined : FastifyRequest;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** How many match the filter, regardless of `max_results`. */
  readonly total: number;
}

type Answer<S> = S extends { readonly answer: 'empty' }
  ? void
  : S extends { readonly answer: 'raw' }
    ? unknown
    : S extends { readonly answer: 'collection'; readonly response: infer R extends z.ZodType }
      ? Page<z.output<R>>
      : S extends { readonly answer: 'json'; readonly response: infer R extends z.ZodType }
        ? z.output<R>
        : unknown;

/** `reply` matters to `raw` endpoints, which send it themselves. */
export type Handler<S> = (
  context: Context<S>,
  reply: FastifyReply,
) => Promise<Answer<S>> | Answer<S>;

export type Routes = { readonly [Op in OperationName]?: Handler<Endpoints[Op]> };
/** The context of one operation, for functions that handlers call. */
export type ContextOf<Op extends OperationName> = Context<Endpoints[Op]>;
/** What audit events need of any context: who, from where, by which request. */
export type Actor = Pick<Context<EndpointSpec>, 'ip' | 'requestId' | 'method' | 'url'> & {
  readonly caller: UserCaller | VenCaller | null;
};
