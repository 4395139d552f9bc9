import {
  VISIBILITY_LEVELS,
  type HostPolicy,
  type PolicyDecision,
  type RuleOrigin,
  type VisibilityLevel,
} from '@bulkhead/policy';
import { createDigests } from './digest.ts';
import type { Direction, EssentialName, PlanVerdict, VerdictReason } from './plan.ts';

interface Outcome {
  readonly direction: Direction;
  readonly reason: VerdictReason;
  readonly origins: readonly RuleOrigin[];
  readonly essential: EssentialName | null;
  readonly decision: PolicyDecision;
}

/** Makes the verdicts of one policy: what the mode does with a reason, and whether its connections are reported. */
export interface VerdictMaker {
  essential(name: EssentialName, direction: Direction): PlanVerdict;
  allow(direction: Direction, origin: RuleOrigin): PlanVerdict;
  deny(direction: Direction, origin: RuleOrigin): PlanVerdict;
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
    const { direction, reason, origins, essential, decision } = outcome;
    const refusal =
      direction === 'inbound' && policy.blockedConnectionAction === 'reject' ? 'reject' : 'drop';
    const action = decision === 'blocked' ? refusal : 'accept';
    const named = origins.map((origin) => `${origin.href}@${origin.version}`).join(' ');
    const id = digests([decision, action, direction, reason, essential ?? '', named].join(' '));
    const quiet = essential !== null && QUIET.has(essential);
    const logged = !quiet && isReported(visibility, decision);
    return {
      id,
      ...outcome,
      action,
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
