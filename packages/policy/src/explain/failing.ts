/** The conditions that keep a rule from matching at an end, each with what would let it hold. As many as `weigh` and `failsByDisabled` count. */
import type { Condition } from '../engine/conditions.ts';
import type { Workload } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import type { EndContext } from './context.ts';
import { conditionHolds, type LabelsByKey } from './labels.ts';
import type { FailingCondition, LabelRef, Suggestion } from './explanation.ts';
import type { ExplainUnit, UnitOrigin } from './lookup.ts';
import { labelRef, namedRef, refOf, workloadRef } from './refs.ts';
import { whoAsks } from './side-labels.ts';
import {
  addAddress,
  addService,
  askedService,
  keepsPeerWithout,
  labelsThatKeepPeer,
  nameOnSide,
  widenNetworkType,
} from './suggest.ts';
import { listToExtend, principalsFit, profileFits, wayOf, type SideWay } from './weigh.ts';

/** Of an allow rule that `weigh` gives a number. */
export function failingConditions(
  unit: ExplainUnit,
  origin: UnitOrigin,
  ctx: EndContext,
): FailingCondition[] {
  const rule = { unit, origin, ctx };
  const providers = wayOf(unit, 'providers', ctx);
  return [
    ...failingSwitches(rule),
    ...failingSide(rule, 'providers', providers),
    ...failingSide(rule, 'consumers', wayOf(unit, 'consumers', ctx)),
    ...(providers.serviceFits ? [] : [failingService(rule, providers)]),
    ...failingPrincipals(rule),
  ];
}

interface Examined {
  readonly unit: ExplainUnit;
  readonly origin: UnitOrigin;
  readonly ctx: EndContext;
}

/** What stands in the way of the rule whoever connects. */
function failingSwitches({ unit, origin, ctx }: Examined): FailingCondition[] {
  const failing: FailingCondition[] = [];
  const { reason, interfaceName, networkProfile } = ctx.decided;
  if (reason === 'ipv6_mode') {
    failing.push({
      kind: 'ipv6_mode',
      suggestion: { kind: 'ipv6_mode', to: 'policy_based' },
    });
  }
  if (origin.kind === 'rule') {
    const { rule, ruleSet } = origin;
    const off = [
      ...(ruleSet.enabled ? [] : [{ kind: 'rule_set', ...refOf(ruleSet) } as const]),
      ...(rule.enabled ? [] : [{ kind: 'rule', ...refOf(rule) } as const]),
    ];
    for (const what of off) {
      failing.push({ kind: 'disabled', what, suggestion: { kind: 'enable', what } });
    }
  }
  if (!profileFits(unit, ctx)) {
    const { networkType } = unit;
    const suggestion = widenNetworkType(origin);
    failing.push({
      kind: 'network_profile',
      interfaceName,
      networkProfile,
      networkType,
      suggestion,
    });
  }
  return failing;
}

function failingSide(rule: Examined, side: RuleSide, way: SideWay): FailingCondition[] {
  if (way.fails === 0) return [];
  const { unit, ctx } = rule;
  const { own, peer } = ctx;
  if (side === ctx.ownSide) {
    return way.part === null
      ? [unnamed(rule, side, own)]
      : failingLabels(rule, { side, way, workload: own, labels: ctx.ownLabels });
  }
  if (way.part === null) {
    const failing = unnamed(rule, side, peer?.workload ?? null);
    const byList = listToExtend(unit[side], ctx) !== null;
    return byList ? [failing] : [failing, ...failingAddress(rule, side, way)];
  }
  if (peer === null) {
    const { address } = ctx.peerEnd;
    const suggestion = addAddress(unit, side, way, ctx);
    return [{ kind: 'no_workload', side, address, suggestion }];
  }
  const { workload, labels } = peer;
  return [
    ...failingAddress(rule, side, way),
    ...failingLabels(rule, { side, way, workload, labels }),
  ];
}

function unnamed(
  { unit, origin, ctx }: Examined,
  side: RuleSide,
  workload: Workload | null,
): FailingCondition {
  const suggestion = nameOnSide(unit, origin, side, ctx);
  if (unit[side].length === 0) return { kind: 'nobody', side, key: null, suggestion };
  const end = side === 'providers' ? ctx.connection.destination : ctx.connection.source;
  return {
    kind: 'not_named',
    side,
    workload: workload === null ? null : workloadRef(workload),
    address: end.address,
    suggestion,
  };
}

/** What keeps the peer's address out of sets, whatever its labels. */
function failingAddress({ unit, ctx }: Examined, side: RuleSide, way: SideWay): FailingCondition[] {
  const { peer } = ctx;
  const form = way.part?.source.kind === 'selector' ? way.part.source.form : 'addresses';
  if (peer === null || ctx.obstacles(form) === 0) return [];
  const failing: FailingCondition[] = [];
  const workload = workloadRef(peer.workload);
  if (peer.offline) {
    failing.push({ kind: 'offline', side, workload, suggestion: { kind: 'online', workload } });
  }
  if (peer.obstacle !== null) {
    const { address } = ctx.peerEnd;
    const suggestion = addAddress(unit, side, way, ctx);
    failing.push({
      kind: 'no_peer_address',
      side,
      workload,
      address,
      why: peer.obstacle,
      suggestion,
    });
  }
  return failing;
}

interface LabelledEnd {
  readonly side: RuleSide;
  readonly way: SideWay;
  readonly workload: Workload;
  readonly labels: LabelsByKey;
}

function failingLabels(rule: Examined, end: LabelledEnd): FailingCondition[] {
  const source = end.way.part?.source;
  if (source?.kind !== 'selector') return [];
  return source.selector
    .filter((condition) => !conditionHolds(condition, end.labels.get(condition.key)))
    .map((condition) => failingLabel(rule, end, condition));
}

function failingLabel(
  rule: Examined,
  { side, workload, labels: held }: LabelledEnd,
  { key, kind, labels }: Condition,
): FailingCondition {
  const { unit, origin, ctx } = rule;
  const { find } = ctx;
  const has = held.get(key);
  // a group may hold what is no label, or is one of another key: nobody can have it
  const known = labels.filter((href) => find.label(href)?.key === key);
  if (kind === 'in' && known.length === 0) return { kind: 'nobody', side, key, suggestion: null };
  return {
    kind: 'label',
    side,
    from: whoAsks({ unit, origin, side, find }, key, has),
    workload: workloadRef(workload),
    key,
    test: kind,
    has: has === undefined ? null : labelRef(has, find),
    labels: known.map((href) => labelRef(href, find)),
    suggestion: changeLabel(rule, { side, workload, key, kind, known }),
  };
}

function changeLabel(
  { unit, ctx }: Examined,
  change: {
    readonly side: RuleSide;
    readonly workload: Workload;
    readonly key: string;
    readonly kind: Condition['kind'];
    readonly known: readonly string[];
  },
): Suggestion | null {
  const { key, kind, known } = change;
  const refs = (hrefs: readonly string[]): LabelRef[] =>
    hrefs.map((href) => labelRef(href, ctx.find));
  const own = change.side === ctx.ownSide;
  const workload = workloadRef(change.workload);
  if (kind === 'not') {
    if (own && !keepsPeerWithout(key, { unit, ctx })) return null;
    return { kind: 'label', workload, key, wants: [], unwanted: refs(known) };
  }
  const wants = own ? labelsThatKeepPeer(known, key, { unit, ctx }) : known;
  if (wants.length === 0) return null;
  return { kind: 'label', workload, key, wants: refs(wants), unwanted: [] };
}

function failingService({ origin, ctx }: Examined, way: SideWay): FailingCondition {
  const { part, services: has } = way;
  const { connection, find, own } = ctx;
  const asked = askedService(connection);
  const suggestion = addService(origin, part, ctx);
  const virtualService =
    part?.services != null && part.source.kind === 'virtual_service'
      ? namedRef(part.source.href, find.virtualService(part.source.href))
      : null;
  const byTraffic = has.filter((port) => ctx.fitsTraffic(port));
  if (byTraffic.length === 0) return { kind: 'service', asked, has, virtualService, suggestion };
  const { process = null, windowsService = null } = connection.destination;
  const { osFamily } = own;
  return {
    kind: 'program',
    process,
    windowsService,
    osFamily,
    has: byTraffic,
    virtualService,
    suggestion,
  };
}

function failingPrincipals({ unit, origin, ctx }: Examined): FailingCondition[] {
  if (origin.kind === 'boundary' || principalsFit(unit, ctx)) return [];
  const { own, connection } = ctx;
  const { osFamily } = own;
  if (osFamily !== 'windows') {
    const workload = workloadRef(own);
    return [{ kind: 'user_groups_unsupported', workload, osFamily, suggestion: null }];
  }
  const has = connection.source.principals ?? null;
  const rule = refOf(origin.rule);
  return [
    {
      kind: 'user_groups',
      wants: unit.principals,
      has,
      suggestion: has === null || has.length === 0 ? null : { kind: 'user_groups', rule, add: has },
    },
  ];
}
