/**
 * The reference evaluator: slow, obvious, written straight from the policy model, without classes, sets or anything incremental.
 * It shares the vocabulary and address arithmetic with the core and nothing else; tests hold the core against it.
 */
import { ADDRESS_BITS, formatSpan, joinSpans, networkOf, parseAddress } from '@bulkhead/net';
import type { Connection, Decision, EndDecision } from '../decision.ts';
import { isEssential } from '../essential.ts';
import type { PolicyModel, Workload } from '../model.ts';
import type { NetworkProfile, RuleSide } from '../vocabulary.ts';
import { listSpans, sideSpans, virtualSpans, within } from './addresses.ts';
import { statements, type Side, type Statement } from './resolve.ts';
import { portsMatch, rulePorts, virtualPorts } from './services.ts';

interface End {
  readonly own: Workload;
  readonly direction: 'inbound' | 'outbound';
  readonly profile: NetworkProfile;
  readonly interfaceName: string | null;
}

/** Whether a workload enforces anything about itself. */
function hasSay(workload: Workload): boolean {
  return (
    workload.type !== 'unmanaged' && workload.enforcementMode !== 'idle' && !workload.suspended
  );
}

function managesExternals(workload: Workload): boolean {
  const [major = 0, minor = 0] = (workload.venVersion ?? '0.0').split('.').map(Number);
  return major * 1000 + minor >= 22_003;
}

function endOf(
  model: PolicyModel,
  end: Connection['source'],
  direction: End['direction'],
): End | null {
  const own = model.workloads.find((workload) => workload.href === end.workload);
  if (own === undefined || !hasSay(own)) return null;
  const item = own.interfaces.find((candidate) =>
    end.interfaceName === null
      ? candidate.addresses.some(({ address }) => sameAddress(address, end.address))
      : candidate.name === end.interfaceName,
  );
  const profile = own.type === 'endpoint' ? (item?.networkProfile ?? 'corporate') : 'corporate';
  if (profile === 'external' && !managesExternals(own)) return null;
  return { own, direction, profile, interfaceName: item?.name ?? end.interfaceName };
}

function sameAddress(left: string, right: string): boolean {
  const a = parseAddress(left);
  const b = parseAddress(right);
  return a !== null && b !== null && a.family === b.family && a.value === b.value;
}

function profileFits(statement: Statement, profile: NetworkProfile): boolean {
  const { networkType } = statement.item;
  return networkType === 'all' || (networkType === 'brn') === (profile === 'corporate');
}

function isOn(side: Side, workload: Workload): boolean {
  return [...side.byLabel, ...side.explicit].some(({ href }) => href === workload.href);
}

/** Virtual services of a side that the workload is bound to. */
function boundTo(side: Side, workload: Workload): Side['virtual'] {
  return side.virtual.filter((item) => item.workloads.includes(workload.href));
}

function matches(
  model: PolicyModel,
  statement: Statement,
  at: { readonly connection: Connection; readonly end: End },
): boolean {
  const { connection, end } = at;
  if (!profileFits(statement, end.profile)) return false;
  const asked = (ports: ReturnType<typeof rulePorts>) => portsMatch(ports, connection);
  const peer = end.direction === 'inbound' ? connection.source : connection.destination;
  const address = parseAddress(peer.address);
  if (address === null) return false;
  const span = networkOf(address, ADDRESS_BITS[address.family]);
  const { providers, consumers, subnets } = statement;
  const holds = (side: Side, name: RuleSide) =>
    within(sideSpans(model, side, subnets.includes(name)), span);

  if (end.direction === 'inbound') {
    const peerHeld =
      holds(consumers, 'consumers') ||
      consumers.virtual.some((item) => within(virtualSpans(model, item), span));
    const asProvider =
      (isOn(providers, end.own) && asked(rulePorts(model, statement, end))) ||
      boundTo(providers, end.own).some((item) => asked(virtualPorts(model, item, end)));
    return peerHeld && asProvider;
  }
  if (!isOn(consumers, end.own) && boundTo(consumers, end.own).length === 0) return false;
  if (!userFits(statement, at)) return false;
  const ruleServices = asked(rulePorts(model, statement, end));
  if (statement.kind === 'boundary') {
    return ruleServices && within(providers.lists.flatMap(listSpans), span);
  }
  return (
    (ruleServices && (holds(providers, 'providers') || isNamed(providers, peer.fqdn))) ||
    providers.virtual.some(
      (item) => asked(virtualPorts(model, item, end)) && within(virtualSpans(model, item), span),
    )
  );
}

/** A rule for user groups is for these users, on a host that can tell them. */
function userFits(
  { principals }: Statement,
  { connection, end }: { readonly connection: Connection; readonly end: End },
): boolean {
  if (principals.length === 0) return true;
  if (end.own.osFamily !== 'windows') return false;
  return (connection.source.principals ?? []).some((sid) => principals.includes(sid));
}

function isNamed(side: Side, fqdn: string | null): boolean {
  if (fqdn === null) return false;
  const name = fqdn.toLowerCase().replace(/\.$/, '');
  return side.lists
    .flatMap((list) => list.fqdns)
    .map((pattern) => pattern.toLowerCase())
    .some((pattern) =>
      pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern,
    );
}

/** `decide` by the reference evaluator; work grows with everything there is. */
export function naiveDecide(model: PolicyModel, connection: Connection): Decision {
  const outbound = decideAt(model, connection, 'outbound');
  const inbound = decideAt(model, connection, 'inbound');
  const said = [outbound?.decision, inbound?.decision];
  const decision = said.includes('blocked')
    ? 'blocked'
    : said.includes('potentially_blocked')
      ? 'potentially_blocked'
      : 'allowed';
  return { decision, outbound, inbound };
}

function decideAt(
  model: PolicyModel,
  connection: Connection,
  direction: End['direction'],
): EndDecision | null {
  const ownEnd = direction === 'outbound' ? connection.source : connection.destination;
  const end = endOf(model, ownEnd, direction);
  if (end === null) return null;
  const mode = end.own.enforcementMode;
  const facts = {
    workload: end.own.href,
    mode,
    interfaceName: end.interfaceName,
    networkProfile: end.profile,
  };
  const { ipv6Mode } = model.firewallSettings;
  const isIpv6 = parseAddress(connection.destination.address)?.family === 6;
  if (isIpv6 && ipv6Mode !== 'policy_based' && !isEssential(connection)) {
    const dropped = mode === 'visibility_only' ? 'potentially_blocked' : 'blocked';
    const decision = ipv6Mode === 'allow_all' ? 'allowed' : dropped;
    return { ...facts, decision, reason: 'ipv6_mode', rules: [], boundaries: [] };
  }
  const matching = statements(model).filter((item) => matches(model, item, { connection, end }));
  const rules = named(matching, 'rule');
  const boundaries = named(matching, 'boundary');
  const reason = isEssential(connection)
    ? 'essential'
    : rules.length > 0
      ? 'rule'
      : boundaries.length > 0
        ? 'boundary'
        : 'default';
  const passes = reason === 'essential' || reason === 'rule';
  const drops = mode === 'full' || (mode === 'selective' && reason === 'boundary');
  const decision = passes ? 'allowed' : drops ? 'blocked' : 'potentially_blocked';
  return { ...facts, decision, reason, rules, boundaries };
}

/** Each once, in the order of hrefs. */
function named(matching: readonly Statement[], kind: Statement['kind']) {
  const items = matching.filter((one) => one.kind === kind).map(({ item }) => item);
  return [...new Map(items.map((item) => [item.href, item])).values()]
    .map(({ href, name, version }) => ({ href, name, version }))
    .sort((a, b) => (a.href < b.href ? -1 : 1));
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
  const external = workload.type === 'endpoint' && managesExternals(workload);
  const spans = statements(model)
    .filter(({ item }) => item.href === rule.href)
    .filter(({ item }) => item.networkType !== 'non_brn' || external)
    .flatMap((statement) =>
      rule.side === 'consumers'
        ? consumersFor(model, statement, workload)
        : providersFor(model, statement, workload),
    );
  return joinSpans(spans).map(formatSpan);
}

/** The consumers that a provider is told of. */
function consumersFor(model: PolicyModel, statement: Statement, own: Workload) {
  const { providers, consumers, subnets } = statement;
  const at = { own, direction: 'inbound' } as const;
  const offers =
    (isOn(providers, own) && rulePorts(model, statement, at).length > 0) ||
    boundTo(providers, own).some((item) => virtualPorts(model, item, at).length > 0);
  if (!offers) return [];
  return [
    ...sideSpans(model, consumers, subnets.includes('consumers')),
    ...consumers.virtual.flatMap((item) => virtualSpans(model, item)),
  ];
}

/** The providers that a consumer is told of; of a boundary its IP lists alone. */
function providersFor(model: PolicyModel, statement: Statement, own: Workload) {
  const { providers, consumers, subnets } = statement;
  const at = { own, direction: 'outbound' } as const;
  if (!isOn(consumers, own) && boundTo(consumers, own).length === 0) return [];
  if (statement.principals.length > 0 && own.osFamily !== 'windows') return [];
  const ruleSays = rulePorts(model, statement, at).length > 0;
  if (statement.kind === 'boundary') return ruleSays ? providers.lists.flatMap(listSpans) : [];
  return [
    ...(ruleSays ? sideSpans(model, providers, subnets.includes('providers')) : []),
    ...providers.virtual
      .filter((item) => virtualPorts(model, item, at).length > 0)
      .flatMap((item) => virtualSpans(model, item)),
  ];
}
