/** REST calls to the PCE. Runs on Node 16: node:https, no fetch. */
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import {
  activateResponseSchema,
  apiErrorsSchema,
  detectResponseSchema,
  explanationSchema,
  policyDocumentSchema,
  venTokenSchema,
  type ActivateRequest,
  type ActivateResponse,
  type CompatibilityReport,
  type ConnectionQuestion,
  type DetectResponse,
  type ExplanationWire,
  type FlowReport,
  type HostReport,
  type PolicyDocument,
  type VenStatusRequest,
  type VenToken,
} from '@bulkhead/contract';
import type { z } from 'zod';

export interface PceAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of the only CA that is believed; null: the system's own trust. */
  readonly ca: string | null;
}

/** The PCE answered with an error, or with something that is no answer of a PCE. */
export class PceError extends Error {
  override readonly name = 'PceError';
  readonly status: number;
  readonly tokens: readonly string[];
  constructor(status: number, tokens: readonly string[], message: string) {
    super(message);
    this.status = status;
    this.tokens = tokens;
  }
}

export interface PceClient {
  activate(body: ActivateRequest): Promise<ActivateResponse>;
  report(body: HostReport): Promise<void>;
  /** Bound to the address, so that the PCE sees where that interface's traffic comes from. */
  detect(interfaceName: string, address: string): Promise<DetectResponse>;
  policy(): Promise<PolicyDocument>;
  /** One end of the connection must be this host. */
  explain(body: ConnectionQuestion): Promise<ExplanationWire>;
  flows(body: FlowReport): Promise<void>;
  goodbye(reason: 'stop' | 'unpair' | 'shutdown'): Promise<void>;
  setStatus(status: VenStatusRequest['status']): Promise<void>;
  compatibility(report: CompatibilityReport): Promise<void>;
  /** The next token; the one that this client uses stays valid for a while. */
  nextToken(): Promise<VenToken>;
  /** The PCE's clock, to the second; null when its answer does not say. */
  time(): Promise<Date | null>;
  /** Ends connections that are kept. */
  close(): void;
}

const TIMEOUT_MS = 10_000;
const DETECT_TIMEOUT_MS = 3_000;
/** A person waits, and the host has an answer of its own. */
const EXPLAIN_TIMEOUT_MS = 5_000;
const GOODBYE_TIMEOUT_MS = 2_000;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  readonly localAddress?: string;
  readonly timeoutMs?: number;
  /** On a connection that is kept: for what is sent again and again. Others find their way anew, as the network may be another. */
  readonly kept?: boolean;
}

interface Answer {
  readonly text: string;
  /** Header `Date`. */
  readonly date: string | undefined;
}

/** `token` null: only activation is possible; a function where it is renewed. Calls reject with PceError, or with the error of the connection. */
export function createPceClient(pce: PceAddress, token: string | (() => string) | null): PceClient {
  let keeper = new Agent({ keepAlive: true, maxSockets: 1 });
  /** A connection that failed may hang in a network that the host has left. */
  function dropKept(): void {
    keeper.destroy();
    keeper = new Agent({ keepAlive: true, maxSockets: 1 });
  }

  function send({
    method,
    path,
    body,
    localAddress,
    timeoutMs = TIMEOUT_MS,
    kept = false,
  }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
      const request = httpsRequest(
        {
          host: pce.host,
          port: pce.port,
          path: `/api/v2${path}`,
          method,
          agent: kept ? keeper : false,
          minVersion: 'TLSv1.2',
          ...(isIP(pce.host) === 0 ? { servername: pce.host } : {}),
          ...(pce.ca === null ? {} : { ca: pce.ca }),
          ...(localAddress === undefined
            ? {}
            : { localAddress, family: localAddress.includes(':') ? 6 : 4 }),
          headers: {
            accept: 'application/json',
            ...(token === null
              ? {}
              : { authorization: `Bearer ${typeof token === 'string' ? token : token()}` }),
            ...(payload === null
              ? {}
              : { 'content-type': 'application/json', 'content-length': payload.length }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
            else chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const status = response.statusCode ?? 0;
            if (status >= 200 && status < 300) resolve({ text, date: response.headers.date });
            else reject(errorOf(status, text, `${method} ${path}`));
          });
        },
      );
      const timer = setTimeout(
        () =>
          request.destroy(
            new Error(`no answer from ${pce.host}:${pce.port} in ${timeoutMs / 1000} s`),
          ),
        timeoutMs,
      );
      request.on('close', () => clearTimeout(timer));
      request.on('error', reject);
      request.end(payload ?? undefined);
    });
  }

  async function ask<Schema extends z.ZodType>(
    call: Call,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const { text } = await send(call);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new PceError(200, [], `${call.path} was not answered with JSON: is ${pce.host} a PCE?`);
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new PceError(
      200,
      [],
      `the answer to ${call.path} is not understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }

  return {
    activate: (body) =>
      ask({ method: 'POST', path: '/ven/activate', body }, activateResponseSchema),
    report: async (body) => void (await send({ method: 'PUT', path: '/ven/report', body })),
    detect: (interfaceName, address) =>
      ask(
        {
          method: 'POST',
          path: '/ven/detect',
          body: { interface: interfaceName, address },
          localAddress: address,
          timeoutMs: DETECT_TIMEOUT_MS,
        },
        detectResponseSchema,
      ),
    policy: () => ask({ method: 'GET', path: '/ven/policy' }, policyDocumentSchema),
    explain: (body) =>
      ask(
        { method: 'POST', path: '/ven/explain', body, timeoutMs: EXPLAIN_TIMEOUT_MS },
        explanationSchema,
      ),
    async flows(body) {
      try {
        await send({ method: 'POST', path: '/ven/flows', body, kept: true });
      } catch (error) {
        dropKept();
        throw error;
      }
    },
    setStatus: async (status) =>
      void (await send({ method: 'PUT', path: '/ven/status', body: { status } })),
    compatibility: async (body) =>
      void (await send({ method: 'PUT', path: '/ven/compatibility_report', body })),
    nextToken: () => ask({ method: 'POST', path: '/ven/token' }, venTokenSchema),
    async time() {
      const { date } = await send({ method: 'GET', path: '/node_available' });
      const time = Date.parse(date ?? '');
      return Number.isNaN(time) ? null : new Date(time);
    },
    close: () => keeper.destroy(),
    goodbye: async (reason) =>
      void (await send({
        method: 'PUT',
        path: '/ven/goodbye',
        body: { reason },
        timeoutMs: GOODBYE_TIMEOUT_MS,
      })),
  };
}

function errorOf(status: number, text: string, call: string): PceError {
  try {
    const parsed = apiErrorsSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      return new PceError(
        status,
        parsed.data.map(({ token }) => token),
        parsed.data.map(({ message }) => message).join('; '),
      );
    }
  } catch {
    // not JSON: a proxy answered; the status says what is known
  }
  return new PceError(status, [], `${call} was answered with status ${status}`);
}
