/** How far a rule is from matching at least, by its actors alone: tells the few that are worth compiling from tens of thousands. */
import type { Actor, Rule, RuleSet, Scope } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import type { EndContext } from './context.ts';
import type { LabelsByKey } from './labels.ts';
import { profileFits } from './weigh.ts';

/**
 * Never more than the failing conditions of the rule in any of its scopes, its switches counted. Exact for sides of labels that no group
 * and no exclusion is among; what a side names besides counts as if it matched. Beyond `limit` no more is looked at than to know so: this
 * end first, as nearly all rules are about others.
 */
export function leastFails(ruleSet: RuleSet, rule: Rule, ctx: EndContext, limit: number): number {
  const switches = Number(!rule.enabled) + Number(!ruleSet.enabled);
  const own = { side: ctx.ownSide, labels: ctx.ownLabels, ctx };
  let least = Number.POSITIVE_INFINITY;
  for (const scope of ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes) {
    let sides = leastOfSide(rule, scope, own);
    if (switches + sides <= limit) sides += leastOfPeer(rule, scope, ctx);
    if (sides < least) least = sides;
  }
  const count = switches + least;
  if (count > limit) return count;
  return (
    count +
    Number(ctx.decided.reason === 'ipv6_mode') +
    Number(!profileFits(rule, ctx)) +
    Number(!hasOwnServices(rule) && !servicesFit(rule, ctx))
  );
}

/** Virtual services among the providers are asked for by services of their own (PS-9). */
function hasOwnServices({ providers, resolveLabelsAs }: Rule): boolean {
  return (
    resolveLabelsAs.providers.includes('virtual_services') ||
    providers.some(({ kind }) => kind === 'virtual_service')
  );
}

function servicesFit({ ingressServices }: Rule, ctx: EndContext): boolean {
  return ingressServices.some((item) =>
    ctx.fits('port' in item ? [item.port] : (ctx.find.service(item.href)?.ports ?? [])),
  );
}

/** By whose labels the peer may be selected is known where one workload has the address, and only by its address. */
function leastOfPeer(rule: Rule, scope: Scope, ctx: EndContext): number {
  const { peer, peerSide } = ctx;
  if (rule.useWorkloadSubnets.includes(peerSide)) return 0;
  const others = ctx
    .peers('addresses')
    .all.filter(({ workload }) => workload.href !== peer?.workload.href);
  if (others.length > 0) return 0;
  return leastOfSide(rule, scope, { side: peerSide, labels: peer?.labels ?? null, ctx });
}

interface LabelledSide {
  readonly side: RuleSide;
  /** Null: no workload at all. */
  readonly labels: LabelsByKey | null;
  readonly ctx: EndContext;
}

function leastOfSide(rule: Rule, scope: Scope, { side, labels, ctx }: LabelledSide): number {
  const actors = rule[side];
  if (actors.length === 0 || rule.resolveLabelsAs[side].includes('virtual_services')) return 0;
  if (!actors.every(isOfLabels)) return 0;
  if (labels === null) return 1;
  const all = actors.some(({ kind }) => kind === 'ams');
  const narrowed = side === 'providers' || !rule.unscopedConsumers;
  const failing: string[] = [];
  for (const entries of [all ? [] : actors, narrowed ? scope : []]) {
    for (const entry of entries) {
      const key = plainKey(entry, ctx);
      if (key === null || failing.includes(key)) continue;
      if (!mayHold(entries, labels.get(key))) failing.push(key);
    }
  }
  return failing.length;
}

function isOfLabels({ kind }: Actor): boolean {
  return kind === 'ams' || kind === 'label' || kind === 'label_group';
}

/** Key of a label that is not excluded; null: something else. */
function plainKey(entry: Actor, { find }: EndContext): string | null {
  if (entry.kind !== 'label' || entry.exclusion) return null;
  return find.label(entry.href)?.key ?? null;
}

/** Whether one of the entries is the label, or a group, which is taken for one that holds it. */
function mayHold(entries: readonly Actor[], own: string | undefined): boolean {
  return entries.some((entry) => {
    if (entry.kind === 'label' && !entry.exclusion) return entry.href === own;
    return entry.kind === 'label_group' && !entry.exclusion;
  });
}
