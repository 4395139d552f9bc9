/** `explain`: a decision with all that led to it, and for what is blocked, what would let it pass. */
import type { Connection, EndDecision } from '../decision.ts';
import { isEssential } from '../essential.ts';
import { PROTOCOLS, type Precedence, type RuleSide } from '../vocabulary.ts';
import { EndContext } from './context.ts';
import type {
  EndExplanation,
  EssentialKind,
  Explanation,
  NoSay,
  StatementMatch,
} from './explanation.ts';
import type { ExplainLookup, ExplainUnit } from './lookup.ts';
import { nearestRules } from './nearest.ts';
import { matchOf } from './reasons.ts';
import { workloadRef } from './refs.ts';
import { newRule } from './suggest.ts';

/**
 * Why the connection is decided as `find.decide` says. The rules and boundaries of each end are those of the decision, every condition
 * that is said to fail fails, and each reason holds. A suggestion, applied, lets its condition hold; the only one of a nearest rule lets
 * the end allow. Work grows with the number of rules where an end blocks; see `ExplainLookup` for what else is asked.
 */
export function explainConnection(connection: Connection, find: ExplainLookup): Explanation {
  const decision = find.decide(connection);
  return {
    connection,
    decision,
    ends: {
      outbound: explainEnd(connection, decision.outbound, { ownSide: 'consumers', find }),
      inbound: explainEnd(connection, decision.inbound, { ownSide: 'providers', find }),
    },
  };
}

function explainEnd(
  connection: Connection,
  decided: EndDecision | null,
  { ownSide, find }: { readonly ownSide: RuleSide; readonly find: ExplainLookup },
): EndExplanation {
  const end = ownSide === 'consumers' ? connection.source : connection.destination;
  const own = end.workload === null ? undefined : find.workload(end.workload);
  const workload = own === undefined ? null : workloadRef(own);
  if (decided === null || own === undefined || workload === null) {
    const why = end.workload === null ? 'external' : whyNoSay(own);
    return { kind: 'no_say', why, workload, interfaceName: end.interfaceName };
  }
  const ctx = new EndContext(find, connection, { decided, own, ownSide });
  const passes = decided.decision === 'allowed';
  const { rules, boundaries } = matches(ctx);
  return {
    kind: 'decided',
    workload,
    decision: decided.decision,
    mode: decided.mode,
    interfaceName: decided.interfaceName,
    networkProfile: decided.networkProfile,
    precedence: PRECEDENCE_OF[decided.reason],
    essential: decided.reason === 'essential' ? essentialKind(connection) : null,
    rules,
    boundaries,
    policyClass: find.policyClass(own.href),
    nearest: passes ? [] : nearestRules(ctx),
    suggestion: passes ? null : wayThrough(ctx),
  };
}

const PRECEDENCE_OF = {
  essential: 'essential',
  ipv6_mode: 'ipv6_mode',
  rule: 'allow',
  boundary: 'deny',
  default: 'default',
} as const satisfies Record<EndDecision['reason'], Precedence | 'ipv6_mode'>;

function whyNoSay(own: ReturnType<ExplainLookup['workload']>): NoSay {
  if (own === undefined) return 'unknown_workload';
  if (own.type === 'unmanaged') return 'unmanaged';
  if (own.suspended) return 'suspended';
  return own.enforcementMode === 'idle' ? 'idle' : 'interface_not_managed';
}

function wayThrough(ctx: EndContext) {
  return ctx.decided.reason === 'ipv6_mode'
    ? ({ kind: 'ipv6_mode', to: 'policy_based' } as const)
    : newRule(ctx);
}

function matches(ctx: EndContext): {
  readonly rules: StatementMatch[];
  readonly boundaries: StatementMatch[];
} {
  const { decided, find } = ctx;
  const named = new Set([...decided.rules, ...decided.boundaries].map(({ href }) => href));
  const rules: StatementMatch[] = [];
  const boundaries: StatementMatch[] = [];
  if (named.size === 0) return { rules, boundaries };
  for (const batch of find.units()) {
    for (const unit of batch) {
      const match = named.has(unit.href) ? matchHere(unit, ctx) : null;
      if (match !== null) (unit.action === 'allow' ? rules : boundaries).push(match);
    }
  }
  return { rules: rules.sort(inOrder), boundaries: boundaries.sort(inOrder) };
}

function matchHere(unit: ExplainUnit, ctx: EndContext): StatementMatch | null {
  const origin = ctx.find.origin(unit);
  return origin === undefined ? null : matchOf(unit, origin, ctx);
}

function inOrder(left: StatementMatch, right: StatementMatch): number {
  if (left.href !== right.href) return left.href < right.href ? -1 : 1;
  return (left.scope?.index ?? 0) - (right.scope?.index ?? 0);
}

const MULTICAST_LISTENER: readonly number[] = [130, 131, 132, 143];
const NEIGHBOUR: readonly number[] = [133, 134, 135, 136];

/** What of essential traffic the connection is; null where it is none. */
export function essentialKind(connection: Connection): EssentialKind | null {
  const { source, destination, protocol, icmpType } = connection;
  if (!isEssential(connection)) return null;
  if (source.workload !== null && source.workload === destination.workload) return 'loopback';
  if (protocol !== PROTOCOLS.icmpv6 || icmpType === null) return 'icmp_error';
  if (MULTICAST_LISTENER.includes(icmpType)) return 'multicast_listener_discovery';
  return NEIGHBOUR.includes(icmpType) ? 'neighbour_discovery' : 'icmp_error';
}
