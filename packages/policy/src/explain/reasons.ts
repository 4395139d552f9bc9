/** Rules and boundaries that match at an end, and through what each side does. */
import { parseAddress } from '@bulkhead/net';
import { fqdnMatches } from '../fqdn.ts';
import type { IngressService, ServicePort, VirtualService, Workload } from '../model.ts';
import type { RuleSide } from '../vocabulary.ts';
import { ipListRange, virtualServiceRange } from './addresses.ts';
import type { EndContext } from './context.ts';
import { labelsOf, selectsWorkload } from './labels.ts';
import type { LabelledPeer } from './peers.ts';
import type { MatchReason, ServiceMatch, StatementMatch } from './explanation.ts';
import type { ExplainPart, ExplainUnit, PeerForm, UnitOrigin } from './lookup.ts';
import { namedRef, refOf, statementRef, workloadRef } from './refs.ts';
import { isAllWorkloads, matchedConditions } from './side-labels.ts';
import { principalsFit, profileFits } from './weigh.ts';

/** How a unit matches at an end; null: it does not. */
export function matchOf(
  unit: ExplainUnit,
  origin: UnitOrigin,
  ctx: EndContext,
): StatementMatch | null {
  if (!profileFits(unit, ctx) || !principalsFit(unit, ctx)) return null;
  const providers = unit.providers.filter(
    (part) =>
      // a boundary is enforced outbound only towards IP lists (PS-40)
      (unit.action === 'allow' || ctx.inbound || part.source.kind === 'ip_list') &&
      isOn(part, 'providers', ctx) &&
      ctx.fits(part.services ?? unit.services, unit.action),
  );
  const consumers = unit.consumers.filter((part) => isOn(part, 'consumers', ctx));
  const [provider] = providers;
  if (provider === undefined || consumers.length === 0) return null;
  const service = serviceOf(unit, origin, provider, ctx);
  if (service === null) return null;
  const reasons = (parts: readonly ExplainPart[], side: RuleSide) =>
    parts.flatMap((part) => reasonOf(part, { unit, origin, side, ctx }));
  return {
    ...statementRef(unit, origin, ctx.find),
    providers: reasons(providers, 'providers'),
    consumers: reasons(consumers, 'consumers'),
    service,
    principals: ctx.inbound ? [] : unit.principals,
  };
}

function isOn(part: ExplainPart, side: RuleSide, ctx: EndContext): boolean {
  return side === ctx.ownSide ? ctx.member(part) : ctx.holds(part);
}

interface ReasonContext {
  readonly unit: ExplainUnit;
  readonly origin: UnitOrigin;
  readonly side: RuleSide;
  readonly ctx: EndContext;
}

/** Why the end is on the side by this part, which is so. */
function reasonOf(part: ExplainPart, of: ReasonContext): MatchReason | [] {
  const { ctx } = of;
  const { source } = part;
  if (of.side === ctx.ownSide) {
    if (source.kind === 'selector') return byLabels(ctx.own, of);
    const workload = workloadRef(ctx.own);
    if (source.kind !== 'virtual_service') return { kind: 'workload', workload };
    const virtualService = namedRef(source.href, ctx.find.virtualService(source.href));
    return { kind: 'virtual_service', virtualService, workload, range: null };
  }
  switch (source.kind) {
    case 'selector':
      return byPeerLabels(source, of);
    case 'workloads': {
      const holder = holderAmong(source.hrefs, ctx);
      return holder === null ? [] : { kind: 'workload', workload: workloadRef(holder) };
    }
    case 'virtual_service':
      return byVirtualService(source.href, ctx);
    case 'ip_list':
      return byIpList(source.href, part, ctx);
  }
}

function byLabels(workload: Workload, of: ReasonContext): MatchReason {
  const kind = isAllWorkloads(of.origin, of.side) ? 'ams' : 'label';
  return { kind, ...conditionsMet(workload, of) };
}

function conditionsMet(workload: Workload, { ctx, ...of }: ReasonContext) {
  const { find } = ctx;
  const conditions = matchedConditions({ ...of, find }, labelsOf(workload, find));
  return { workload: workloadRef(workload), conditions };
}

function byPeerLabels(
  source: Extract<ExplainPart['source'], { kind: 'selector' }>,
  of: ReasonContext,
): MatchReason | [] {
  const { ctx } = of;
  const holder = peersInOrder(ctx, source.form).find(({ labels }) =>
    selectsWorkload(source.selector, labels),
  );
  if (holder === undefined) return [];
  const { workload, member } = holder;
  // a host prefix or a refused subnet is the address itself: no network took part
  if (parseAddress(member) !== null) return byLabels(workload, of);
  return { kind: 'subnet', network: member, ...conditionsMet(workload, of) };
}

/** Peers by the address, the workload that the connection names first. */
function peersInOrder(ctx: EndContext, form: PeerForm): readonly LabelledPeer[] {
  const named = ctx.peerEnd.workload;
  return ctx.peers(form).all.toSorted((a, b) => {
    const [left, right] = [a.workload.href, b.workload.href];
    if (left === named || right === named) return left === named ? -1 : 1;
    return left < right ? -1 : 1;
  });
}

function holderAmong(hrefs: readonly string[], ctx: EndContext): Workload | null {
  const holder = peersInOrder(ctx, 'addresses').find(({ workload }) =>
    hrefs.includes(workload.href),
  );
  return holder?.workload ?? null;
}

function byVirtualService(href: string, ctx: EndContext): MatchReason | [] {
  const item = ctx.find.virtualService(href);
  if (item === undefined || ctx.address === null) return [];
  const virtualService = refOf(item);
  const range = virtualServiceRange(item, ctx.address);
  const bound = range === null ? holderAmong(item.workloads, ctx) : null;
  const workload = bound === null ? null : workloadRef(bound);
  return { kind: 'virtual_service', virtualService, workload, range };
}

function byIpList(href: string, part: ExplainPart, ctx: EndContext): MatchReason | [] {
  const list = ctx.find.ipList(href);
  if (list === undefined) return [];
  const { fqdn } = ctx.peerEnd;
  const range = ctx.address === null ? null : ipListRange(list, ctx.address);
  const pattern =
    fqdn === null || ctx.inbound ? undefined : part.fqdns.find((item) => fqdnMatches(item, fqdn));
  return { kind: 'ip_list', ipList: refOf(list), range, fqdn: pattern ?? null };
}

interface WrittenService {
  readonly service: ServiceMatch['service'];
  readonly virtualService: ServiceMatch['virtualService'];
  readonly ports: readonly ServicePort[];
}

/** The entry, as it was written, that the connection fits. */
function serviceOf(
  unit: ExplainUnit,
  origin: UnitOrigin,
  provider: ExplainPart,
  ctx: EndContext,
): ServiceMatch | null {
  for (const { service, virtualService, ports } of writtenServices(origin, provider, ctx)) {
    const port = ports.find((entry) => ctx.fits([entry], unit.action));
    if (port !== undefined) return { service, virtualService, port };
  }
  return null;
}

function writtenServices(
  origin: UnitOrigin,
  { source, services }: ExplainPart,
  { find }: EndContext,
): readonly WrittenService[] {
  const written = (
    item: IngressService | VirtualService['service'],
    virtualService: WrittenService['virtualService'],
  ): WrittenService => {
    if ('port' in item) return { service: null, virtualService, ports: [item.port] };
    if ('ports' in item) return { service: null, virtualService, ports: item.ports };
    const service = find.service(item.href);
    const ports = service?.ports ?? [];
    return { service: namedRef(item.href, service), virtualService, ports };
  };
  if (services !== null && source.kind === 'virtual_service') {
    const item = find.virtualService(source.href);
    return item === undefined ? [] : [written(item.service, refOf(item))];
  }
  const { ingressServices } = origin.kind === 'rule' ? origin.rule : origin.boundary;
  return ingressServices.map((item) => written(item, null));
}
