/** `decide` over the compiled host policies: what each end's own policy says of a new connection. */
import { familyOf, parseAddress, type Address } from '@bulkhead/net';
import type {
  Connection,
  ConnectionEnd,
  DecidingRule,
  Decision,
  EndDecision,
} from '../decision.ts';
import { isEssential } from '../essential.ts';
import { fqdnMatches } from '../fqdn.ts';
import type { HostPolicy, HostRule } from '../host-policy.ts';
import type { Workload } from '../model.ts';
import { servicesMatch, type ServiceQuery } from '../services.ts';
import type { NetworkProfile, PolicyDecision } from '../vocabulary.ts';
import { managesExternal } from './class-heads.ts';

export interface PolicyLookup {
  workload(href: string): Workload | undefined;
  policy(href: string): HostPolicy | undefined;
  setHolds(id: string, address: Address): boolean;
  ruleName(href: string): string;
}

/** See `PolicyCore.decide`. */
export function decideConnection(connection: Connection, find: PolicyLookup): Decision {
  const outbound = decideEnd(connection, 'outbound', find);
  const inbound = decideEnd(connection, 'inbound', find);
  return { decision: combine([outbound, inbound]), outbound, inbound };
}

function combine(ends: readonly (EndDecision | null)[]): PolicyDecision {
  const said = ends.map((end) => end?.decision);
  if (said.includes('blocked')) return 'blocked';
  return said.includes('potentially_blocked') ? 'potentially_blocked' : 'allowed';
}

function decideEnd(
  connection: Connection,
  direction: HostRule['direction'],
  find: PolicyLookup,
): EndDecision | null {
  const [own, peer] =
    direction === 'outbound'
      ? [connection.source, connection.destination]
      : [connection.destination, connection.source];
  if (own.workload === null) return null;
  const workload = find.workload(own.workload);
  const policy = find.policy(own.workload);
  if (workload === undefined || policy === undefined || policy.mode === 'idle') return null;
  if (workload.suspended) return null;
  const { interfaceName, networkProfile } = interfaceOf(workload, own);
  if (networkProfile === 'external' && !managesExternal(workload)) return null;
  const essential = isEssential(connection);
  const setting = essential ? null : ipv6Setting(policy, connection);
  const matching =
    setting === null
      ? policy.rules.filter(
          (rule) =>
            rule.direction === direction &&
            appliesOn(rule, networkProfile) &&
            forUser(rule, connection.source) &&
            servicesMatch(rule.services, queryOf(connection, direction)) &&
            holdsPeer(rule, peer, find),
        )
      : [];
  const named = (action: HostRule['action']) =>
    distinct(matching.filter((rule) => rule.action === action)).map(({ origin }) => ({
      href: origin.href,
      name: find.ruleName(origin.href),
      version: origin.version,
    }));
  const rules = named('allow');
  const boundaries = named('deny');
  return {
    workload: own.workload,
    ...verdict(policy.mode, { essential, setting, rules, boundaries }),
    rules,
    boundaries,
    mode: policy.mode,
    interfaceName,
    networkProfile,
  };
}

function verdict(
  mode: HostPolicy['mode'],
  matched: {
    readonly essential: boolean;
    readonly setting: 'allow_all' | 'block_all' | null;
    readonly rules: readonly DecidingRule[];
    readonly boundaries: readonly DecidingRule[];
  },
): Pick<EndDecision, 'decision' | 'reason'> {
  if (matched.essential) return { decision: 'allowed', reason: 'essential' };
  if (matched.setting !== null) {
    const blocked = mode === 'visibility_only' ? 'potentially_blocked' : 'blocked';
    const decision = matched.setting === 'allow_all' ? 'allowed' : blocked;
    return { decision, reason: 'ipv6_mode' };
  }
  if (matched.rules.length > 0) return { decision: 'allowed', reason: 'rule' };
  const reason = matched.boundaries.length > 0 ? 'boundary' : 'default';
  const blocks = mode === 'full' || (mode === 'selective' && reason === 'boundary');
  return { decision: blocks ? 'blocked' : 'potentially_blocked', reason };
}

/** What the organization says of all IPv6, when it says anything and the connection is of that family. */
function ipv6Setting(
  { ipv6Mode }: HostPolicy,
  { destination }: Connection,
): 'allow_all' | 'block_all' | null {
  return ipv6Mode === 'policy_based' || familyOf(destination.address) === 4 ? null : ipv6Mode;
}

/** Rules for user groups are for their members alone. */
function forUser({ principals }: HostRule, { principals: groups = [] }: ConnectionEnd): boolean {
  return principals.length === 0 || principals.some((sid) => groups.includes(sid));
}

/** The provider knows what program answers; the consumer does not ask. */
function queryOf(connection: Connection, direction: HostRule['direction']): ServiceQuery {
  const { protocol, port, icmpType, icmpCode, destination } = connection;
  const query = { protocol, port, icmpType, icmpCode };
  if (direction === 'outbound') return query;
  const { process, windowsService } = destination;
  return { ...query, process, windowsService };
}

function appliesOn(rule: HostRule, profile: NetworkProfile): boolean {
  if (rule.networkType === 'all') return true;
  return (rule.networkType === 'brn') === (profile === 'corporate');
}

function holdsPeer(rule: HostRule, peer: ConnectionEnd, find: PolicyLookup): boolean {
  const { fqdn } = peer;
  if (fqdn !== null && rule.fqdns.some((pattern) => fqdnMatches(pattern, fqdn))) return true;
  const address = parseAddress(peer.address);
  return address !== null && rule.peers.some((id) => find.setHolds(id, address));
}

function distinct(rules: readonly HostRule[]): HostRule[] {
  return [...new Map(rules.map((rule) => [rule.origin.href, rule])).values()];
}

function interfaceOf(
  workload: Workload,
  end: ConnectionEnd,
): { readonly interfaceName: string | null; readonly networkProfile: NetworkProfile } {
  const held = workload.interfaces.find((entry) =>
    end.interfaceName !== null
      ? entry.name === end.interfaceName
      : entry.addresses.some(({ address }) => sameAddress(address, end.address)),
  );
  const external = workload.type === 'endpoint' && held?.networkProfile === 'external';
  return {
    interfaceName: held?.name ?? end.interfaceName,
    networkProfile: external ? 'external' : 'corporate',
  };
}

function sameAddress(left: string, right: string): boolean {
  if (left === right) return true;
  const a = parseAddress(left);
  const b = parseAddress(right);
  return a !== null && b !== null && a.family === b.family && a.value === b.value;
}
