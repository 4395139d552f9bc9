/** Selectors: the canonical form of the label part of one side of a rule within one scope. */
import type { Label, LabelGroup, ScopeEntry } from '../model.ts';

/** Labels of one key: the workload's label of that key must be among them (`in`), or must not be (`not`). */
export interface Condition {
  readonly key: string;
  readonly kind: 'in' | 'not';
  /** Sorted hrefs. `in` with none matches nobody. */
  readonly labels: readonly string[];
}

/** All conditions must hold; none at all selects every workload. Canonical: sorted by key, one per key and kind. */
export type Selector = readonly Condition[];

export interface LabelLookup {
  label(href: string): Label | undefined;
  group(href: string): LabelGroup | undefined;
}

/** Labels that a group stands for, sub groups included. A group within itself is followed once. */
function expandGroup(
  href: string,
  find: LabelLookup,
  seen: Set<string> = new Set(),
): readonly string[] {
  const group = find.group(href);
  if (group === undefined || seen.has(href)) return [];
  seen.add(href);
  return [...group.labels, ...group.subGroups.flatMap((sub) => expandGroup(sub, find, seen))];
}

/** Conditions of a list of labels and groups: one key's entries are OR-ed, exclusions subtract within their key, keys are AND-ed. */
export function conditionsOf(entries: readonly ScopeEntry[], find: LabelLookup): Condition[] {
  const byKey = new Map<string, { include: Set<string> | null; exclude: Set<string> }>();
  for (const entry of entries) {
    const isLabel = entry.kind === 'label';
    const known = isLabel ? find.label(entry.href) : find.group(entry.href);
    // an unknown label or group resolves to nobody; its own href keeps it apart from every real key
    const key = known?.key ?? entry.href;
    const labels = isLabel ? [entry.href] : expandGroup(entry.href, find);
    const slot = byKey.get(key) ?? { include: null, exclude: new Set<string>() };
    byKey.set(key, slot);
    if (known === undefined) slot.include = new Set();
    else if (entry.exclusion) for (const label of labels) slot.exclude.add(label);
    else slot.include = new Set([...(slot.include ?? []), ...labels]);
  }
  return [...byKey].map(([key, { include, exclude }]) =>
    include === null
      ? { key, kind: 'not', labels: [...exclude].sort() }
      : { key, kind: 'in', labels: [...include].filter((l) => !exclude.has(l)).sort() },
  );
}

/** Both must hold: conditions of one key are merged, so that equal selections have equal selectors. */
export function intersect(left: readonly Condition[], right: readonly Condition[]): Selector {
  const merged = new Map<string, Condition>();
  for (const condition of [...left, ...right]) {
    const before = merged.get(condition.key);
    merged.set(condition.key, before === undefined ? condition : meet(before, condition));
  }
  return [...merged.values()]
    .filter((condition) => condition.kind === 'in' || condition.labels.length > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function meet(a: Condition, b: Condition): Condition {
  if (a.kind === 'not' && b.kind === 'not') {
    return { ...a, labels: [...new Set([...a.labels, ...b.labels])].sort() };
  }
  const [inside, other] = a.kind === 'in' ? [a, b] : [b, a];
  const kept = inside.labels.filter(
    (label) => other.labels.includes(label) === (other.kind === 'in'),
  );
  return { ...inside, labels: kept };
}

/** Whether a workload with these labels is selected. `labelOfKey` gives its label of a key. */
export function selects(
  selector: Selector,
  labelOfKey: (key: string) => string | undefined,
): boolean {
  return selector.every((condition) => {
    const label = labelOfKey(condition.key);
    const among = label !== undefined && condition.labels.includes(label);
    return condition.kind === 'in' ? among : !among;
  });
}
