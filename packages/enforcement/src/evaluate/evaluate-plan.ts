import { familyOf, formatAddress, parseAddress, spansHold, type Address } from '@bulkhead/net';
import { fqdnMatches, PROTOCOLS, type PolicyDecision, type RuleOrigin } from '@bulkhead/policy';
import { groupOfInterface } from '../plan/interfaces.ts';
import { hasMember } from '../plan/members.ts';
import { PlanError } from '../plan/plan-error.ts';
import type {
  EssentialName,
  FirewallPlan,
  PlanEssential,
  PlanRule,
  PlanVerdict,
  VerdictReason,
} from '../plan/plan.ts';
import { spansOf } from '../plan/range-spans.ts';
import { servicesMatch } from '../plan/services.ts';
import { decidingStatement } from './custom.ts';
import type { PlanPacket } from './packet.ts';

export type { PlanPacket } from './packet.ts';

/** What the plan does with a packet, and why. */
export interface PlanDecision {
  readonly decision: PolicyDecision;
  readonly action: PlanVerdict['action'];
  readonly reason: VerdictReason;
  readonly essential: EssentialName | null;
  /** Rule or boundary that decides: the first that matches. */
  readonly origins: readonly RuleOrigin[];
  /** All allow rules that match. */
  readonly rules: readonly RuleOrigin[];
  /** All boundaries that match, also where a rule lets the packet cross. */
  readonly boundaries: readonly RuleOrigin[];
  /** Prefix of the log record; null: none is made. */
  readonly logPrefix: string | null;
}

export type PlanEvaluator = (packet: PlanPacket) => PlanDecision | null;

/**
 * Prepares a plan for many packets. The evaluator answers null where the plan has no say: it owns no table, or the
 * interface is not managed. Its address sets are those of now; make another after `withSetDelta`.
 *
 * @throws PlanError when the remote address of a packet is no address.
 */
export function createEvaluator(plan: FirewallPlan): PlanEvaluator {
  const nameOf = new Map([...plan.names].map(([name, id]) => [id, name]));

  function peerMatches(id: string, packet: PlanPacket, remote: Address, text: string): boolean {
    const name = nameOf.get(id);
    if (name !== undefined && packet.remoteName !== null && fqdnMatches(name, packet.remoteName)) {
      return true;
    }
    const set = plan.sets.get(id);
    if (set === undefined) return false;
    return hasMember(set.hosts, text) || spansHold(spansOf(set.ranges, remote.family), remote);
  }

  return (packet) => {
    if (!plan.ownsTable) return null;
    const remote = parseAddress(packet.remoteAddress);
    if (remote === null) {
      throw new PlanError(
        `remote address "${packet.remoteAddress}" is not an IPv4 or IPv6 address`,
      );
    }
    if (packet.interfaceName === 'lo') return LOOPBACK;
    const address = formatAddress(remote);
    const group = groupOfInterface(plan, packet.interfaceName);
    if (group === 'unmanaged') return null;
    const essential = plan.essential.find((entry) => essentialMatches(entry, packet, address));
    if (essential !== undefined) return decide(essential.verdict, [], []);
    const isForwarded = packet.isForwarded === true;
    const custom = isForwarded
      ? null
      : decidingStatement(plan.customRules, { ...packet, remoteAddress: address });
    if (custom?.verdict != null) return decide(custom.verdict, [], []);
    if (remote.family === 6 && plan.ipv6 !== null) {
      return decide(plan.ipv6[packet.direction], [], []);
    }
    const rules: PlanRule[] = [];
    const boundaries: PlanRule[] = [];
    let reply: PlanVerdict | null = null;
    for (const rule of plan.rules) {
      if (!rule.profiles.includes(group)) continue;
      const matches = ruleMatches(rule, packet);
      const replies = reply === null && !isForwarded && isReply(rule, packet);
      if (!matches && !replies) continue;
      if (!rule.peers.some((id) => peerMatches(id, packet, remote, address))) continue;
      if (matches) (rule.action === 'allow' ? rules : boundaries).push(rule);
      if (replies) reply = rule.reply?.verdict ?? null;
    }
    return decide(
      rules[0]?.verdict ?? reply ?? boundaries[0]?.verdict ?? plan.defaults[packet.direction],
      rules,
      boundaries,
    );
  };
}

/** One packet. For several, `createEvaluator` prepares the address sets once. */
export function evaluatePlan(plan: FirewallPlan, packet: PlanPacket): PlanDecision | null {
  return createEvaluator(plan)(packet);
}

/**
 * Makes sure that the VEN still reaches its PCE under a plan. Every address of it passes first of all, so this fails only
 * where the plan knows none, or where something was put before.
 *
 * @throws PlanError that names the address and what would block it.
 */
export function requirePceConnection(plan: FirewallPlan): void {
  if (!plan.ownsTable) return;
  if (plan.pce.length === 0) {
    throw new PlanError(
      'no address of the PCE is known, so the policy could cut the connection to it; it was not applied',
    );
  }
  const evaluate = createEvaluator(plan);
  for (const { address, port } of plan.pce) {
    const decision = evaluate({
      direction: 'outbound',
      interfaceName: null,
      remoteAddress: address,
      protocol: PROTOCOLS.tcp,
      sourcePort: null,
      destinationPort: port,
      icmpType: null,
      icmpCode: null,
      syn: true,
      remoteName: null,
    });
    if (decision === null || decision.action === 'accept') continue;
    const [by] = decision.origins;
    throw new PlanError(
      `the policy would cut the connection to the PCE at ${address} port ${port}: ${
        by === undefined ? `blocked by ${decision.reason}` : `blocked by ${by.href}`
      }; it was not applied`,
    );
  }
}

const LOOPBACK: PlanDecision = {
  decision: 'allowed',
  action: 'accept',
  reason: 'essential',
  essential: 'loopback',
  origins: [],
  rules: [],
  boundaries: [],
  logPrefix: null,
};

function decide(
  verdict: PlanVerdict,
  rules: readonly PlanRule[],
  boundaries: readonly PlanRule[],
): PlanDecision {
  const { decision, action, reason, essential, origins, logPrefix } = verdict;
  return {
    decision,
    action,
    reason,
    essential,
    origins,
    rules: originsOf(rules),
    boundaries: originsOf(boundaries),
    logPrefix,
  };
}

function originsOf(rules: readonly PlanRule[]): RuleOrigin[] {
  const byKey = new Map<string, RuleOrigin>();
  for (const { verdict } of rules) {
    for (const origin of verdict.origins) byKey.set(`${origin.href}@${origin.version}`, origin);
  }
  return [...byKey.values()];
}

function essentialMatches(entry: PlanEssential, packet: PlanPacket, address: string): boolean {
  return (
    entry.direction === packet.direction &&
    entry.protocol === packet.protocol &&
    (entry.family === null || entry.family === familyOf(address)) &&
    (entry.remote === null || entry.remote.includes(address)) &&
    (entry.sourcePort === null || entry.sourcePort === packet.sourcePort) &&
    (entry.destinationPort === null || entry.destinationPort === packet.destinationPort) &&
    (entry.icmpTypes === null ||
      (packet.icmpType !== null && entry.icmpTypes.includes(packet.icmpType))) &&
    !(entry.withoutSyn && packet.syn)
  );
}

function ruleMatches(rule: PlanRule, packet: PlanPacket): boolean {
  const { protocol, destinationPort: port, icmpType, icmpCode } = packet;
  return (
    rule.direction === packet.direction &&
    servicesMatch(rule.services, { protocol, port, icmpType, icmpCode })
  );
}

function isReply({ reply }: PlanRule, packet: PlanPacket): boolean {
  if (reply?.verdict.direction !== packet.direction) return false;
  const { protocol, sourcePort: port, syn } = packet;
  if (protocol === PROTOCOLS.tcp && syn) return false;
  return servicesMatch(reply.services, { protocol, port, icmpType: null, icmpCode: null });
}
