/** What a part of the draft cannot be provisioned, or reverted, without. */
import type { ApiError } from '@bulkhead/contract';
import { domainErrors } from '../http/domain-error.ts';
import { nounOf } from './nouns.ts';
import { identityOfRow, nameOfRow, type PendingRow } from './pending.ts';
import { contentOf, referencesOf } from './stored-content.ts';

/** `commit`: make it active. `revert`: take it back to what is active. */
export type ProvisioningOperation = 'commit' | 'revert';

export interface Dependency {
  /** A pending change that was not chosen. */
  readonly needed: PendingRow;
  /** Why, by what was chosen or is needed in turn. */
  readonly because: PendingRow;
  readonly reason: string;
}

/**
 * Everything else that must be done together with the chosen changes, so that neither active policy nor the draft refers to what is not
 * there; also what that needs in turn. Each pair once.
 */
export function dependenciesOf(
  operation: ProvisioningOperation,
  chosen: readonly PendingRow[],
  pending: readonly PendingRow[],
): Dependency[] {
  const others = new Map(pending.map((row) => [identityOfRow(row), row]));
  for (const row of chosen) others.delete(identityOfRow(row));
  const find = operation === 'commit' ? neededToCommit : neededToRevert;
  const found: Dependency[] = [];
  const taken = new Set<PendingRow>(chosen);
  for (const row of taken) {
    for (const dependency of find(row, others)) {
      found.push(dependency);
      taken.add(dependency.needed);
    }
  }
  return found;
}

/** Refuses a choice that lacks what it cannot be without, and names each missing object once. */
export function requireDependencies(
  operation: ProvisioningOperation,
  chosen: readonly PendingRow[],
  pending: readonly PendingRow[],
): void {
  const errors = new Map<string, ApiError & { token: 'dependency_required' }>();
  const verb = operation === 'commit' ? 'provision' : 'revert';
  for (const { needed, reason } of dependenciesOf(operation, chosen, pending)) {
    const href = identityOfRow(needed);
    if (errors.has(href)) continue;
    const message = `${reason}; ${verb} ${href} with it`;
    errors.set(href, { token: 'dependency_required', message, href });
  }
  const [first, ...more] = errors.values();
  if (first !== undefined) throw domainErrors([first, ...more]);
}

type Others = ReadonlyMap<string, PendingRow>;

function* neededToCommit(row: PendingRow, others: Others): Generator<Dependency> {
  if (row.update_type !== 'delete') {
    for (const href of draftReferences(row)) {
      const needed = others.get(href);
      if (needed?.update_type !== 'create') continue;
      const reason = `${described(row)} refers to the ${described(needed)}, which exists in draft only`;
      yield { needed, because: row, reason };
    }
    return;
  }
  const own = identityOfRow(row);
  for (const needed of others.values()) {
    if (!activeReferences(needed).has(own)) continue;
    const reason = `Active policy would lose the ${described(row)}, to which the ${described(needed)} refers there`;
    yield { needed, because: row, reason };
  }
}

function* neededToRevert(row: PendingRow, others: Others): Generator<Dependency> {
  const own = identityOfRow(row);
  if (row.update_type === 'create') {
    for (const needed of others.values()) {
      if (needed.update_type === 'delete' || !draftReferences(needed).has(own)) continue;
      const reason = `The draft of the ${described(needed)} refers to the ${described(row)}, which would be gone`;
      yield { needed, because: row, reason };
    }
    return;
  }
  for (const href of activeReferences(row)) {
    const needed = others.get(href);
    if (needed?.update_type !== 'delete') continue;
    const reason = `The ${described(row)} would refer again to the ${described(needed)}, which is deleted in draft`;
    yield { needed, because: row, reason };
  }
}

function draftReferences(row: PendingRow): Set<string> {
  return referencesOf(row.type, contentOf(row.type, row.draft));
}

function activeReferences(row: PendingRow): Set<string> {
  return row.active === null ? new Set() : referencesOf(row.type, contentOf(row.type, row.active));
}

function described(row: PendingRow): string {
  return `${nounOf(row.type)} "${nameOfRow(row)}"`;
}
