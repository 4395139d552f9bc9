/** The rules that come nearest to matching at an end. */
import type { Rule, RuleSet } from '../model.ts';
import type { EndContext } from './context.ts';
import type { NearestRule } from './explanation.ts';
import { failingConditions } from './failing.ts';
import { leastFails } from './least-fails.ts';
import type { ExplainUnit } from './lookup.ts';
import { statementRef } from './refs.ts';
import { failsByDisabled, NEVER, weigh } from './weigh.ts';

/** How many are told. */
const TOLD = 3;

interface Candidate {
  readonly unit: ExplainUnit;
  readonly count: number;
  /** Whether this end is within its scope. */
  readonly within: boolean;
}

/** At most three, each rule once, within the scope in which it comes nearest. Order: see `DecidedEnd.nearest`. */
export function nearestRules(ctx: EndContext): NearestRule[] {
  const { find } = ctx;
  const best: Candidate[] = [];
  for (const batch of find.units()) {
    for (const unit of batch) {
      const count = weigh(unit, ctx, limitOf(best));
      if (count < NEVER) insert(unit, count, { best, ctx });
    }
  }
  const mayBeTold = (ruleSet: RuleSet, rule: Rule) => mayRank(ruleSet, rule, { best, ctx });
  for (const batch of find.disabledUnits(mayBeTold)) {
    for (const unit of batch) {
      const disabled = failsByDisabled(find.origin(unit));
      const count = disabled + weigh(unit, ctx, limitOf(best) - disabled);
      if (count < NEVER) insert(unit, count, { best, ctx });
    }
  }
  return best.flatMap(({ unit }) => {
    const origin = find.origin(unit);
    if (origin === undefined) return [];
    const failing = failingConditions(unit, origin, ctx);
    return { ...statementRef(unit, origin, find), failing };
  });
}

/** Whether a rule may come before the last of the best, in any of its scopes. */
function mayRank(ruleSet: RuleSet, rule: Rule, { best, ctx }: Ranking): boolean {
  const last = best.at(-1);
  if (best.length < TOLD || last === undefined) return true;
  const least = leastFails(ruleSet, rule, ctx, last.count);
  if (least !== last.count) return least < last.count;
  if (rule.href <= last.unit.href) return true;
  return !last.within && isWithin(ruleSet, ctx);
}

/** Whether the end is within one of the scopes. */
function isWithin({ href, scopes }: RuleSet, ctx: EndContext): boolean {
  if (scopes.length === 0) return true;
  return scopes.some((_, scopeIndex) => ctx.within({ ruleSet: href, scopeIndex }));
}

/** More failing conditions than this, and a rule is not told. */
function limitOf(best: readonly Candidate[]): number {
  return best.length < TOLD ? NEVER : (best.at(-1)?.count ?? NEVER);
}

interface Ranking {
  readonly best: Candidate[];
  readonly ctx: EndContext;
}

function insert(unit: ExplainUnit, count: number, { best, ctx }: Ranking): void {
  const comesBefore = (other: Candidate) => isNearer(unit, count, { other, ctx });
  const last = best.at(-1);
  if (best.length === TOLD && last !== undefined && !comesBefore(last)) return;
  const same = best.findIndex((other) => other.unit.href === unit.href);
  const known = best[same];
  if (known !== undefined) {
    if (!comesBefore(known)) return;
    best.splice(same, 1);
  }
  const place = best.findIndex(comesBefore);
  best.splice(place < 0 ? best.length : place, 0, { unit, count, within: ctx.within(unit) });
  best.length = Math.min(best.length, TOLD);
}

/** Asks for the unit's scope last: thousands of rules may fail as much as the third best, and their href alone puts most behind it. */
function isNearer(
  unit: ExplainUnit,
  count: number,
  { other, ctx }: { readonly other: Candidate; readonly ctx: EndContext },
): boolean {
  if (count !== other.count) return count < other.count;
  const first =
    unit.href === other.unit.href
      ? unit.scopeIndex < other.unit.scopeIndex
      : unit.href < other.unit.href;
  return other.within ? first && ctx.within(unit) : first || ctx.within(unit);
}
