/** What the labels of a side ask for: by its own actors, and by the scope that narrows it (PS-3). */
import { conditionsOf, type Condition } from '../engine/conditions.ts';
import type { Actor, ScopeEntry } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import { conditionHolds, type LabelsByKey } from './labels.ts';
import type { MatchedCondition, ObjectRef } from './explanation.ts';
import type { ExplainLookup, ExplainUnit, UnitOrigin } from './lookup.ts';
import { labelRef, refOf, scopeOf } from './refs.ts';

interface Asking {
  readonly from: 'actors' | 'scope';
  readonly entries: readonly ScopeEntry[];
}

/** The actors of a side of a rule or boundary. */
export function actorsOf(origin: UnitOrigin, side: RuleSide): readonly Actor[] {
  return origin.kind === 'rule' ? origin.rule[side] : origin.boundary[side];
}

/** Whether the side stands for every workload (`ams`), within its scope. */
export function isAllWorkloads(origin: UnitOrigin, side: RuleSide): boolean {
  return actorsOf(origin, side).some((actor) => actor.kind === 'ams');
}

/** A side of a rule within one scope, or of a boundary. */
export interface SideOf {
  readonly unit: ExplainUnit;
  readonly origin: UnitOrigin;
  readonly side: RuleSide;
  readonly find: ExplainLookup;
}

function askingOf({ unit, origin, side }: SideOf): readonly Asking[] {
  const entries = actorsOf(origin, side).filter(
    (actor) => actor.kind === 'label' || actor.kind === 'label_group',
  );
  const unscoped = side === 'consumers' && origin.kind === 'rule' && origin.rule.unscopedConsumers;
  return [
    { from: 'actors', entries: isAllWorkloads(origin, side) ? [] : entries },
    { from: 'scope', entries: unscoped ? [] : scopeOf(unit, origin) },
  ];
}

/** Every condition that the side and its scope have for a workload whose labels meet them all. */
export function matchedConditions(of: SideOf, labels: LabelsByKey): MatchedCondition[] {
  const { find } = of;
  return askingOf(of).flatMap(({ from, entries }) =>
    conditionsOf(entries, find).map(({ key, kind }): MatchedCondition => {
      const label = labels.get(key);
      if (label === undefined) return { key, from, test: kind, label: null, through: null };
      const through = kind === 'in' ? groupWith(entries, label, find) : null;
      return { key, from, test: kind, label: labelRef(label, find), through };
    }),
  );
}

/** Who asks for what the label of a key is not. */
export function whoAsks(
  of: SideOf,
  key: string,
  label: string | undefined,
): readonly Asking['from'][] {
  const fails = (condition: Condition) =>
    condition.key === key && !conditionHolds(condition, label);
  return askingOf(of)
    .filter(({ entries }) => conditionsOf(entries, of.find).some(fails))
    .map(({ from }) => from);
}

/** The group that brings the label to a list of entries; null where the list names it itself. */
function groupWith(
  entries: readonly ScopeEntry[],
  label: string,
  find: ExplainLookup,
): ObjectRef | null {
  const included = entries.filter((entry) => !entry.exclusion);
  if (included.some((entry) => entry.href === label)) return null;
  for (const entry of included) {
    const group = entry.kind === 'label_group' ? find.group(entry.href) : undefined;
    if (group !== undefined && groupHolds(group.href, label, find)) return refOf(group);
  }
  return null;
}

function groupHolds(
  href: string,
  label: string,
  find: ExplainLookup,
  seen: Set<string> = new Set(),
): boolean {
  const group = find.group(href);
  if (group === undefined || seen.has(href)) return false;
  seen.add(href);
  return (
    group.labels.includes(label) ||
    group.subGroups.some((sub) => groupHolds(sub, label, find, seen))
  );
}
