import {
  NETWORK_PROFILES,
  type AddressSet,
  type HostPolicy,
  type HostRule,
  type NetworkProfile,
  type NetworkType,
  type ServicePort,
} from '@bulkhead/policy';
import { canonicalAddress } from '@bulkhead/net';
import { customRules } from '../iptables/custom-rules.ts';
import { listEssential } from './essential.ts';
import { groupRules, sortByServices } from './groups.ts';
import { groupInterfaces } from './interfaces.ts';
import { membersOf } from './members.ts';
import { nameSetId } from './names.ts';
import { PlanError } from './plan-error.ts';
import type {
  Direction,
  Endpoint,
  FirewallPlan,
  HostFacts,
  LogEntry,
  PlanRule,
  PlanSet,
  PlanVerdict,
} from './plan.ts';
import { matchServices, replyServices } from './services.ts';
import { createVerdictMaker, type VerdictMaker } from './verdicts.ts';

/** What `buildPlan` makes a plan from. */
export interface PlanInput {
  readonly policy: HostPolicy;
  /** Every set that the policy names, by id; others are ignored. */
  readonly sets: ReadonlyMap<string, AddressSet>;
  readonly host: HostFacts;
}

/**
 * The plan of a host: its policy on its interfaces, with what must always pass. Equal input gives an equal plan.
 * Left out is what matches nothing here: a rule without peers, a rule for user groups and a service of a program, which
 * need a host that can tell (Windows).
 *
 * @throws PlanError when the policy names a set that is not given or has a custom iptables rule that cannot be said, or a
 *   fact is no address or no port.
 */
export function buildPlan({ policy, sets, host }: PlanInput): FirewallPlan {
  const verdicts = createVerdictMaker(policy);
  const pce = host.pce.map(parseEndpoint);
  const resolvers = host.resolvers.map((text) => parseAddress(text, 'resolver'));
  const interfaces = groupInterfaces(host.interfaces, host.otherInterfaces, policy.managesExternal);
  const names = new Map(
    policy.rules.flatMap((rule) => rule.fqdns.map((name) => [name, nameSetId(name)] as const)),
  );
  const planned = policy.rules.flatMap((rule) => planRule(rule, names, verdicts));
  const rules = sortByServices(planned);
  const custom = customRules(policy, verdicts);
  const essential = listEssential(verdicts, pce, resolvers);
  const inEach = (verdict: (direction: Direction) => PlanVerdict) => ({
    inbound: verdict('inbound'),
    outbound: verdict('outbound'),
  });
  const ipv6 =
    policy.ipv6Mode === 'policy_based' ? null : inEach((direction) => verdicts.ipv6(direction));
  const defaults = inEach((direction) => verdicts.otherwise(direction));
  return {
    policyHash: policy.hash,
    mode: policy.mode,
    visibility: policy.visibility,
    managesExternal: policy.managesExternal,
    ownsTable: policy.mode !== 'idle' && interfaces.manages,
    firewallCoexistence: policy.firewallCoexistence,
    interfaces: interfaces.groups,
    otherInterfaces: host.otherInterfaces,
    pce,
    essential,
    ipv6,
    rules,
    groups: groupRules(rules),
    customRules: custom,
    defaults,
    sets: planSets(rules, policy.rules, sets, names, host.names),
    names,
    logIndex: indexLog([
      ...essential.map((entry) => entry.verdict),
      ...rules.flatMap((rule) => [rule.verdict, rule.reply?.verdict ?? null]),
      ...custom.map((rule) => rule.verdict),
      ipv6?.inbound ?? null,
      ipv6?.outbound ?? null,
      defaults.inbound,
      defaults.outbound,
    ]),
  };
}

const PROFILES: Readonly<Record<NetworkType, readonly NetworkProfile[]>> = {
  brn: ['corporate'],
  non_brn: ['external'],
  all: NETWORK_PROFILES,
};

function planRule(
  rule: HostRule,
  names: ReadonlyMap<string, string>,
  verdicts: VerdictMaker,
): PlanRule[] {
  const { action, direction, origin } = rule;
  const nameSets = rule.fqdns.flatMap((name) => names.get(name) ?? []);
  const peers = [...new Set([...rule.peers, ...nameSets])];
  const services = rule.services.filter(isOfAnyProgram);
  if (peers.length === 0 || services.length === 0 || rule.principals.length > 0) return [];
  const stateless = rule.stateless && action === 'allow';
  const opposite = direction === 'inbound' ? 'outbound' : 'inbound';
  const matched = matchServices(services);
  return [
    {
      action,
      direction,
      profiles: PROFILES[rule.networkType],
      peers,
      services: matched,
      stateless,
      verdict: verdicts[action](direction, origin),
      reply: stateless
        ? { services: replyServices(matched), verdict: verdicts.allow(opposite, origin) }
        : null,
    },
  ];
}

function isOfAnyProgram({ process, windowsService }: ServicePort): boolean {
  return process === undefined && windowsService === undefined;
}

function planSets(
  rules: readonly PlanRule[],
  policyRules: readonly HostRule[],
  given: ReadonlyMap<string, AddressSet>,
  names: ReadonlyMap<string, string>,
  resolved: ReadonlyMap<string, readonly string[]>,
): Map<string, PlanSet> {
  const sets = new Map<string, PlanSet>();
  for (const [name, id] of names) {
    const hosts = (resolved.get(name) ?? []).map((text) =>
      parseAddress(text, `address of ${name}`),
    );
    sets.set(id, { id, hosts: membersOf(hosts), ranges: membersOf([]), hasRanges: false });
  }
  for (const id of new Set(rules.flatMap((rule) => rule.peers))) {
    if (sets.has(id)) continue;
    const set = given.get(id);
    if (set === undefined) {
      const users = policyRules.filter((rule) => rule.peers.includes(id));
      throw new PlanError(
        `address set ${id} of ${users.map((rule) => rule.origin.href).join(', ')} is not among the ${given.size} given`,
      );
    }
    sets.set(id, {
      id,
      hosts: membersOf(set.hosts),
      ranges: membersOf(set.ranges),
      // what an empty set stands for cannot be told
      hasRanges: set.ranges.length > 0 || set.hosts.length === 0,
    });
  }
  return new Map([...sets].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function indexLog(verdicts: readonly (PlanVerdict | null)[]): Map<string, LogEntry> {
  const index = new Map<string, LogEntry>();
  for (const verdict of verdicts) {
    if (verdict === null || verdict.logPrefix === null) continue;
    const { decision, direction, reason, origins, essential } = verdict;
    index.set(verdict.logPrefix, { decision, direction, reason, origins, essential });
  }
  return index;
}

function parseEndpoint({ address, port }: Endpoint): Endpoint {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new PlanError(`port ${port} of the PCE at ${address} is not between 1 and 65535`);
  }
  return { address: parseAddress(address, 'PCE address'), port };
}

function parseAddress(text: string, what: string): string {
  const address = canonicalAddress(text);
  if (address === null) throw new PlanError(`${what} "${text}" is not an IPv4 or IPv6 address`);
  return address;
}
