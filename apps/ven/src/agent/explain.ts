/** Why a connection of this host is decided as it is: asked of the PCE, which sees both ends, or else read off what is enforced here. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ConnectionQuestion, ExplanationWire } from '@bulkhead/contract';
import {
  evaluatePlan,
  type FirewallPlan,
  type PlanDecision,
  type PlanPacket,
} from '@bulkhead/enforcement';
import { ENFORCEMENT_MODES, NETWORK_PROFILES, POLICY_DECISIONS, PROTOCOLS } from '@bulkhead/policy';
import { z } from 'zod';
import { messageOf } from './log.ts';
import { PceError } from './pce-client.ts';
import type { Enforced } from './policy-applier.ts';

/** Stands for the host's own address. */
export const SELF = 'self';

export const explainQuestionSchema = z.object({
  /** Canonical address, or `self`. */
  source: z.string(),
  destination: z.string(),
  protocol: z.number().int(),
  /** Null where the protocol has no ports. */
  port: z.number().int().nullable(),
  icmpType: z.number().int().nullable(),
  icmpCode: z.number().int().nullable(),
});
export type ExplainQuestion = z.infer<typeof explainQuestionSchema>;

const decidingRule = z.object({
  href: z.string(),
  version: z.number(),
  name: z.string().nullable(),
});
const localEnd = z.object({
  direction: z.enum(['inbound', 'outbound']),
  /** Null: the VEN leaves such connections to the host's own firewall. */
  decision: z.enum(POLICY_DECISIONS).nullable(),
  reason: z.string().nullable(),
  /** The rule, custom rule or boundary that gave the decision: the first that matched. */
  decided_by: z.array(decidingRule),
  rules: z.array(decidingRule),
  boundaries: z.array(decidingRule),
  mode: z.enum(ENFORCEMENT_MODES),
  interface: z.string().nullable(),
  network_profile: z.enum(NETWORK_PROFILES).nullable(),
});
export type LocalEnd = z.infer<typeof localEnd>;

export const explainAnswerSchema = z.discriminatedUnion('answered_by', [
  z.object({
    answered_by: z.literal('pce'),
    /** As the API answers `explain`. */
    explanation: z.looseObject({ policy_version: z.number(), text: z.array(z.string()) }),
  }),
  z.object({
    answered_by: z.literal('ven'),
    why_not_pce: z.string(),
    policy_version: z.number(),
    applied_at: z.string(),
    source: z.string(),
    destination: z.string(),
    ends: z.array(localEnd),
  }),
]);
export type ExplainAnswer = z.infer<typeof explainAnswerSchema>;

class ExplainError extends Error {
  override readonly name = 'ExplainError';
}

export interface ExplainDeps {
  readonly ask: (question: ConnectionQuestion) => Promise<ExplanationWire>;
  readonly enforced: () => Enforced | null;
  /** The addresses of the host. */
  readonly ownAddresses: () => readonly string[];
}

/** Rejects with ExplainError, or with the PceError of a question that the PCE refuses. */
export async function explain(
  deps: ExplainDeps,
  question: ExplainQuestion,
): Promise<ExplainAnswer> {
  const source = await addressOf(question.source, question.destination, deps);
  const destination = await addressOf(question.destination, question.source, deps);
  const { protocol, port, icmpType, icmpCode } = question;
  let whyNot: string;
  try {
    const explanation = await deps.ask({
      src_ip: source,
      dst_ip: destination,
      protocol,
      ...(port === null ? {} : { port }),
      ...(icmpType === null ? {} : { icmp_type: icmpType }),
      ...(icmpCode === null ? {} : { icmp_code: icmpCode }),
    });
    return { answered_by: 'pce', explanation };
  } catch (error) {
    if (error instanceof PceError && isRefusal(error)) throw error;
    whyNot = messageOf(error);
  }
  const enforced = deps.enforced();
  if (enforced === null) {
    throw new ExplainError(
      `the PCE did not answer (${whyNot}), and no policy has been applied here yet`,
    );
  }
  const own = new Set(deps.ownAddresses());
  const ends = (['outbound', 'inbound'] as const).filter((direction) =>
    own.has(direction === 'outbound' ? source : destination),
  );
  if (ends.length === 0) {
    throw new ExplainError(
      `neither ${source} nor ${destination} is an address of this host, and the PCE did not answer: ${whyNot}`,
    );
  }
  return {
    answered_by: 'ven',
    why_not_pce: whyNot,
    policy_version: enforced.policy.policy_version,
    applied_at: enforced.appliedAt,
    source,
    destination,
    ends: ends.map((direction) =>
      localView(enforced, { ...question, source, destination }, direction, ends.length === 2),
    ),
  };
}

/** The PCE itself, and no proxy, says that the question is at fault: another answerer would not help. */
function isRefusal({ status, tokens }: PceError): boolean {
  return tokens.length > 0 && [400, 403, 406, 422].includes(status);
}

async function addressOf(text: string, other: string, deps: ExplainDeps): Promise<string> {
  if (text !== SELF) return text;
  const routed = await sourceTowards(other);
  const own = deps.ownAddresses();
  const address = routed ?? own.find((candidate) => isIPv6(candidate) === isIPv6(other));
  if (address !== undefined) return address;
  throw new ExplainError(`this host has no address of the IP version of ${other}`);
}

/** The address that the host would send from; nothing is sent. Null: there is no way there. */
function sourceTowards(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const done = (result: string | null): void => {
      socket.close();
      resolve(result);
    };
    socket.once('error', () => done(null));
    socket.connect(9, address, () => done(socket.address().address));
  });
}

/** What this host's own end says. Connections within the host go over loopback. */
function localView(
  { policy, plan }: Enforced,
  question: ExplainQuestion,
  direction: 'inbound' | 'outbound',
  within: boolean,
): LocalEnd {
  const own = direction === 'outbound' ? question.source : question.destination;
  const interfaceName = within ? 'lo' : (plan.interfaces.byAddress.get(own) ?? null);
  const packet: PlanPacket = {
    direction,
    interfaceName,
    remoteAddress: direction === 'outbound' ? question.destination : question.source,
    protocol: question.protocol,
    sourcePort: null,
    destinationPort: question.port,
    icmpType: question.icmpType,
    icmpCode: question.icmpCode,
    syn: question.protocol === PROTOCOLS.tcp,
    remoteName: null,
  };
  const decision = evaluatePlan(plan, packet);
  const named = (origins: PlanDecision['origins']): LocalEnd['rules'] =>
    origins.map(({ href, version }) => ({ href, version, name: policy.rule_names[href] ?? null }));
  return {
    direction,
    decision: decision?.decision ?? null,
    reason: decision === null ? null : (decision.essential ?? decision.reason),
    decided_by: named(decision?.origins ?? []),
    rules: named(decision?.rules ?? []),
    boundaries: named(decision?.boundaries ?? []),
    mode: policy.policy.mode,
    interface: interfaceName,
    network_profile: within ? null : profileOf(plan, interfaceName),
  };
}

function profileOf(plan: FirewallPlan, name: string | null): LocalEnd['network_profile'] {
  if (name !== null && plan.interfaces.corporate.includes(name)) return 'corporate';
  if (name !== null && plan.interfaces.external.includes(name)) return 'external';
  return plan.interfaces.other === 'unmanaged' ? null : plan.interfaces.other;
}
