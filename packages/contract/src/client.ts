/** A client typed by the endpoint table. It does no I/O of its own: a transport carries the requests. */
import type { z } from 'zod';
import { endpoints, type Endpoints, type Operation } from './endpoints.ts';
import { apiErrorsSchema, type ApiError } from './errors.ts';

const API = '/api/v2';

type Spec<O extends Operation> = Endpoints[O];
type Response<O extends Operation> =
  Spec<O> extends { response: infer R extends z.ZodType } ? z.output<R> : undefined;
/** What a call answers: `items` and `total` for a collection, else the value. */
export type Answer<O extends Operation> = Spec<O>['answer'] extends 'collection'
  ? { readonly items: Response<O>[]; readonly total: number }
  : Response<O>;
type Input<O extends Operation, K extends 'params' | 'body'> =
  Spec<O> extends Record<K, infer S extends z.ZodType> ? z.input<S> : never;
export interface CallOptions<O extends Operation> {
  /** `org_id` may be left out: the client's own is used. */
  readonly params?: Partial<Input<O, 'params'>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: Input<O, 'body'>;
}

export interface HttpRequest {
  readonly method: string;
  /** From `/api/v2` on, with query. */
  readonly path: string;
  readonly body: string | undefined;
}
export interface HttpResponse {
  readonly status: number;
  /** Lower-case header name to value; null when absent. */
  header(name: string): string | null;
  text(): Promise<string>;
}
/** Sends one request with the credentials it knows. Rejects only when no answer came. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** An answer that is an error, with its tokens. */
export class ApiRequestError extends Error {
  readonly status: number;
  readonly errors: readonly ApiError[];
  readonly requestId: string | null;
  constructor(status: number, errors: readonly ApiError[], requestId: string | null) {
    super(errors.map((error) => error.message).join('; ') || `status ${status}`);
    this.name = 'ApiRequestError';
    this.status = status;
    this.errors = errors;
    this.requestId = requestId;
  }
  has(token: string): boolean {
    return this.errors.some((error) => error.token === token);
  }
}

export interface ApiClient {
  call<O extends Operation>(operation: O, options?: CallOptions<O>): Promise<Answer<O>>;
  /** GET of an href below `/api/v2`, unparsed: for objects that are known by href alone. */
  get(href: string): Promise<unknown>;
}

/** Path of an operation from `/api/v2` on, for what a client cannot carry, such as a stream. Throws TypeError when a parameter is missing. */
export function pathOf(operation: Operation, params: Readonly<Record<string, unknown>>): string {
  return `${API}${buildPath(endpoints[operation].path, params)}`;
}

function buildPath(template: string, params: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/:([a-z_]+)/g, (_, name: string) => {
    const value = params[name];
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new TypeError(`parameter ${name} of ${template} is missing`);
    return encodeURIComponent(value);
  });
}

function parseErrors(text: string): ApiError[] {
  try {
    const parsed = apiErrorsSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // not JSON: a proxy answered; the status says what is known
  }
  return [];
}

/** Builds a client for one organization. Errors of the API reject with `ApiRequestError`. */
export function createApiClient(transport: Transport, orgId: number): ApiClient {
  async function send(method: string, path: string, body?: unknown): Promise<HttpResponse> {
    const response = await transport({
      method,
      path: `${API}${path}`,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    if (response.status >= 400)
      throw new ApiRequestError(
        response.status,
        parseErrors(await response.text()),
        response.header('x-request-id'),
      );
    return response;
  }
  return {
    async call(operation, options = {}) {
      const spec = endpoints[operation];
      const query = Object.entries(options.query ?? {})
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
        .join('&');
      const path = buildPath(spec.path, { org_id: orgId, ...options.params });
      const suffix = query === '' ? '' : `?${query}`;
      const response = await send(spec.method, path + suffix, options.body);
      const text = await response.text();
      const value: unknown = text === '' ? undefined : JSON.parse(text);
      // the server validates its answers by the same schema, so they are trusted to have its type
      if (spec.answer === 'collection')
        return { items: value, total: Number(response.header('x-total-count') ?? 0) } as Answer<
          typeof operation
        >;
      return value as Answer<typeof operation>;
    },
    async get(href) {
      const text = await (await send('GET', href)).text();
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
  };
}
