/** The HTTPS server: limits, headers, errors, the API from the endpoint table, metrics, the console. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { rolesAllow } from '@bulkhead/contract';
import type { Deps } from '../deps.ts';
import { serveApiDocs } from './api-docs.ts';
import { Authenticator } from './authentication.ts';
import type { VenResolver } from './caller.ts';
import type { AsyncCollections } from './collections.ts';
import { serveConsole } from './console-files.ts';
import { DomainError } from './domain-error.ts';
import { mapError, sendErrors } from './errors.ts';
import { parseJson } from './json.ts';
import { anonymousActor, registerRoutes } from './register-routes.ts';
import { RateLimits } from './rate-limits.ts';
import { parseQuery } from './request-parsing.ts';
import type { Routes } from './routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly bodyIsText?: boolean;
  }
}

export const BODY_LIMIT = 10 * 1024 * 1024;
const CLOSE_MS = 5000;

export interface AppOptions {
  readonly deps: Deps;
  readonly routes: readonly Routes[];
  /** Finds the VEN of a token, for endpoints with permission `ven`. */
  readonly resolveVen?: VenResolver | undefined;
  /** WebSocket upgrades by path, version already `/api/v2`: `/api/v2/ven/channel`. The handler owns the socket. */
  readonly upgrades?: ReadonlyMap<string, UpgradeHandler>;
  /** Where the built console lies, when not beside this program (tests). */
  readonly consoleFolder?: string | undefined;
  /** Whether what an address says of where a request comes from is believed. */
  readonly trustProxy: (address: string) => boolean;
  /** Takes collections that are answered later. */
  readonly asyncCollections: AsyncCollections;
  /** Requests that one API key or session may make in a minute. */
  readonly requestsPerMinute: number;
  /** Holds every answer against its schema (tests). */
  readonly checkAnswers?: boolean;
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** One form for every spelling: slashes once, none at the end, every `/api/v1` to `/api/v99` as `/api/v2`. */
export function canonicalUrl(url: string): string {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const clean = path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  return clean.replace(/^\/api\/v[1-9]\d?(?=\/|$)/, '/api/v2') + (mark < 0 ? '' : url.slice(mark));
}

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { deps } = options;
  const { identity } = deps;
  const server = createServer({
    cert: identity.certificate,
    key: identity.key,
    minVersion: 'TLSv1.2',
  });
  server.headersTimeout = 20_000;
  server.requestTimeout = 120_000;
  server.keepAliveTimeout = 75_000;
  const logger: FastifyBaseLogger = deps.logger;
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => {
      server.on('request', handler);
      // Fastify takes an https.Server here; the declared type of the factory is http's.
      return server as unknown as Server;
    },
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
      mapError(error, request, reply, BODY_LIMIT);
    },
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    trustProxy: options.trustProxy,
    rewriteUrl: (request) => canonicalUrl(request.url ?? '/'),
    routerOptions: { querystringParser: parseQuery, maxParamLength: 512 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (request.routeOptions.config.bodyIsText === true) {
      done(null, text);
      return;
    }
    try {
      done(null, text.trim() === '' ? undefined : parseJson(text));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    if (request.url.includes('%00'))
      throw new DomainError('input_validation_error', 'The URL has a NUL, which is no text');
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.debug(
      {
        method: request.method,
        url: request.url.split('?')[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    );
  });
  app.setErrorHandler((error, request, reply) => mapError(error, request, reply, BODY_LIMIT));
  registerRoutes(app, {
    deps,
    routes: options.routes,
    resolveVen: options.resolveVen,
    checkAnswers: options.checkAnswers ?? false,
    asyncCollections: options.asyncCollections,
    rateLimits: new RateLimits(deps.clock, options.requestsPerMinute),
  });
  serveMetrics(app, deps);
  serveApiDocs(app);
  const hasConsole = await serveConsole(app, options.consoleFolder);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const isPage =
      hasConsole &&
      request.method === 'GET' &&
      !path.startsWith('/api/') &&
      !/\.[a-z0-9]+$/i.test(path);
    if (isPage) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    return sendErrors(reply, 'not_found_error', [
      { token: 'not_found_error', message: `There is nothing at ${request.method} ${path}` },
    ]);
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const handler = options.upgrades?.get(canonicalUrl(request.url ?? '/').split('?')[0] ?? '');
    if (handler === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    handler(request, socket, head);
  });
  let grace: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    // Requests under way are answered; streams end by `deps.closing`, channels here.
    for (const socket of upgraded) socket.destroy();
    grace = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  });
  app.addHook('onClose', async () => clearTimeout(grace));
  return app;
}

/** For the machine itself, and for those who may read everything. */
function serveMetrics(app: FastifyInstance, deps: Deps): void {
  const authenticator = new Authenticator(deps, undefined);
  app.get('/metrics', async (request: FastifyRequest, reply: FastifyReply) => {
    const actor = anonymousActor(request);
    const forwarded = request.headers['x-forwarded-for'] ?? request.headers.forwarded;
    if (forwarded !== undefined || !/^(127\.|::1$)/.test(actor.ip)) {
      const caller = await authenticator.user(request.headers.authorization, actor);
      if (!rolesAllow('glob', caller.roles))
        return sendErrors(reply, 'forbidden', [
          { token: 'forbidden', message: 'Your role may not read metrics' },
        ]);
    }
    return reply
      .header('content-type', deps.metrics.contentType)
      .send(await deps.metrics.metrics());
  });
}
