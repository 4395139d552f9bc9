/** Collections as the endpoint table and the resources give them, to be read outside of a request for them. */
import { z } from 'zod';
import { endpoints, rolesAllow, type EndpointSpec } from '@bulkhead/contract';
import { narrowed } from '../access/narrowed.ts';
import { reachOf } from '../access/reach.ts';
import type { Db } from '../db/database.ts';
import type { UserCaller } from './caller.ts';
import { DomainError } from './domain-error.ts';
import { parsePart } from './request-parsing.ts';
import type { Context, Page } from './routes.ts';

/** A GET of a collection, as it came in. */
export interface CollectionRequest {
  readonly operation: string;
  readonly orgId: number;
  /** Path without the query, below `/api/v2`. */
  readonly href: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly ip: string;
}

/** Takes collections that are answered later (`Prefer: respond-async`). */
export interface AsyncCollections {
  /** Told once, before the first request, how collections are read. */
  use(reader: CollectionReader): void;
  /** Answers the href of the job. */
  submit(request: CollectionRequest, caller: UserCaller): Promise<string>;
}

/** Reads a whole collection, a page at a time. `db` must show one state for as long as it takes. */
export type CollectionReader = (
  db: Db,
  request: CollectionRequest,
  caller: UserCaller,
) => AsyncGenerator<readonly unknown[]>;

const PAGE = 500;
const withHref = z.object({ href: z.string() });
/** For collections that know no offset. */
const ALL = 999_999_999;

type CollectionSpec = EndpointSpec & { readonly method: 'GET'; readonly answer: 'collection' };
type CollectionContext = Context<CollectionSpec> & { readonly caller: UserCaller };
/** A handler, its answer held against the schema where the PCE does that. */
export type CollectionCall = (context: CollectionContext) => Promise<Page<unknown>>;

export function isCollection(spec: EndpointSpec): boolean {
  return spec.method === 'GET' && spec.answer === 'collection' && spec.permission !== 'ven';
}

/** Whether the client would rather be answered later (RFC 7240). */
export function prefersAsync(header: string | string[] | undefined): boolean {
  return [header ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .some((value) => /^\s*respond-async\s*(;|$)/i.test(value));
}

/** `callOf` answers how an operation is called, undefined when no resource offers it. */
export function collectionReader(
  callOf: (operation: string) => CollectionCall | undefined,
): CollectionReader {
  return async function* read(db, request, caller) {
    const spec = specOf(request.operation);
    const call = callOf(request.operation);
    if (spec === undefined || call === undefined)
      throw new DomainError('not_found_error', `This release has no collection ${request.href}`);
    if (!rolesAllow(spec.permission, caller.roles))
      throw new DomainError('forbidden', `Your role may no longer read ${request.href}`);
    const params = parsePart(spec.params, request.params, 'path');
    const query = parsePart(spec.query, request.query, 'query');
    const within = narrowed(db, reachOf(caller, spec.permission));
    const { orgId, requestId, ip } = request;
    const readPage = (
      page: Readonly<Record<string, number>>,
      after: string | null = null,
    ): Promise<Page<unknown>> =>
      call({
        caller,
        orgId,
        requestId,
        ip,
        method: 'GET',
        url: `/api/v2${request.href}`,
        // what the endpoint's schemas gave; only their static types are wider here
        params: params as CollectionContext['params'],
        query: { ...(query as object), ...page } as CollectionContext['query'],
        body: {},
        ifUpdatedAt: null,
        after,
        request: undefined,
        db: within,
      });
    if (spec.keyset === true) {
      for (let after: string | null = null; ;) {
        const { items } = await readPage({ max_results: PAGE }, after);
        yield items;
        if (items.length < PAGE) return;
        after = withHref.parse(items.at(-1)).href;
      }
    }
    if (!(spec.query instanceof z.ZodObject && 'offset' in spec.query.shape)) {
      yield (await readPage({ max_results: ALL })).items;
      return;
    }
    for (let offset = 0; ; offset += PAGE) {
      const { items } = await readPage({ max_results: PAGE, offset });
      yield items;
      if (items.length < PAGE) return;
    }
  };
}

function specOf(operation: string): EndpointSpec | undefined {
  const table: Readonly<Record<string, EndpointSpec>> = endpoints;
  return Object.hasOwn(table, operation) ? table[operation] : undefined;
}
