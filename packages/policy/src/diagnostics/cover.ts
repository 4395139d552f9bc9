/** Whether all that one rule allows is allowed by another, whichever workloads have which labels. */
import { joinSpans, spansCover } from '@bulkhead/net';
import { selects, type Selector } from '../engine/conditions.ts';
import type { IpList, Rule, ServicePort, VirtualService, Workload } from '../model.ts';
import { ANY_PROTOCOL, type RuleSide } from '../vocabulary.ts';
import type { Facts } from './facts.ts';
import type { ResolvedSide, ResolvedStatement } from './statements.ts';

export type CoverPart =
  | { readonly kind: 'selector'; readonly selector: Selector; readonly subnets: boolean }
  | { readonly kind: 'workload'; readonly workload: Workload }
  | { readonly kind: 'ip_list'; readonly list: IpList }
  | { readonly kind: 'virtual_service'; readonly item: VirtualService };

/** A rule within one scope, its sides as parts. */
export interface CoverUnit extends Omit<ResolvedStatement, RuleSide> {
  readonly stateless: boolean;
  readonly providers: readonly CoverPart[];
  readonly consumers: readonly CoverPart[];
}

export function coverUnit(rule: Rule, statement: ResolvedStatement): CoverUnit {
  const parts = (side: RuleSide) =>
    partsOf(statement[side], rule.useWorkloadSubnets.includes(side));
  return {
    ...statement,
    stateless: rule.stateless,
    providers: parts('providers'),
    consumers: parts('consumers'),
  };
}

function partsOf(side: ResolvedSide, subnets: boolean): CoverPart[] {
  const { selector } = side;
  return [
    ...(selector === null ? [] : [{ kind: 'selector', selector, subnets } as const]),
    ...side.explicit.map((workload) => ({ kind: 'workload', workload }) as const),
    ...side.lists.map((list) => ({ kind: 'ip_list', list }) as const),
    ...side.virtual.map((item) => ({ kind: 'virtual_service', item }) as const),
  ];
}

/** Whether each part of `inner` lies within one of `outer`, on each side, and its traffic, interfaces and users do. */
export function covers(outer: CoverUnit, inner: CoverUnit, facts: Facts): boolean {
  if (outer.networkType !== 'all' && outer.networkType !== inner.networkType) return false;
  if (outer.stateless && !inner.stateless) return false;
  if (!coversPrincipals(outer.principals, inner.principals)) return false;
  const onRuleServices = inner.providers.some(({ kind }) => kind !== 'virtual_service');
  if (onRuleServices && !coversServices(outer.services, inner.services)) return false;
  return (['providers', 'consumers'] as const).every((side) =>
    inner[side].every((part) => coversPart(outer[side], part, { side, facts })),
  );
}

function coversPrincipals(outer: readonly string[], inner: readonly string[]): boolean {
  if (outer.length === 0) return true;
  return inner.length > 0 && inner.every((sid) => outer.includes(sid));
}

function coversServices(outer: readonly ServicePort[], inner: readonly ServicePort[]): boolean {
  return inner.every((entry) => outer.some((wider) => coversEntry(wider, entry)));
}

function coversEntry(outer: ServicePort, inner: ServicePort): boolean {
  const { process, windowsService } = outer;
  if (process !== undefined && process.toLowerCase() !== inner.process?.toLowerCase()) return false;
  if (windowsService !== undefined && windowsService !== inner.windowsService) return false;
  if (outer.protocol === ANY_PROTOCOL) return true;
  if (outer.protocol !== inner.protocol) return false;
  if (outer.port !== null) {
    if (inner.port === null) return false;
    return outer.port <= inner.port && (inner.toPort ?? inner.port) <= (outer.toPort ?? outer.port);
  }
  if (outer.icmpType === null) return true;
  if (outer.icmpType !== inner.icmpType) return false;
  return outer.icmpCode === null || outer.icmpCode === inner.icmpCode;
}

function coversPart(
  outer: readonly CoverPart[],
  inner: CoverPart,
  { side, facts }: { readonly side: RuleSide; readonly facts: Facts },
): boolean {
  switch (inner.kind) {
    case 'selector':
      return outer.some(
        (part) =>
          part.kind === 'selector' &&
          (part.subnets || !inner.subnets) &&
          implies(inner.selector, part.selector),
      );
    case 'workload': {
      const { href, labels } = inner.workload;
      const byKey = facts.labelsByKey(labels);
      return outer.some(
        (part) =>
          (part.kind === 'workload' && part.workload.href === href) ||
          (part.kind === 'selector' && selects(part.selector, (key) => byKey.get(key))),
      );
    }
    case 'virtual_service':
      return outer.some(
        (part) => part.kind === 'virtual_service' && part.item.href === inner.item.href,
      );
    case 'ip_list': {
      const lists = outer.flatMap((part) => (part.kind === 'ip_list' ? [part.list] : []));
      return (
        lists.some(({ href }) => href === inner.list.href) ||
        coversList(lists, inner.list, { side, facts })
      );
    }
  }
}

function coversList(
  outer: readonly IpList[],
  inner: IpList,
  { side, facts }: { readonly side: RuleSide; readonly facts: Facts },
): boolean {
  if (outer.length === 0) return false;
  const names = outer.flatMap(({ fqdns }) => fqdns.map((fqdn) => fqdn.toLowerCase()));
  const named = (fqdn: string) => names.some((wider) => coversName(wider, fqdn.toLowerCase()));
  if (side === 'providers' && !inner.fqdns.every(named)) return false;
  const spans = joinSpans(outer.flatMap((list) => facts.spansOf(list)));
  return facts.spansOf(inner).every((span) => spansCover(spans, span));
}

function coversName(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  return outer.startsWith('*.') && inner.replace(/^\*\./, '').endsWith(outer.slice(1));
}

/** Whether whoever `inner` selects is selected by `outer`, whichever labels there are. */
function implies(inner: Selector, outer: Selector): boolean {
  if (inner.some(({ kind, labels }) => kind === 'in' && labels.length === 0)) return true;
  return outer.every((condition) => {
    const own = inner.find(({ key }) => key === condition.key);
    if (own === undefined) return false;
    if (condition.kind === 'in') {
      return own.kind === 'in' && own.labels.every((label) => condition.labels.includes(label));
    }
    return own.kind === 'in'
      ? !own.labels.some((label) => condition.labels.includes(label))
      : condition.labels.every((label) => own.labels.includes(label));
  });
}
