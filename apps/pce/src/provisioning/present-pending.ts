/** Draft changes, and what they need, as the API shows them. */
import type { DependencyWire, endpoints } from '@bulkhead/contract';
import type { z } from 'zod';
import type { UserCaller } from '../http/caller.ts';
import type { Dependency } from './dependencies.ts';
import { identityOfRow, nameOfRow, type PendingRow } from './pending.ts';
import { capsFor, ruleSetCaps } from './present.ts';
import { contentOf, referencesOf, STORED_TYPES } from './stored-content.ts';

type PendingWire = z.output<(typeof endpoints)['sec_policy.pending']['response']>;

export function presentPending(rows: readonly PendingRow[], caller: UserCaller): PendingWire {
  const lists = STORED_TYPES.map((type) => {
    const items = rows.filter((row) => row.type === type).map((row) => present(row, caller));
    return [type, items] as const;
  });
  return Object.fromEntries(lists.filter(([, items]) => items.length > 0));
}

function present(row: PendingRow, caller: UserCaller) {
  const isRules = row.type === 'rule_sets';
  return {
    href: identityOfRow(row),
    name: nameOfRow(row),
    update_type: row.update_type,
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: isRules ? ruleSetCaps(caller, contentOf('rule_sets', row.draft).scopes) : capsFor(caller),
    ...(isRules ? related(row) : {}),
  };
}

function related(row: PendingRow) {
  const hrefs = [...referencesOf(row.type, contentOf(row.type, row.draft))];
  const of = (type: string) =>
    hrefs.filter((href) => href.includes(`/${type}/`)).map((href) => ({ href }));
  return { related_ip_lists: of('ip_lists'), related_services: of('services') };
}

/** One entry for each object that is needed. */
export function presentDependencies(dependencies: readonly Dependency[]): DependencyWire[] {
  const found = new Map<string, DependencyWire>();
  for (const { needed, because, reason } of dependencies) {
    const href = identityOfRow(needed);
    const entry = found.get(href) ?? {
      dependency: { [needed.type]: { href } },
      required_by: {},
      reasons: [],
    };
    (entry.required_by[because.type] ??= []).push({ href: identityOfRow(because) });
    entry.reasons.push(reason);
    found.set(href, entry);
  }
  return [...found.values()];
}
