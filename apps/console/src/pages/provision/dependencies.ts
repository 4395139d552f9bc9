/** What a choice of draft changes cannot be provisioned or reverted without. */
import type { DependencyWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { subsetOf, type PendingItem } from './pending.ts';

export interface Needed {
  readonly item: PendingItem;
  readonly reasons: readonly string[];
}

/** The changes among `left` that the answer names, each with its reasons. */
export function neededOf(
  dependencies: readonly DependencyWire[],
  left: readonly PendingItem[],
): Needed[] {
  const byHref = new Map(left.map((item) => [item.href, item]));
  return dependencies.flatMap(({ dependency, reasons }) =>
    Object.values(dependency).flatMap(({ href }) => {
      const item = byHref.get(href);
      return item === undefined ? [] : [{ item, reasons }];
    }),
  );
}

/** What has to go along with the chosen changes; undefined while it is asked. */
export function useNeeded(
  operation: 'commit' | 'revert',
  chosen: readonly PendingItem[],
  all: readonly PendingItem[],
): readonly Needed[] | undefined {
  const asks = chosen.length > 0 && chosen.length < all.length;
  const query = useApi(
    'sec_policy.dependencies',
    { params: { pversion: 'draft' }, body: { operation, change_subset: subsetOf(chosen) } },
    { enabled: asks },
  );
  if (!asks) return [];
  // without an answer the PCE still refuses what does not go, and says why
  if (query.data === undefined) return query.error === null ? undefined : [];
  const hrefs = new Set(chosen.map((item) => item.href));
  return neededOf(
    query.data,
    all.filter((item) => !hrefs.has(item.href)),
  );
}
