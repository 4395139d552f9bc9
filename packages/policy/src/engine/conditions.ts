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
  /** The condition that a label is carried, where it is kept; nearly all selectors are made of such. */
  carrying?(href: string): Condition | undefined;
}

/** One text for equal selectors. The separators are characters that no key and no href holds. */
export function selectorKey(selector: Selector): string {
  let text = '';
  for (const { key, kind, labels } of selector) {
    const list = labels.length === 1 ? (labels[0] ?? '') : labels.join('\u0001');
    text += `${key}${kind === 'in' ? '\u0002' : '\u0003'}${list}\u0004`;
  }
  return text;
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

interface Slot {
  readonly key: string;
  /** Null while nothing is included by name. */
  include: string[] | null;
  exclude: string[] | null;
}

/** Conditions of a list of labels and groups: one key's entries are OR-ed, exclusions subtract within their key, keys are AND-ed. */
export function conditionsOf(entries: readonly ScopeEntry[], find: LabelLookup): Condition[] {
  const [only] = entries;
  if (entries.length === 1 && only?.kind === 'label' && !only.exclusion) {
    const kept = find.carrying?.(only.href);
    if (kept !== undefined) return [kept];
    const label = find.label(only.href);
    if (label !== undefined) return [carrying(label)];
  }
  const slots: Slot[] = [];
  for (const entry of entries) {
    const isLabel = entry.kind === 'label';
    const known = isLabel ? find.label(entry.href) : find.group(entry.href);
    // an unknown label or group resolves to nobody; its own href keeps it apart from every real key
    const key = known?.key ?? entry.href;
    let slot = slots.find((item) => item.key === key);
    if (slot === undefined) slots.push((slot = { key, include: null, exclude: null }));
    if (known === undefined) {
      slot.include = [];
      continue;
    }
    const labels = isLabel ? [entry.href] : expandGroup(entry.href, find);
    if (entry.exclusion) (slot.exclude ??= []).push(...labels);
    else (slot.include ??= []).push(...labels);
  }
  return slots.map(({ key, include, exclude }) => {
    if (include === null) return { key, kind: 'not', labels: canonical(exclude ?? []) };
    const kept = exclude === null ? include : include.filter((label) => !exclude.includes(label));
    return { key, kind: 'in', labels: canonical(kept) };
  });
}

/** The condition that a label is carried. */
export function carrying({ href, key }: Label): Condition {
  return { key, kind: 'in', labels: [href] };
}

function canonical(labels: readonly string[]): readonly string[] {
  return labels.length < 2 ? labels : [...new Set(labels)].sort();
}

/** Both must hold: conditions of one key are merged, so that equal selections have equal selectors. */
export function intersect(left: readonly Condition[], right: readonly Condition[]): Selector {
  const [one, other] = [left[0], right[0]];
  if (left.length === 1 && right.length === 1 && one?.kind === 'in' && other?.kind === 'in') {
    if (one.key !== other.key) return one.key < other.key ? [one, other] : [other, one];
  }
  const merged = left.slice();
  for (const condition of right) {
    const place = merged.findIndex((item) => item.key === condition.key);
    const before = merged[place];
    if (before === undefined) merged.push(condition);
    else merged[place] = meet(before, condition);
  }
  return merged
    .filter((condition) => condition.kind === 'in' || condition.labels.length > 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function meet(a: Condition, b: Condition): Condition {
  if (a.kind === 'not' && b.kind === 'not') {
    return { ...a, labels: canonical([...a.labels, ...b.labels]) };
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
  for (const { key, kind, labels } of selector) {
    const label = labelOfKey(key);
    const among = label !== undefined && labels.includes(label);
    if (among !== (kind === 'in')) return false;
  }
  return true;
}
