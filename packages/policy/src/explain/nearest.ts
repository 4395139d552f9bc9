/** The rules that come nearest to matching at an end. */
import type { Unit } from '../engine/compile.ts';
import type { EndContext } from './context.ts';
import type { NearestRule } from './explanation.ts';
import { failingConditions } from './failing.ts';
import type { UnitOrigin } from './lookup.ts';
import { scopeOf, statementRef } from './refs.ts';
import { NEVER, weigh } from './weigh.ts';

/** How many are told. */
const TOLD = 3;

interface Candidate {
  readonly unit: Unit;
  readonly origin: UnitOrigin;
  readonly count: number;
}

/** At most three, each rule once, within the scope in which it comes nearest. Order: see `DecidedEnd.nearest`. */
export function nearestRules(ctx: EndContext): NearestRule[] {
  const best: Candidate[] = [];
  for (const unit of ctx.find.units()) consider(unit, best, ctx);
  for (const unit of ctx.find.disabledUnits()) consider(unit, best, ctx);
  return best.map(({ unit, origin }) => ({
    ...statementRef(unit, origin, ctx.find),
    failing: failingConditions(unit, origin, ctx),
  }));
}

function consider(unit: Unit, best: Candidate[], ctx: EndContext): void {
  if (unit.action !== 'allow') return;
  const origin = ctx.find.origin(unit);
  if (origin === undefined) return;
  const limit = best.length < TOLD ? NEVER : (best.at(-1)?.count ?? NEVER);
  const count = weigh(unit, origin, ctx, limit);
  if (count === NEVER) return;
  const candidate = { unit, origin, count };
  const same = best.findIndex((other) => other.unit.href === unit.href);
  const known = best[same];
  if (known !== undefined) {
    if (!comesBefore(candidate, known, ctx)) return;
    best.splice(same, 1);
  }
  const place = best.findIndex((other) => comesBefore(candidate, other, ctx));
  if (place >= 0) best.splice(place, 0, candidate);
  else if (best.length < TOLD) best.push(candidate);
  best.length = Math.min(best.length, TOLD);
}

function comesBefore(left: Candidate, right: Candidate, ctx: EndContext): boolean {
  if (left.count !== right.count) return left.count < right.count;
  const [within, other] = [left, right].map(({ origin }) => ctx.within(scopeOf(origin)));
  if (within !== other) return within === true;
  if (left.unit.href !== right.unit.href) return left.unit.href < right.unit.href;
  return placeOf(left) < placeOf(right);
}

function placeOf({ origin }: Candidate): number {
  return origin.kind === 'rule' ? origin.scopeIndex : 0;
}
