import {
  VISIBILITY_LEVELS,
  type HostPolicy,
  type PolicyDecision,
  type RuleOrigin,
  type VisibilityLevel,
} from '@bulkhead/policy';
import type { RejectAnswer, TranslatedStatement } from '../iptables/statement.ts';
import { createDigests } from './digest.ts';
import type { Direction, EssentialName, PlanVerdict, VerdictReason } from './plan.ts';

interface Outcome {
  readonly direction: Direction;
  readonly reason: VerdictReason;
  readonly origins: readonly RuleOrigin[];
  readonly essential: EssentialName | null;
  readonly decision: PolicyDecision;
  /** What is done when it is blocked, in place of what the policy says. */
  readonly refusal?: { readonly action: 'drop' | 'reject'; readonly answer: RejectAnswer | null };
  /** Packets that only pass through: they have no direction at this host and are not reported. */
  readonly forwarded?: boolean;
}

/** Makes the verdicts of one policy: what the mode does with a reason, and whether its connections are reported. */
export interface VerdictMaker {
  essential(name: EssentialName, direction: Direction): PlanVerdict;
  allow(direction: Direction, origin: RuleOrigin): PlanVerdict;
  deny(direction: Direction, origin: RuleOrigin): PlanVerdict;
  /** Null: the statement decides nothing. */
  custom(statement: TranslatedStatement, origin: RuleOrigin): PlanVerdict | null;
  ipv6(direction: Direction): PlanVerdict;
  otherwise(direction: Direction): PlanVerdict;
}

/** Essential traffic of which every host has so much, and which says so little, that it is never reported. */
const QUIET: ReadonlySet<EssentialName> = new Set([
  'loopback',
  'neighbor_discovery',
  'multicast_listener_discovery',
  'icmp_errors',
]);

export function createVerdictMaker(
  policy: Pick<HostPolicy, 'mode' | 'visibility' | 'blockedConnectionAction' | 'ipv6Mode'>,
): VerdictMaker {
  const digests = createDigests();
  const { mode, visibility } = policy;

  function make(outcome: Outcome): PlanVerdict {
    const { direction, reason, origins, essential, decision, forwarded = false } = outcome;
    const rejects = direction === 'inbound' && policy.blockedConnectionAction === 'reject';
    const refusal =
      outcome.refusal ??
      (rejects ? { action: 'reject', answer: 'default' } : { action: 'drop', answer: null });
    const { action, answer } =
      decision === 'blocked' ? refusal : { action: 'accept' as const, answer: null };
    const named = origins.map((origin) => `${origin.href}@${origin.version}`).join(' ');
    const key = [decision, action, direction, reason, essential ?? '', named];
    if (answer !== null && answer !== 'default') key.push(JSON.stringify(answer));
    if (forwarded) key.push('forwarded');
    const id = digests(key.join(' '));
    const quiet = forwarded || (essential !== null && QUIET.has(essential));
    const logged = !quiet && isReported(visibility, decision);
    return {
      id,
      direction,
      reason,
      origins,
      essential,
      decision,
      action,
      answer,
      logPrefix: logged ? `bh:${decision.charAt(0)}:${direction.charAt(0)}:${id}` : null,
    };
  }

  const denied: PolicyDecision = mode === 'visibility_only' ? 'potentially_blocked' : 'blocked';
  return {
    essential: (essential, direction) =>
      make({ direction, reason: 'essential', origins: [], essential, decision: 'allowed' }),
    allow: (direction, origin) =>
      make({ direction, reason: 'rule', origins: [origin], essential: null, decision: 'allowed' }),
    deny: (direction, origin) =>
      make({
        direction,
        reason: 'boundary',
        origins: [origin],
        essential: null,
        decision: denied,
      }),
    custom({ hook, target }, origin) {
      if (target.kind === 'log' || target.kind === 'return') return null;
      return make({
        direction: hook === 'output' ? 'outbound' : 'inbound',
        reason: 'rule',
        origins: [origin],
        essential: null,
        decision: target.kind === 'accept' ? 'allowed' : denied,
        refusal:
          target.kind === 'reject'
            ? { action: 'reject', answer: target.answer }
            : { action: 'drop', answer: null },
        forwarded: hook === 'forward',
      });
    },
    ipv6: (direction) =>
      make({
        direction,
        reason: 'ipv6_mode',
        origins: [],
        essential: null,
        decision: policy.ipv6Mode === 'block_all' ? denied : 'allowed',
      }),
    otherwise: (direction) =>
      make({
        direction,
        reason: 'default',
        origins: [],
        essential: null,
        decision: mode === 'full' ? 'blocked' : 'potentially_blocked',
      }),
  };
}

function isReported(visibility: VisibilityLevel, decision: PolicyDecision): boolean {
  const level = VISIBILITY_LEVELS.indexOf(visibility);
  const needed = decision === 'blocked' ? 'flow_drops' : 'flow_summary';
  return level >= VISIBILITY_LEVELS.indexOf(needed);
}
