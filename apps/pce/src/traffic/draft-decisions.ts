/** What the draft says of flows that were reported, decided by the policy core in bulk. */
import type { DRAFT_DECISIONS, FlowWire } from '@bulkhead/contract';
import { withVersion } from '@bulkhead/contract';
import type { Connection, Decision, EndDecision } from '@bulkhead/policy';
import type { Compute } from '../compute/compute.ts';
import { answerOf } from '../compute/protocol.ts';

type DraftDecision = (typeof DRAFT_DECISIONS)[number];

const WITH_PORTS: readonly number[] = [6, 17, 132];

/** The flows in their order, each with its draft decision and the draft rules that make it. */
export async function withDraftDecisions(
  compute: Compute,
  orgId: number,
  flows: readonly FlowWire[],
): Promise<FlowWire[]> {
  const connections = flows.map(connectionOf);
  const answer = await compute.ask(orgId, 'draft', (core) => ({
    type: 'decide_each',
    core,
    connections,
  }));
  const { decisions } = answerOf(answer, 'decisions');
  return flows.map((flow, index) => {
    const decision = decisions[index];
    return decision === undefined ? flow : decided(flow, decision);
  });
}

function connectionOf({ src, dst, service, icmp_type, icmp_code }: FlowWire): Connection {
  const end = ({ workload, ip }: FlowWire['src']) => ({
    workload: workload?.href ?? null,
    address: ip,
    interfaceName: null,
    fqdn: null,
  });
  const { process_name: process } = service;
  return {
    source: end(src),
    destination: { ...end(dst), ...(process === undefined ? {} : { process }) },
    protocol: service.proto,
    port: WITH_PORTS.includes(service.proto) ? service.port : null,
    icmpType: icmp_type ?? null,
    icmpCode: icmp_code ?? null,
  };
}

function decided(flow: FlowWire, decision: Decision): FlowWire {
  // Of the end that reported; where it has no say any more, of the other.
  const { inbound, outbound } = decision;
  const end = flow.flow_direction === 'inbound' ? (inbound ?? outbound) : (outbound ?? inbound);
  // Nobody enforces it.
  if (end === null)
    return { ...flow, draft_policy_decision: 'allowed', rules: [], enforcement_boundaries: [] };
  const named = ({ href, name }: EndDecision['rules'][number]) => ({
    href: withVersion(href, 'draft'),
    name,
  });
  return {
    ...flow,
    draft_policy_decision: draftDecision(end),
    rules:
      end.reason === 'essential' ? [{ essential_service_rule: 'essential' }] : end.rules.map(named),
    enforcement_boundaries: end.boundaries.map(named),
  };
}

export function draftDecision({
  decision,
  reason,
  boundaries,
}: Pick<EndDecision, 'decision' | 'reason' | 'boundaries'>): DraftDecision {
  if (decision === 'allowed')
    return reason === 'rule' && boundaries.length > 0 ? 'allowed_across_boundary' : 'allowed';
  const why = reason === 'boundary' ? 'by_boundary' : 'no_rule';
  return `${decision}_${why}`;
}
