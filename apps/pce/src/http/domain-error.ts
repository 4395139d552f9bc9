/** The caller's mistake, or what the state of an object forbids. Everything else that is thrown answers 500 with the request id only. */
import { ERROR_STATUS, type ApiError, type ErrorToken } from '@bulkhead/contract';

export class DomainError extends Error {
  readonly token: ErrorToken;
  readonly errors: readonly ApiError[];
  /** Seconds, for 429 and 503. */
  readonly retryAfter: number | undefined;

  constructor(
    token: ErrorToken,
    message: string,
    options: { href?: string | undefined; retryAfter?: number; all?: readonly ApiError[] } = {},
  ) {
    super(message);
    this.name = 'DomainError';
    this.token = token;
    this.errors = options.all ?? [
      { token, message, ...(options.href === undefined ? {} : { href: options.href }) },
    ];
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return ERROR_STATUS[this.token];
  }
}

/** Several mistakes of one request at once; the first gives the status. */
export function domainErrors(
  errors: readonly [ApiError & { token: ErrorToken }, ...ApiError[]],
): DomainError {
  const [first] = errors;
  return new DomainError(first.token, errors.map((error) => error.message).join('; '), {
    all: errors,
  });
}

export function notFound(what: string): DomainError {
  return new DomainError('not_found_error', `${what} does not exist`);
}
