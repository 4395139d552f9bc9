/**
 * How far a rule is from matching at an end: the number of conditions that fail. Cheap, as it is asked of every rule there is;
 * `failing.ts` names the conditions of the few that come nearest, and counts the same.
 */
import type { Selector } from '../engine/conditions.ts';
import type { ServicePort } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import type { EndContext } from './context.ts';
import { conditionHolds, type LabelsByKey } from './labels.ts';
import type { ExplainPart, ExplainUnit, UnitOrigin } from './lookup.ts';

/** The way in which a side comes nearest to matching. */
export interface SideWay {
  /** What the end would match by; null: it would have to be named. */
  readonly part: ExplainPart | null;
  /** Conditions of the side itself that fail. */
  readonly fails: number;
  /** Services that count then, and whether they fit; on consumers always so. */
  readonly services: readonly ServicePort[];
  readonly serviceFits: boolean;
}

/** Never at this end, whatever is changed: the rule makes nobody a member of this end's side. */
export const NEVER = Number.POSITIVE_INFINITY;

/**
 * Number of failing conditions of an allow rule, but for being disabled; `NEVER` also as soon as there are more than `limit`. The end's
 * own side comes first: nearly all rules are about others, and who the peer is costs more to say.
 */
export function weigh(unit: ExplainUnit, ctx: EndContext, limit = NEVER): number {
  if (unit.action !== 'allow') return NEVER;
  let count = failsOfSide(unit, ctx.ownSide, ctx);
  if (count > limit) return NEVER;
  if (ctx.decided.reason === 'ipv6_mode') count += 1;
  if (!profileFits(unit, ctx)) count += 1;
  if (!principalsFit(unit, ctx)) count += 1;
  if (count > limit) return NEVER;
  count += failsOfSide(unit, ctx.peerSide, ctx);
  return count > limit ? NEVER : count;
}

/** Switches that are off: the rule, and its ruleset. */
export function failsByDisabled(origin: UnitOrigin | undefined): number {
  if (origin === undefined) return NEVER;
  if (origin.kind === 'boundary') return 0;
  return Number(!origin.rule.enabled) + Number(!origin.ruleSet.enabled);
}

/** As `wayOf` has it, at once for what nearly every side is: labels. `NEVER` where it makes nobody a member of this end's side. */
function failsOfSide(unit: ExplainUnit, side: RuleSide, ctx: EndContext): number {
  const parts = unit[side];
  const only = parts[0];
  if (parts.length !== 1 || only?.source.kind !== 'selector') {
    const never = side === ctx.ownSide && isAddressesOnly(parts);
    return never ? NEVER : total(wayOf(unit, side, ctx));
  }
  const fails = failsOfPart(only, side, ctx) ?? 0;
  return side === 'consumers' || ctx.fits(unit.services) ? fails : fails + 1;
}

/** PS-30 */
export function profileFits(unit: Pick<ExplainUnit, 'networkType'>, ctx: EndContext): boolean {
  if (unit.networkType === 'all') return true;
  return (unit.networkType === 'brn') === (ctx.decided.networkProfile === 'corporate');
}

/** User groups count where the consumer enforces, and only on hosts that can tell users apart. */
export function principalsFit({ principals }: ExplainUnit, ctx: EndContext): boolean {
  if (principals.length === 0 || ctx.inbound) return true;
  if (ctx.own.osFamily !== 'windows') return false;
  return (ctx.connection.source.principals ?? []).some((sid) => principals.includes(sid));
}

/** How a side comes nearest: by a part that matches or names the end, by its labels, else by naming the end. Of equals the first. */
export function wayOf(unit: ExplainUnit, side: RuleSide, ctx: EndContext): SideWay {
  let best: SideWay | null = null;
  let labelled = false;
  for (const part of unit[side]) {
    labelled ||= part.source.kind === 'selector';
    const fails = failsOfPart(part, side, ctx);
    if (fails !== null)
      best = nearer(best, { part, fails, ...servicesOfWay(unit, part, side, ctx) });
  }
  if (best !== null && labelled) return best;
  const fails = failsOfNaming(unit, side, ctx);
  return nearer(best, { part: null, fails, ...servicesOfWay(unit, null, side, ctx) });
}

function nearer(best: SideWay | null, other: SideWay): SideWay {
  return best === null || total(other) < total(best) ? other : best;
}

function total({ fails, serviceFits }: SideWay): number {
  return fails + (serviceFits ? 0 : 1);
}

function servicesOfWay(
  unit: ExplainUnit,
  part: ExplainPart | null,
  side: RuleSide,
  ctx: EndContext,
): Pick<SideWay, 'services' | 'serviceFits'> {
  const services = part?.services ?? unit.services;
  return { services, serviceFits: side === 'consumers' || ctx.fits(services) };
}

/** 0: the end is on the side by this part; null: it is not, and no change of the end itself brings it there. */
function failsOfPart(part: ExplainPart, side: RuleSide, ctx: EndContext): number | null {
  const { source } = part;
  if (side === ctx.ownSide) {
    if (source.kind === 'selector') return failingKeys(source.selector, ctx.ownLabels);
    return ctx.member(part) ? 0 : null;
  }
  if (ctx.holds(part)) return 0;
  const { peer } = ctx;
  if (source.kind !== 'selector') return ctx.namesPeer(part) ? ctx.obstacles('addresses') : null;
  return peer === null ? 1 : ctx.obstacles(source.form) + failingKeys(source.selector, peer.labels);
}

/** Naming a workload does not help while its address is in no set; an address can be added to an IP list. */
function failsOfNaming(unit: ExplainUnit, side: RuleSide, ctx: EndContext): number {
  if (side === ctx.ownSide || listToExtend(unit[side], ctx) !== null) return 1;
  return 1 + ctx.obstacles('addresses');
}

/** The IP list of a side that the peer's address would be added to; null: the peer would be named as a workload, if it is one. */
export function listToExtend(parts: readonly ExplainPart[], ctx: EndContext): ExplainPart | null {
  const list = parts.find((part) => part.source.kind === 'ip_list');
  if (list === undefined) return null;
  const nameable = ctx.peer !== null && ctx.obstacles('addresses') === 0;
  return isAddressesOnly(parts) || !nameable ? list : null;
}

/** A side that holds addresses and makes nobody a member (PS-7). */
export function isAddressesOnly(parts: readonly ExplainPart[]): boolean {
  return parts.length > 0 && parts.every(({ source }) => source.kind === 'ip_list');
}

function failingKeys(selector: Selector, labels: LabelsByKey): number {
  let count = 0;
  for (const condition of selector) {
    if (!conditionHolds(condition, labels.get(condition.key))) count += 1;
  }
  return count;
}
