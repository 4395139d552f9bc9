/** Changes that would let a condition hold, or the connection pass. */
import { formatAddress, type Address } from '@bulkhead/net';
import type { ServicePort, Workload } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import { excludes, smallestListFor } from './addresses.ts';
import type { EndContext } from './context.ts';
import { selectsWorkload, type LabelsByKey } from './labels.ts';
import type { AskedService, LabelRef, SuggestedActor, Suggestion } from './explanation.ts';
import type { ExplainPart, ExplainUnit, UnitOrigin } from './lookup.ts';
import { labelRef, refOf, workloadRef } from './refs.ts';
import { actorsOf } from './side-labels.ts';
import { listToExtend, type SideWay } from './weigh.ts';

/** Protocol, port and ICMP type that the connection asks for. */
export function askedService({ protocol, port, icmpType, icmpCode }: AskedService): AskedService {
  return { protocol, port, icmpType, icmpCode };
}

function askedPort(asked: AskedService): ServicePort {
  return { ...askedService(asked), toPort: null };
}

/** The rule, or what stands for its services at a virtual service, with what is asked for added. Null: a service that does not exist. */
export function addService(
  origin: UnitOrigin,
  part: ExplainPart | null,
  ctx: EndContext,
): Suggestion | null {
  const add = askedPort(ctx.connection);
  if (part?.services == null || part.source.kind !== 'virtual_service') {
    return origin.kind === 'boundary'
      ? null
      : { kind: 'service', to: { kind: 'rule', ...refOf(origin.rule) }, add };
  }
  const item = ctx.find.virtualService(part.source.href);
  if (item === undefined) return null;
  if ('ports' in item.service) {
    return { kind: 'service', to: { kind: 'virtual_service', ...refOf(item) }, add };
  }
  const service = ctx.find.service(item.service.href);
  if (service === undefined) return null;
  return { kind: 'service', to: { kind: 'service', ...refOf(service) }, add };
}

/** `all`, where one side is IP lists only, without which the rule may not leave the corporate network (PS-31). */
export function widenNetworkType(origin: UnitOrigin): Suggestion | null {
  if (origin.kind === 'boundary') return null;
  const onlyLists = (side: RuleSide) =>
    actorsOf(origin, side).every((actor) => actor.kind === 'ip_list');
  if (!onlyLists('providers') && !onlyLists('consumers')) return null;
  return { kind: 'network_type', rule: refOf(origin.rule), to: 'all' };
}

/** Naming what a side does not name: the address in its IP list, else the workload itself. */
export function nameOnSide(
  unit: ExplainUnit,
  origin: UnitOrigin,
  side: RuleSide,
  ctx: EndContext,
): Suggestion | null {
  if (origin.kind === 'boundary') return null;
  const rule = refOf(origin.rule);
  if (side === ctx.ownSide) return { kind: 'actor', rule, side, workload: workloadRef(ctx.own) };
  const list = listToExtend(unit[side], ctx);
  if (list !== null) return ctx.address === null ? null : extendList(unit[side], ctx.address, ctx);
  // a workload beside the IP lists of a rule for other networks is refused (PS-31)
  if (ctx.peer === null || unit.networkType !== 'brn') return null;
  return { kind: 'actor', rule, side, workload: workloadRef(ctx.peer.workload) };
}

function extendList(
  parts: readonly ExplainPart[],
  address: Address,
  { find }: EndContext,
): Suggestion | null {
  for (const { source } of parts) {
    const list = source.kind === 'ip_list' ? find.ipList(source.href) : undefined;
    if (list === undefined || excludes(list, address)) continue;
    return { kind: 'address', ipList: refOf(list), add: formatAddress(address) };
  }
  return null;
}

/** The peer's address in an IP list of the side, for a side that would rather have a workload. The rule's own services count then. */
export function addAddress(
  unit: ExplainUnit,
  side: RuleSide,
  { part, serviceFits }: SideWay,
  ctx: EndContext,
): Suggestion | null {
  const { address } = ctx;
  const losesService = side === 'providers' && part?.services != null && serviceFits;
  if (address === null || (losesService && !ctx.fits(unit.services))) return null;
  return extendList(unit[side], address, ctx);
}

/**
 * Those labels of a key that this end could get without losing the other side: a set may hold the peer's address only because this
 * workload itself brings it (the same address twice, or a subnet of its own), by labels that would then change.
 */
export function labelsThatKeepPeer(
  candidates: readonly string[],
  key: string,
  { unit, ctx }: { readonly unit: ExplainUnit; readonly ctx: EndContext },
): string[] {
  const side = unit[ctx.inbound ? 'consumers' : 'providers'];
  if (!side.some((part) => ctx.holds(part))) return [...candidates];
  return candidates.filter((label) => {
    const labels = new Map(ctx.ownLabels).set(key, label);
    return side.some((part) => holdsWith(part, labels, ctx));
  });
}

/** Whether the other side holds the peer whatever label of the key, or none, this end's workload gets. */
export function keepsPeerWithout(
  key: string,
  { unit, ctx }: { readonly unit: ExplainUnit; readonly ctx: EndContext },
): boolean {
  const side = unit[ctx.inbound ? 'consumers' : 'providers'];
  return (
    !side.some((part) => ctx.holds(part)) ||
    side.some(({ source, ...part }) => {
      if (source.kind !== 'selector') return ctx.holds({ source, ...part });
      const free = source.selector.every((condition) => condition.key !== key);
      return ctx
        .peers(source.form)
        .all.some(
          ({ workload, labels }) =>
            (free || workload.href !== ctx.own.href) && selectsWorkload(source.selector, labels),
        );
    })
  );
}

/** Whether a part would hold the peer's address if this end's workload had these labels. */
function holdsWith(part: ExplainPart, ownLabels: LabelsByKey, ctx: EndContext): boolean {
  const { source } = part;
  if (source.kind !== 'selector') return ctx.holds(part);
  return ctx.peers(source.form).all.some(({ workload, labels }) => {
    const own = workload.href === ctx.own.href;
    return selectsWorkload(source.selector, own ? ownLabels : labels);
  });
}

/** A rule for this connection alone, as far as labels can say so. It lets the end pass whatever else there is. */
export function newRule(ctx: EndContext): Suggestion {
  const external = ctx.decided.networkProfile === 'external';
  const own = actorsFor(ctx.own, ctx.ownLabels, ctx);
  const { peer } = ctx;
  const byWorkload = !external && peer !== null && ctx.obstacles('addresses') === 0;
  const other = byWorkload ? actorsFor(peer.workload, peer.labels, ctx) : addressActors(ctx);
  return {
    kind: 'new_rule',
    providers: ctx.inbound ? own : other,
    consumers: ctx.inbound ? other : own,
    service: askedPort(ctx.connection),
    networkType: external ? 'non_brn' : 'brn',
  };
}

function actorsFor(
  workload: Workload,
  labels: LabelsByKey,
  { find }: EndContext,
): SuggestedActor[] {
  if (labels.size === 0) return [{ kind: 'workload', workload: workloadRef(workload) }];
  const refs: LabelRef[] = [...labels.values()].map((href) => labelRef(href, find));
  return refs.sort((a, b) => (a.key < b.key ? -1 : 1)).map((label) => ({ kind: 'label', label }));
}

function addressActors({ address, find }: EndContext): SuggestedActor[] {
  if (address === null) return [];
  const list = smallestListFor(find.ipLists(), address);
  const ipList = list === null ? null : refOf(list);
  return [{ kind: 'address', address: formatAddress(address), ipList }];
}
