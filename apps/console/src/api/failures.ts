/** What to tell a person of a failed request. */
import { ApiRequestError, type ApiError } from '@bulkhead/contract';
import { NoAnswerError } from './client.ts';

export function errorsOf(error: unknown): readonly ApiError[] {
  if (error instanceof ApiRequestError) {
    if (error.errors.length > 0) return error.errors;
    return [
      { token: `status_${error.status}`, message: `The PCE answered status ${error.status}.` },
    ];
  }
  if (error instanceof NoAnswerError) return [{ token: 'no_answer', message: error.message }];
  return [{ token: 'unexpected', message: error instanceof Error ? error.message : String(error) }];
}

export function hasToken(error: unknown, token: string): boolean {
  return error instanceof ApiRequestError && error.has(token);
}

export function statusOf(error: unknown): number | null {
  return error instanceof ApiRequestError ? error.status : null;
}

export function requestIdOf(error: unknown): string | null {
  return error instanceof ApiRequestError ? error.requestId : null;
}

export function messageOf(error: unknown): string {
  return errorsOf(error)
    .map((one) => one.message)
    .join(' ');
}
