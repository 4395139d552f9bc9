/** Builds the HTTP routes from the endpoint table and the handlers that resources gave. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Histogram } from 'prom-client';
import { endpoints, rolesAllow, type EndpointSpec } from '@bulkhead/contract';
import { formatAddress, parseAddress, unmapAddress } from '@bulkhead/net';
import type { Tx } from '../db/database.ts';
import { narrowed } from '../access/narrowed.ts';
import { reachOf } from '../access/reach.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { Authenticator, refuseAction } from './authentication.ts';
import type { UserCaller, VenCaller, VenResolver } from './caller.ts';
import {
  collectionReader,
  isCollection,
  prefersAsync,
  type AsyncCollections,
  type CollectionCall,
} from './collections.ts';
import { holdEvents } from './check-events.ts';
import { sendErrors, sendJson } from './errors.ts';
import { notingFaults } from './note-fault.ts';
import type { RateLimits } from './rate-limits.ts';
import { parseBody, parsePart } from './request-parsing.ts';
import type { Actor, Context, Handler, Page, Routes } from './routes.ts';

const API = '/api/v2';
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;

type AnyHandler = Handler<EndpointSpec>;

export interface RegisterOptions {
  readonly deps: Deps;
  readonly routes: readonly Routes[];
  readonly resolveVen: VenResolver | undefined;
  readonly checkAnswers: boolean;
  readonly asyncCollections: AsyncCollections;
  readonly rateLimits: RateLimits;
}

export function registerRoutes(app: FastifyInstance, options: RegisterOptions): void {
  const handlers = new Map<string, AnyHandler>();
  for (const routes of options.routes) {
    for (const [operation, handler] of Object.entries(routes)) {
      if (handlers.has(operation)) throw new Error(`Two handlers for ${operation}`);
      // Each handler is typed by its own endpoint; what it is called with is parsed by that endpoint's schemas below.
      handlers.set(operation, handler as AnyHandler);
    }
  }
  options.asyncCollections.use(
    collectionReader((operation) => {
      const handler = handlers.get(operation);
      const spec = Object.entries<EndpointSpec>(endpoints).find(
        ([name]) => name === operation,
      )?.[1];
      if (handler === undefined || spec === undefined) return undefined;
      return async (context) => {
        // A collection's handler writes to no reply, and answers a page.
        const answer = await (handler as unknown as CollectionCall)(context);
        if (options.checkAnswers) checkAnswer({ operation, spec }, answer);
        return answer;
      };
    }),
  );
  const run = requestRunner(options);
  const offered = new Map<string, Set<string>>();
  for (const [operation, spec] of Object.entries<EndpointSpec>(endpoints)) {
    const handler = handlers.get(operation);
    if (handler === undefined) continue;
    const url = `${API}${spec.path}`;
    offered.set(url, (offered.get(url) ?? new Set()).add(spec.method));
    app.route({
      method: spec.method,
      url,
      config: { bodyIsText: spec.bodyIsText === true },
      handler: (request, reply) => run({ operation, spec, handler }, request, reply),
    });
  }
  for (const [url, methods] of offered) {
    const others = METHODS.filter((method) => !methods.has(method));
    app.route({
      method: others,
      url,
      handler: (request, reply) => {
        reply.header('allow', [...methods].join(', '));
        const message = `${request.method} is not offered here; ${[...methods].join(', ')} is`;
        return sendErrors(reply, 'method_not_allowed_error', [
          { token: 'method_not_allowed_error', message },
        ]);
      },
    });
  }
}

interface Route {
  readonly operation: string;
  readonly spec: EndpointSpec;
  readonly handler: AnyHandler;
}

function requestRunner({
  deps,
  resolveVen,
  checkAnswers,
  asyncCollections,
  rateLimits,
}: RegisterOptions) {
  const authenticator = new Authenticator(deps, resolveVen);
  const requests = new Counter({
    name: 'pce_http_requests_total',
    help: 'Requests by operation and status',
    labelNames: ['operation', 'status'],
    registers: [deps.metrics],
  });
  const seconds = new Histogram({
    name: 'pce_http_request_seconds',
    help: 'Time to answer by operation',
    labelNames: ['operation'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [deps.metrics],
  });

  return async function run(
    route: Route,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const stop = seconds.startTimer({ operation: route.operation });
    reply.raw.once('close', () => {
      stop();
      requests.inc({ operation: route.operation, status: reply.statusCode });
    });
    const { spec } = route;
    const anonymous = anonymousActor(request);
    const caller = await identify(authenticator, spec, request, anonymous);
    if (caller?.kind === 'user') rateLimits.take(request.headers.authorization, route.operation);
    const base = { ...anonymous, caller };
    const params = parsePart(spec.params, request.params, 'path');
    const orgId = await authorize(deps, spec, base, params);
    const context = {
      ...base,
      orgId,
      params,
      query: parsePart(spec.query, request.query, 'query'),
      body: parseBody(spec, request.body),
      ifUpdatedAt: ifUpdatedAt(request),
      after: null,
      request,
    };
    if (isCollection(spec) && caller?.kind === 'user' && prefersAsync(request.headers['prefer'])) {
      const href = await asyncCollections.submit(
        {
          operation: route.operation,
          orgId,
          href: base.url.replace(API, ''),
          params: textMembers(request.params),
          query: textMembers(request.query),
          requestId: base.requestId,
          ip: base.ip,
        },
        caller,
      );
      reply.header('location', href).header('retry-after', '1');
      return reply.header('preference-applied', 'respond-async').code(202).send();
    }
    const ownTransaction =
      spec.method === 'GET' ||
      spec.permission === 'public' ||
      spec.answer === 'raw' ||
      spec.reads === true ||
      spec.perItem === true;
    // The parts of the context are what the endpoint's schemas gave; only their static types are wider here.
    const call = (db: unknown): Promise<unknown> =>
      Promise.resolve(route.handler({ ...context, db } as Context<EndpointSpec>, reply));
    const write = (trx: Tx): Promise<unknown> =>
      checkAnswers ? holdEvents(route, trx, () => call(trx)) : call(trx);
    const db = narrowed(deps.db, reachOf(caller, spec.permission));
    const answer = await notingFaults(deps, { actor: base, orgId }, () =>
      ownTransaction ? call(db) : writeTransaction(db, write),
    );
    if (checkAnswers) checkAnswer(route, answer);
    return send(spec, answer, reply);
  };
}

function checkAnswer({ operation, spec }: Omit<Route, 'handler'>, answer: unknown): void {
  if (spec.response === undefined || spec.answer === 'raw' || spec.answer === 'empty') return;
  // what Handler promises for a collection
  const values = spec.answer === 'collection' ? (answer as Page<unknown>).items : [answer];
  for (const value of values) {
    const parsed = spec.response.safeParse(value);
    if (!parsed.success)
      throw new Error(
        `The answer of ${operation} is not what its schema says: ${parsed.error.message}`,
      );
  }
}

function send(spec: EndpointSpec, answer: unknown, reply: FastifyReply): FastifyReply {
  switch (spec.answer) {
    case 'raw':
      return reply;
    case 'empty':
      return reply.code(spec.status).send();
    case 'json': {
      const tag = isRecord(answer) ? answer['updated_at'] : undefined;
      if (typeof tag === 'string') reply.header('etag', `"${tag}"`);
      return sendJson(reply, spec.status, answer);
    }
    case 'collection': {
      // what Handler promises for a collection
      const page = answer as Page<unknown>;
      reply.header('x-total-count', String(page.total));
      return sendJson(reply, spec.status, page.items);
    }
  }
}

async function identify(
  authenticator: Authenticator,
  spec: EndpointSpec,
  request: FastifyRequest,
  actor: Actor,
): Promise<UserCaller | VenCaller | null> {
  if (spec.permission === 'public') return null;
  const { authorization } = request.headers;
  return spec.permission === 'ven'
    ? authenticator.ven(authorization)
    : authenticator.user(authorization, actor);
}

/** Answers the organization that the request is about. Throws 403. */
async function authorize(
  deps: Deps,
  spec: EndpointSpec,
  base: Actor,
  params: unknown,
): Promise<number> {
  const { caller } = base;
  const given = isRecord(params) ? params : {};
  if (caller === null) return 0;
  const refuse = (message: string): Promise<never> =>
    refuseAction(deps, { ...base, caller }, message);
  if (caller.kind === 'user') {
    if (!mayCall(spec, caller))
      return refuse(`Your role may not do this: ${base.method} ${spec.path}`);
    if (isOwn(spec) && !reaches(spec, caller, given['user_id']))
      return refuse('You may do this for your own user only');
  }
  if ('org_id' in given && String(given['org_id']) !== String(caller.orgId))
    return refuse(`You have no access to the organization ${String(given['org_id'])}`);
  return caller.orgId;
}

function isOwn({ permission }: EndpointSpec): boolean {
  return permission === 'self' || permission === 'self_or_own';
}

/** What is one's own needs no role: to sign out, to change the password. */
function mayCall(spec: EndpointSpec, caller: UserCaller): boolean {
  return isOwn(spec) || rolesAllow(spec.permission, caller.roles);
}

/** Whether the user of the path is the caller's to act on. */
function reaches(spec: EndpointSpec, caller: UserCaller, userId: unknown): boolean {
  if (spec.permission === 'self_or_own' && rolesAllow('own', caller.roles)) return true;
  return caller.userId !== null && userId === String(caller.userId);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function textMembers(value: unknown): Record<string, string> {
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, String(member)]))
    : {};
}

function ifUpdatedAt(request: FastifyRequest): string | null {
  const query = isRecord(request.query) ? request.query['if_updated_at'] : undefined;
  if (typeof query === 'string') return query;
  const header = request.headers['if-match'];
  return header === undefined || header === '*' ? null : header.replace(/^(W\/)?"?|"$/g, '');
}

/** Whoever sent the request, before anybody looked at credentials. */
export function anonymousActor(request: FastifyRequest): Actor & { readonly caller: null } {
  return {
    caller: null,
    ip: clientAddress(request),
    requestId: request.id,
    method: request.method,
    url: request.url.split('?')[0] ?? '',
  };
}

/** In place of what a trusted proxy forwards and is no address: nobody's, so that it makes nobody corporate (FR-48). */
const UNSPECIFIED = '0.0.0.0';

/** IPv4 in its own form also on a socket that takes both families, IPv6 without a zone. */
function clientAddress(request: FastifyRequest): string {
  const address = parseAddress(request.ip.replace(/%.*$/, ''));
  return address === null ? UNSPECIFIED : formatAddress(unmapAddress(address));
}
