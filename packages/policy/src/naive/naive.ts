/**
 * The reference evaluator: slow, obvious, written straight from the policy model, without classes, sets or anything incremental.
 * It shares the vocabulary and address arithmetic with the core and nothing else; tests hold the core against it.
 */
import {
  formatSpan,
  isPeerAddress,
  joinSpans,
  networkOf,
  parseAddress,
  parseRange,
  parseSpan,
  type AddressSpan,
} from '@bulkhead/net';
import type { Connection, Decision, EndDecision } from '../core.ts';
import { isEssential } from '../essential.ts';
import type { IpList, PolicyModel, Rule, ServicePort, Workload } from '../model.ts';
import type { NetworkProfile, RuleSide } from '../vocabulary.ts';
import { statements, type Side, type Statement } from './resolve.ts';

function peerSpans(workload: Workload, subnets: boolean): AddressSpan[] {
  if (!workload.online) return [];
  return workload.interfaces
    .filter((item) => workload.type !== 'endpoint' || item.networkProfile === 'corporate')
    .flatMap((item) => item.addresses)
    .flatMap(({ address: text, prefixLength }) => {
      const address = parseAddress(text);
      if (address === null || !isPeerAddress(address)) return [];
      const shortest = address.family === 4 ? 8 : 32;
      const wide = subnets && workload.type !== 'unmanaged' && prefixLength >= shortest;
      return [networkOf(address, wide ? prefixLength : address.family === 4 ? 32 : 128)];
    });
}

function listHolds(list: IpList, span: AddressSpan): boolean {
  const inside = (exclusion: boolean) =>
    list.ranges
      .filter((range) => range.exclusion === exclusion)
      .some((range) => {
        const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
        if (!parsed.ok) return false;
        const { family, first, last } = parsed.value;
        return family === span.family && first <= span.first && span.last <= last;
      });
  return inside(false) && !inside(true);
}

function portsOf(model: PolicyModel, items: Rule['ingressServices']): ServicePort[] {
  return items.flatMap((item) =>
    'port' in item
      ? [item.port]
      : (model.services.find((service) => service.href === item.href)?.ports ?? []),
  );
}

function virtualPorts(model: PolicyModel, item: Side['virtual'][number]): readonly ServicePort[] {
  return 'ports' in item.service ? item.service.ports : portsOf(model, [item.service]);
}

function portMatches(port: ServicePort, connection: Connection): boolean {
  if (port.protocol === -1) return true;
  if (port.protocol !== connection.protocol) return false;
  if (port.port !== null) {
    const asked = connection.port ?? -1;
    return asked >= port.port && asked <= (port.toPort ?? port.port);
  }
  if (port.icmpType !== null && port.icmpType !== connection.icmpType) return false;
  return port.icmpCode === null || port.icmpCode === connection.icmpCode;
}

/** Whether a side holds an address as a peer of the other side. */
function sideHolds(side: Side, options: { span: AddressSpan; subnets: boolean }): boolean {
  const { span } = options;
  const within = (spans: readonly AddressSpan[]) =>
    spans.some((s) => s.family === span.family && s.first <= span.first && span.last <= s.last);
  return (
    side.byLabel.some((workload) => within(peerSpans(workload, options.subnets))) ||
    side.explicit.some((workload) => within(peerSpans(workload, false))) ||
    side.lists.some((list) => listHolds(list, span))
  );
}

interface End {
  readonly own: Workload;
  readonly profile: NetworkProfile;
  readonly interfaceName: string | null;
}

function endOf(model: PolicyModel, end: Connection['source']): End | null {
  const own = model.workloads.find((workload) => workload.href === end.workload);
  if (own === undefined || own.type === 'unmanaged' || own.enforcementMode === 'idle') return null;
  const item = own.interfaces.find((candidate) =>
    end.interfaceName === null
      ? candidate.addresses.some(({ address }) => address === end.address)
      : candidate.name === end.interfaceName,
  );
  const profile = own.type === 'endpoint' ? (item?.networkProfile ?? 'corporate') : 'corporate';
  if (profile === 'external' && !managesExternals(own)) return null;
  return { own, profile, interfaceName: item?.name ?? end.interfaceName };
}

function managesExternals(workload: Workload): boolean {
  const [major = 0, minor = 0] = (workload.venVersion ?? '0.0').split('.').map(Number);
  return major * 1000 + minor >= 22_003;
}

function profileFits(statement: Statement, profile: NetworkProfile): boolean {
  const { networkType } = statement.item;
  return networkType === 'all' || (networkType === 'brn') === (profile === 'corporate');
}

function matches(
  model: PolicyModel,
  statement: Statement,
  context: { connection: Connection; end: End; direction: 'inbound' | 'outbound' },
): boolean {
  const { connection, end, direction } = context;
  if (!profileFits(statement, end.profile)) return false;
  const peer = direction === 'inbound' ? connection.source : connection.destination;
  const address = parseAddress(peer.address);
  if (address === null) return false;
  const span: AddressSpan = { family: address.family, first: address.value, last: address.value };
  const ports = portsOf(model, statement.item.ingressServices);
  const ruleServices = ports.some((port) => portMatches(port, connection));
  const virtualServices = (item: Side['virtual'][number]) =>
    virtualPorts(model, item).some((port) => portMatches(port, connection));
  const ownWorkload = (side: Side) =>
    [...side.byLabel, ...side.explicit].some((workload) => workload.href === end.own.href);
  const bound = (item: Side['virtual'][number]) => item.workloads.includes(end.own.href);
  const virtualHolds = (item: Side['virtual'][number]) =>
    [
      ...item.addresses.flatMap((text) => {
        const parsed = parseSpan(text);
        return parsed.ok ? [parsed.value] : [];
      }),
      ...model.workloads
        .filter((workload) => item.workloads.includes(workload.href))
        .flatMap((workload) => peerSpans(workload, false)),
    ].some((s) => s.family === span.family && s.first <= span.first && span.last <= s.last);

  if (direction === 'inbound') {
    const { providers, consumers } = statement;
    const peerHeld =
      sideHolds(consumers, { span, subnets: statement.subnets.includes('consumers') }) ||
      consumers.virtual.some(virtualHolds);
    const asProvider =
      (ownWorkload(providers) && ruleServices) ||
      providers.virtual.some((item) => bound(item) && virtualServices(item));
    return peerHeld && asProvider;
  }
  const { providers, consumers } = statement;
  if (!ownWorkload(consumers) && !consumers.virtual.some(bound)) return false;
  if (statement.kind === 'boundary') {
    return ruleServices && providers.lists.some((list) => listHolds(list, span));
  }
  const { fqdn } = peer;
  const resolved =
    fqdn !== null &&
    providers.lists.some((list) =>
      list.fqdns.some((pattern) =>
        pattern.startsWith('*.')
          ? fqdn.toLowerCase().endsWith(pattern.slice(1).toLowerCase())
          : fqdn.toLowerCase() === pattern.toLowerCase(),
      ),
    );
  return (
    (ruleServices &&
      (resolved ||
        sideHolds(providers, { span, subnets: statement.subnets.includes('providers') }))) ||
    providers.virtual.some((item) => virtualServices(item) && virtualHolds(item))
  );
}

/** `decide` by the reference evaluator; work grows with everything there is. */
export function naiveDecide(model: PolicyModel, connection: Connection): Decision {
  const all = statements(model);
  const decideAt = (direction: 'inbound' | 'outbound'): EndDecision | null => {
    const end = endOf(model, direction === 'outbound' ? connection.source : connection.destination);
    if (end === null) return null;
    const matching = all.filter((item) => matches(model, item, { connection, end, direction }));
    const named = (kind: Statement['kind']) =>
      [
        ...new Map(
          matching.filter((s) => s.kind === kind).map((s) => [s.item.href, s.item]),
        ).values(),
      ]
        .map(({ href, name, version }) => ({ href, name, version }))
        .sort((a, b) => (a.href < b.href ? -1 : 1));
    const rules = named('rule');
    const boundaries = named('boundary');
    const mode = end.own.enforcementMode;
    const reason = isEssential(connection)
      ? 'essential'
      : rules.length > 0
        ? 'rule'
        : boundaries.length > 0
          ? 'boundary'
          : 'default';
    const passes = reason === 'essential' || reason === 'rule';
    const drops = mode === 'full' || (mode === 'selective' && reason === 'boundary');
    return {
      workload: end.own.href,
      decision: passes ? 'allowed' : drops ? 'blocked' : 'potentially_blocked',
      reason,
      rules,
      boundaries,
      mode,
      interfaceName: end.interfaceName,
      networkProfile: end.profile,
    };
  };
  const outbound = decideAt('outbound');
  const inbound = decideAt('inbound');
  const said = [outbound?.decision, inbound?.decision];
  const decision = said.includes('blocked')
    ? 'blocked'
    : said.includes('potentially_blocked')
      ? 'potentially_blocked'
      : 'allowed';
  return { decision, outbound, inbound };
}

/**
 * Addresses that a workload is given as one side of a rule or boundary, as disjoint spans in text. Nothing where the rule gives the
 * workload no part at the other side.
 */
export function naivePeers(
  model: PolicyModel,
  workload: Workload,
  rule: { readonly href: string; readonly side: RuleSide },
): string[] {
  if (workload.type === 'unmanaged' || workload.enforcementMode === 'idle') return [];
  const spans = statements(model)
    .filter((statement) => statement.item.href === rule.href)
    .flatMap((statement) => {
      const own = rule.side === 'consumers' ? statement.providers : statement.consumers;
      const ruleSays = portsOf(model, statement.item.ingressServices).length > 0;
      const saysItself = (item: Side['virtual'][number]) => virtualPorts(model, item).length > 0;
      const byRule = [...own.byLabel, ...own.explicit].some((item) => item.href === workload.href);
      const bound = own.virtual.filter((item) => item.workloads.includes(workload.href));
      const takesPart =
        rule.side === 'consumers'
          ? (byRule && ruleSays) || bound.some(saysItself)
          : byRule || bound.length > 0;
      const external = workload.type === 'endpoint' && managesExternals(workload);
      if (!takesPart || (statement.item.networkType === 'non_brn' && !external)) return [];
      const subnets = statement.subnets.includes(rule.side);
      if (rule.side === 'consumers') {
        return peerSideSpans(model, statement.consumers, { subnets, onlyLists: false });
      }
      const { providers } = statement;
      const none: Side = { ...providers, byLabel: [], explicit: [], lists: [] };
      const offered = {
        ...(ruleSays ? providers : none),
        virtual: providers.virtual.filter(saysItself),
      };
      return peerSideSpans(model, offered, { subnets, onlyLists: statement.kind === 'boundary' });
    });
  return joinSpans(spans).map(formatSpan);
}

function peerSideSpans(
  model: PolicyModel,
  side: Side,
  options: { readonly subnets: boolean; readonly onlyLists: boolean },
): AddressSpan[] {
  const lists = side.lists.flatMap((list) => {
    const of = (exclusion: boolean) =>
      list.ranges
        .filter((range) => range.exclusion === exclusion)
        .flatMap((range) => {
          const parsed =
            range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
          return parsed.ok ? [parsed.value] : [];
        });
    return of(true).reduce(
      (left, hole) => left.flatMap((span) => without(span, hole)),
      joinSpans(of(false)),
    );
  });
  if (options.onlyLists) return lists;
  const bound = model.workloads.filter((workload) =>
    side.virtual.some((item) => item.workloads.includes(workload.href)),
  );
  const own = side.virtual.flatMap((item) =>
    item.addresses.flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [parsed.value] : [];
    }),
  );
  return [
    ...lists,
    ...own,
    ...side.byLabel.flatMap((workload) => peerSpans(workload, options.subnets)),
    ...[...side.explicit, ...bound].flatMap((workload) => peerSpans(workload, false)),
  ];
}

function without(span: AddressSpan, hole: AddressSpan): AddressSpan[] {
  if (span.family !== hole.family || hole.last < span.first || span.last < hole.first)
    return [span];
  const left: AddressSpan[] = [];
  if (span.first < hole.first) left.push({ ...span, last: hole.first - 1n });
  if (hole.last < span.last) left.push({ ...span, first: hole.last + 1n });
  return left;
}
