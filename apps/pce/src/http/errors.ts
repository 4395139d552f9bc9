/** What is thrown becomes what is answered: an array of `{token, message, href?}`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_STATUS, type ApiError, type ErrorToken } from '@bulkhead/contract';
import { errorCode } from '../operational-error.ts';
import { DomainError } from './domain-error.ts';
import { JsonError } from './json.ts';

export function sendJson(reply: FastifyReply, status: number, value: unknown): FastifyReply {
  // A buffer, because for text the framework appends a charset, which clients do not expect.
  return reply
    .code(status)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify(value)));
}

export function sendErrors(
  reply: FastifyReply,
  token: ErrorToken,
  errors: readonly ApiError[],
): FastifyReply {
  const status = ERROR_STATUS[token];
  if (status === 401) reply.header('www-authenticate', 'Basic realm="PCE"');
  return sendJson(reply, status, errors);
}

/** PostgreSQL's codes for a database that is away, starting, stopping or full of connections. */
const AWAY = /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|57P0[123]|53300|08\w{3})$/;

function translate(error: unknown, limit: number): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (error instanceof JsonError) return new DomainError('input_validation_error', error.message);
  const code = errorCode(error);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new DomainError(
      'request_too_large',
      `The body is larger than ${limit / 1024 / 1024} MB; send less at once`,
    );
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new DomainError(
      'input_validation_error',
      'The header Content-Type names no media type; send JSON as application/json',
    );
  if (code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new DomainError('not_found_error', 'There is no such object');
  if (code === 'FST_ERR_BAD_URL')
    return new DomainError(
      'input_validation_error',
      'The path has a percent sign that no two hex digits follow, or what they say is not UTF-8',
    );
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return new DomainError('input_validation_error', 'The request is malformed');
  const message = error instanceof Error ? error.message : '';
  if (
    (code !== undefined && AWAY.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect/.test(message)
  )
    return new DomainError(
      'service_unavailable',
      'The database is not reachable just now; try again',
      { retryAfter: 2 },
    );
  if (code === '40001' || code === '40P01')
    return new DomainError('service_unavailable', 'Another change was in the way; try again', {
      retryAfter: 1,
    });
  if (code === '53100')
    return new DomainError(
      'service_unavailable',
      'The disk of the database is full; free some space',
      { retryAfter: 30 },
    );
  return undefined;
}

/** Nothing that a caller did, and not a database that is away: a mistake of this program. */
export function isFault(error: unknown): boolean {
  return translate(error, 0) === undefined;
}

export function mapError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  bodyLimit: number,
): FastifyReply {
  const known = translate(error, bodyLimit);
  if (known === undefined) {
    request.log.error({ err: error }, 'a request failed');
    return sendErrors(reply, 'internal_server_error', [
      {
        token: 'internal_server_error',
        message: `The server failed; its log says why under request ${request.id}`,
      },
    ]);
  }
  if (known.status >= 500) request.log.warn({ err: error }, 'the server cannot serve');
  if (known.retryAfter !== undefined) reply.header('retry-after', String(known.retryAfter));
  return sendErrors(reply, known.token, known.errors);
}
