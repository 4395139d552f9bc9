/** Objects with what people call them. */
import type { ScopeEntry, Workload } from '../model.ts';
import type { LabelRef, ObjectRef, ScopeEntryRef, StatementRef } from './explanation.ts';
import type { ExplainLookup, ExplainUnit, UnitOrigin } from './lookup.ts';

export function refOf({ href, name }: ObjectRef): ObjectRef {
  return { href, name };
}

/** An object by href, which may not exist. */
export function namedRef(href: string, found: { readonly name: string } | undefined): ObjectRef {
  return { href, name: found?.name ?? href };
}

export function workloadRef(workload: Workload): ObjectRef {
  return { href: workload.href, name: workload.name === '' ? workload.href : workload.name };
}

export function labelRef(href: string, find: Pick<ExplainLookup, 'label'>): LabelRef {
  const label = find.label(href);
  return { href, key: label?.key ?? '', value: label?.value ?? '' };
}

export function statementRef(
  unit: ExplainUnit,
  origin: UnitOrigin,
  find: ExplainLookup,
): StatementRef {
  const { href, name, version, networkType } = unit;
  const statement = { href, name, version, networkType };
  if (origin.kind === 'boundary') return { ...statement, ruleSet: null, scope: null };
  const entries = scopeOf(unit, origin).map((entry) => scopeEntryRef(entry, find));
  const scope = { index: unit.scopeIndex, entries };
  return { ...statement, ruleSet: refOf(origin.ruleSet), scope };
}

/** The labels and groups of the scope that a unit stands in; none for boundaries. */
export function scopeOf(
  { scopeIndex }: Pick<ExplainUnit, 'scopeIndex'>,
  origin: UnitOrigin,
): readonly ScopeEntry[] {
  return origin.kind === 'rule' ? (origin.ruleSet.scopes[scopeIndex] ?? []) : [];
}

function scopeEntryRef(entry: ScopeEntry, find: ExplainLookup): ScopeEntryRef {
  const { kind, href, exclusion } = entry;
  if (kind === 'label') {
    const label = find.label(href);
    return { kind, href, key: label?.key ?? '', name: label?.value ?? href, exclusion };
  }
  const group = find.group(href);
  return { kind, href, key: group?.key ?? '', name: group?.name ?? href, exclusion };
}
