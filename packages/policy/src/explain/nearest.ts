/** The rules that come nearest to matching at an end. */
import type { EndContext } from './context.ts';
import type { NearestRule } from './explanation.ts';
import { failingConditions } from './failing.ts';
import type { ExplainUnit, UnitOrigin } from './lookup.ts';
import { scopeOf, statementRef } from './refs.ts';
import { failsByDisabled, NEVER, weigh } from './weigh.ts';

/** How many are told. */
const TOLD = 3;

interface Candidate {
  readonly unit: ExplainUnit;
  readonly origin: UnitOrigin;
  readonly count: number;
}

/** At most three, each rule once, within the scope in which it comes nearest. Order: see `DecidedEnd.nearest`. */
export function nearestRules(ctx: EndContext): NearestRule[] {
  const { find } = ctx;
  const best: Candidate[] = [];
  for (const unit of find.units()) {
    const count = weigh(unit, ctx, limitOf(best));
    const origin = count === NEVER ? undefined : find.origin(unit);
    if (origin !== undefined) insert({ unit, origin, count }, best, ctx);
  }
  for (const unit of find.disabledUnits()) {
    const origin = find.origin(unit);
    if (origin === undefined) continue;
    const disabled = failsByDisabled(origin);
    const count = disabled + weigh(unit, ctx, limitOf(best) - disabled);
    if (count < NEVER) insert({ unit, origin, count }, best, ctx);
  }
  return best.map(({ unit, origin }) => ({
    ...statementRef(unit, origin, find),
    failing: failingConditions(unit, origin, ctx),
  }));
}

/** More failing conditions than this, and a rule is not told. */
function limitOf(best: readonly Candidate[]): number {
  return best.length < TOLD ? NEVER : (best.at(-1)?.count ?? NEVER);
}

function insert(candidate: Candidate, best: Candidate[], ctx: EndContext): void {
  const last = best.at(-1);
  if (best.length === TOLD && last !== undefined && !comesBefore(candidate, last, ctx)) return;
  const same = best.findIndex(({ unit }) => unit.href === candidate.unit.href);
  const known = best[same];
  if (known !== undefined) {
    if (!comesBefore(candidate, known, ctx)) return;
    best.splice(same, 1);
  }
  const place = best.findIndex((other) => comesBefore(candidate, other, ctx));
  best.splice(place < 0 ? best.length : place, 0, candidate);
  best.length = Math.min(best.length, TOLD);
}

function comesBefore(left: Candidate, right: Candidate, ctx: EndContext): boolean {
  if (left.count !== right.count) return left.count < right.count;
  const [within, other] = [isWithin(left, ctx), isWithin(right, ctx)];
  if (within !== other) return within;
  if (left.unit.href !== right.unit.href) return left.unit.href < right.unit.href;
  return left.unit.scopeIndex < right.unit.scopeIndex;
}

function isWithin({ unit, origin }: Candidate, ctx: EndContext): boolean {
  return ctx.within(scopeOf(unit, origin));
}
