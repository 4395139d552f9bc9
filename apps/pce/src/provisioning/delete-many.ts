/** Several objects of one type deleted in one transaction: all of them or none. */
import { parseHref } from '@bulkhead/contract';
import type { ApiError } from '@bulkhead/contract';
import { DomainError, domainErrors } from '../http/domain-error.ts';
import { nounOf } from './nouns.ts';

interface Place {
  readonly orgId: number;
  /** As in hrefs, from the outside in: `['rule_sets', 'sec_rules']`. */
  readonly types: readonly [string, ...string[]];
}

/**
 * Calls `remove` with the ids of each href once. Every one that cannot be deleted is named in the error; the caller's transaction is rolled
 * back by that.
 */
export async function deleteMany(
  { orgId, types }: Place,
  hrefs: readonly string[],
  remove: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const errors: ApiError[] = [];
  for (const href of new Set(hrefs)) {
    try {
      await remove(idsOf({ orgId, types }, href));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      errors.push({ token: error.token, message: error.message, href });
    }
  }
  const [first, ...more] = errors;
  if (first !== undefined) throw asDomainError(first, more);
}

function asDomainError(first: ApiError, more: readonly ApiError[]): DomainError {
  // the tokens of DomainErrors
  return domainErrors([first as Parameters<typeof domainErrors>[0][0], ...more]);
}

function idsOf({ orgId, types }: Place, href: string): string[] {
  const parsed = parseHref(href);
  const isIt =
    parsed?.orgId === orgId &&
    parsed.path.length === types.length &&
    types.every((type, index) => parsed.path[index]?.[0] === type);
  if (isIt) return parsed.path.map(([, id]) => id);
  throw new DomainError(
    'invalid_uri',
    `hrefs: "${href}" is no href of a ${nounOf(types.at(-1) ?? '')}`,
  );
}
