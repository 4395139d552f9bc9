/**
 * How far a rule is from matching at an end: the number of conditions that fail. Cheap, as it is asked of every rule there is;
 * `failing.ts` names the conditions of the few that come nearest, and counts the same.
 */
import type { Part, Unit } from '../engine/compile.ts';
import type { Selector } from '../engine/conditions.ts';
import type { ServicePort } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import { conditionHolds, type EndContext, type LabelsByKey } from './context.ts';
import type { UnitOrigin } from './lookup.ts';

/** The way in which a side comes nearest to matching. */
export interface SideWay {
  /** What the end would match by; null: it would have to be named. */
  readonly part: Part | null;
  /** Conditions of the side itself that fail. */
  readonly fails: number;
  /** Services that count then, and whether they fit; on consumers always so. */
  readonly services: readonly ServicePort[];
  readonly serviceFits: boolean;
}

/** Never at this end, whatever is changed: the rule makes nobody a member of this end's side. */
export const NEVER = Number.POSITIVE_INFINITY;

/** Number of failing conditions of an allow rule; `NEVER` also as soon as there are more than `limit`. */
export function weigh(unit: Unit, origin: UnitOrigin, ctx: EndContext, limit = NEVER): number {
  if (unit.action !== 'allow' || isAddressesOnly(unit[ctx.ownSide])) return NEVER;
  let count = failsByRule(unit, origin, ctx);
  // this end's side first: nearly all rules are about others, and who the peer is costs more to say
  for (const side of ctx.inbound ? INBOUND : OUTBOUND) {
    if (count > limit) return NEVER;
    const way = wayOf(unit, side, ctx);
    count += way.fails + (way.serviceFits ? 0 : 1);
  }
  return count > limit ? NEVER : count;
}

const INBOUND = ['providers', 'consumers'] as const;
const OUTBOUND = ['consumers', 'providers'] as const;

/** Conditions of the rule as a whole that fail. */
function failsByRule(unit: Unit, origin: UnitOrigin, ctx: EndContext): number {
  let count = ctx.decided.reason === 'ipv6_mode' ? 1 : 0;
  if (!profileFits(unit, ctx)) count += 1;
  if (origin.kind === 'boundary') return count;
  if (!origin.rule.enabled) count += 1;
  if (!origin.ruleSet.enabled) count += 1;
  return principalsFit(origin, ctx) ? count : count + 1;
}

/** PS-30 */
export function profileFits(unit: Unit, ctx: EndContext): boolean {
  if (unit.networkType === 'all') return true;
  return (unit.networkType === 'brn') === (ctx.decided.networkProfile === 'corporate');
}

/** User groups count where the consumer enforces, and only on hosts that can tell users apart. */
export function principalsFit(origin: UnitOrigin, ctx: EndContext): boolean {
  if (ctx.inbound || origin.kind === 'boundary') return true;
  const wanted = origin.rule.consumingSecurityPrincipals;
  if (wanted.length === 0) return true;
  if (ctx.own.osFamily !== 'windows') return false;
  return (ctx.connection.source.principals ?? []).some((sid) => wanted.includes(sid));
}

/** How a side comes nearest: by a part that matches or names the end, by its labels, else by naming the end. Of equals the first. */
export function wayOf(unit: Unit, side: RuleSide, ctx: EndContext): SideWay {
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
  if (best === null) return other;
  const total = (way: SideWay) => way.fails + (way.serviceFits ? 0 : 1);
  return total(other) < total(best) ? other : best;
}

function servicesOfWay(
  unit: Unit,
  part: Part | null,
  side: RuleSide,
  ctx: EndContext,
): Pick<SideWay, 'services' | 'serviceFits'> {
  const services = part?.services ?? unit.services;
  return { services, serviceFits: side === 'consumers' || ctx.fits(services) };
}

/** 0: the end is on the side by this part; null: it is not, and no change of the end itself brings it there. */
function failsOfPart(part: Part, side: RuleSide, ctx: EndContext): number | null {
  const { source } = part;
  if (side === ctx.ownSide) {
    if (source.kind === 'selector') return failingKeys(source.selector, ctx.ownLabels);
    return ctx.member(part) === true ? 0 : null;
  }
  if (ctx.holds(part)) return 0;
  const { peer } = ctx;
  if (source.kind !== 'selector') return names(part, peer) ? ctx.obstacles('addresses') : null;
  return peer === null ? 1 : ctx.obstacles(source.form) + failingKeys(source.selector, peer.labels);
}

/** Whether a part names the peer, whose address is in no set now. */
function names({ members }: Part, peer: EndContext['peer']): boolean {
  return (
    peer !== null && members?.kind === 'workloads' && members.hrefs.includes(peer.workload.href)
  );
}

/** Naming a workload does not help while its address is in no set; an address can be added to an IP list. */
function failsOfNaming(unit: Unit, side: RuleSide, ctx: EndContext): number {
  if (side === ctx.ownSide || listToExtend(unit[side], ctx) !== null) return 1;
  return 1 + ctx.obstacles('addresses');
}

/** The IP list of a side that the peer's address would be added to; null: the peer would be named as a workload, if it is one. */
export function listToExtend(parts: readonly Part[], ctx: EndContext): Part | null {
  const list = parts.find((part) => part.source.kind === 'ip_list');
  if (list === undefined) return null;
  const nameable = ctx.peer !== null && ctx.obstacles('addresses') === 0;
  return isAddressesOnly(parts) || !nameable ? list : null;
}

/** A side that holds addresses and makes nobody a member (PS-7). */
export function isAddressesOnly(parts: readonly Part[]): boolean {
  return parts.length > 0 && parts.every((part) => part.members === null);
}

function failingKeys(selector: Selector, labels: LabelsByKey): number {
  let count = 0;
  for (const condition of selector) {
    if (!conditionHolds(condition, labels.get(condition.key))) count += 1;
  }
  return count;
}
