/** What the policy says of a connection like this flow now, at both ends, and why. */
import { Link } from '@tanstack/react-router';
import type { FlowWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { DateTime, Decision } from '../../ui/Bits.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { writeQuestion } from '../check/question.ts';
import { ExplanationCard } from '../why/ExplanationCard.tsx';

const PORT_PROTOCOLS = [6, 17, 132];

function listNames(end: FlowWire['src']): string | undefined {
  const names = end.ip_lists.map((list) => list.name).join(', ');
  return names === '' ? undefined : names;
}

export function WhyCard({
  flow,
  onClose,
}: {
  readonly flow: FlowWire;
  readonly onClose: () => void;
}) {
  const { proto, port } = flow.service;
  const question = {
    src_workload: flow.src.workload?.href,
    src_ip: flow.src.ip,
    dst_workload: flow.dst.workload?.href,
    dst_ip: flow.dst.ip,
    protocol: proto,
    port: PORT_PROTOCOLS.includes(proto) ? port : undefined,
    icmp_type: flow.icmp_type,
    // only the provider's VEN knows which program answered
    process: flow.flow_direction === 'inbound' ? flow.service.process_name : undefined,
  };
  const query = useApi('sec_policy.explain', {
    params: { pversion: 'active' },
    query: { ...question, fqdn: flow.dst.workload === undefined ? flow.dst.fqdn_name : undefined },
  });
  if (query.error !== null)
    return (
      <div className="why">
        <ErrorNotice error={query.error} what="the reason" onRetry={() => void query.refetch()} />
      </div>
    );
  if (query.data === undefined)
    return (
      <div className="why">
        <Skeleton rows={3} />
      </div>
    );
  return (
    <ExplanationCard
      explanation={query.data}
      program={flow.service.process_name}
      notes={{ consumer: listNames(flow.src), provider: listNames(flow.dst) }}
      tries={<span className="t3 sm">{plural(flow.num_connections, 'try', 'tries')}</span>}
      aside={
        <span className="t3 sm">
          reported <Decision decision={flow.policy_decision} />{' '}
          <DateTime at={flow.timestamp_range.last_detected} />
        </span>
      }
      actions={
        <Link className="btn sm ghost" to="/check" search={writeQuestion(question, 'draft')}>
          Check in draft
        </Link>
      }
      onClose={onClose}
    />
  );
}
