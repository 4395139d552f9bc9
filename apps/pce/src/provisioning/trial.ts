/** Chosen drafts as changes of the active policy: what provisioning them would make of it. */
import type { Db } from '../db/database.ts';
import { sameContent } from './compare.ts';
import { changeOf, type ObjectContent, type PolicyObjectChange } from './object-models.ts';
import type { PendingRow } from './pending.ts';
import { loadBindings } from './policy-model.ts';
import {
  asContent,
  contentOf,
  ipTablesRulesOf,
  liveIpTablesRules,
  liveRules,
  type StoredByType,
  type StoredEntry,
  type StoredRuleSet,
  type StoredType,
} from './stored-content.ts';

/** Changes of the active policy, and those that take them back. */
export interface Trial {
  readonly apply: readonly PolicyObjectChange[];
  readonly undo: readonly PolicyObjectChange[];
}

/** What the chosen drafts change in the active policy, and what takes that back. */
export async function trialOf(
  db: Db,
  orgId: number,
  { rows, version }: { readonly rows: readonly PendingRow[]; readonly version: number },
): Promise<Trial> {
  const virtual = rows.flatMap(({ type, id }) => (type === 'virtual_services' ? [id] : []));
  const bindings = await loadBindings(db, orgId, virtual);
  const changes = (contentAt: (row: PendingRow) => ObjectContent | null) =>
    rows.flatMap((row) => {
      const { type, id } = row;
      return changeOf({ orgId, word: 'active', type, id }, contentAt(row), bindings) ?? [];
    });
  return {
    apply: changes((row) =>
      row.update_type === 'delete'
        ? null
        : { content: asContent(activeContent(row, version)), version },
    ),
    undo: changes((row) =>
      row.active === null ? null : { content: row.active, version: row.active_version ?? 0 },
    ),
  };
}

/** Rules that were deleted in draft go now; each rule that says something new is of this version. */
export function activeContent(row: PendingRow, version: number): StoredByType[StoredType] {
  const content = contentOf(row.type, row.draft);
  if (row.type !== 'rule_sets') return content;
  const next = contentOf('rule_sets', row.draft);
  const before = row.active === null ? null : contentOf('rule_sets', row.active);
  const { ip_tables_rules: _, ...rest } = next;
  const ipTables = liveIpTablesRules(next);
  const old = before === null ? [] : ipTablesRulesOf(before);
  return {
    ...rest,
    rules: liveRules(next).map((rule) =>
      stamped(rule, before?.rules ?? [], { next, before, version }),
    ),
    ...(ipTables.length === 0
      ? {}
      : {
          ip_tables_rules: ipTables.map((rule) => stamped(rule, old, { next, before, version })),
        }),
  };
}

function stamped<E extends StoredEntry<object>>(
  entry: E,
  olds: readonly StoredEntry<object>[],
  { next, before, version }: { next: StoredRuleSet; before: StoredRuleSet | null; version: number },
): E {
  const old = olds.find((item) => item.id === entry.id);
  const isSame =
    before !== null &&
    old !== undefined &&
    before.enabled === next.enabled &&
    sameContent(before.scopes, next.scopes) &&
    sameContent(old.body, entry.body);
  return { ...entry, version: isSame ? old.version : version };
}
