import type { ReactNode } from 'react';
import { useState } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { FlowWire } from '@bulkhead/contract';
import { portsText } from '../../format/services.ts';
import { idOf } from '../../format/words.ts';
import { Age, Btn, Decision, NetworkMark } from '../../ui/Bits.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice } from '../../ui/Notices.tsx';
import { ruleLink } from '../rulesets/rule-link.ts';
import { WhyCard } from './WhyCard.tsx';
import type { Traffic } from './use-traffic.ts';

export function flowKey(flow: FlowWire): string {
  return [
    flow.src.ip,
    flow.dst.ip,
    flow.service.proto,
    flow.service.port,
    flow.icmp_type ?? '',
    flow.flow_direction,
    flow.policy_decision,
    flow.network.name,
    flow.service.process_name ?? '',
    flow.timestamp_range.first_detected,
  ].join(' ');
}

function End({
  end,
  network,
}: {
  readonly end: FlowWire['src'];
  readonly network?: string | undefined;
}) {
  const { workload } = end;
  const name = workload?.name ?? workload?.hostname ?? end.fqdn_name ?? end.ip_lists[0]?.name;
  return (
    <span className="row">
      {workload === undefined ? (
        name === undefined ? null : (
          <span className="ell">{name}</span>
        )
      ) : (
        <Link
          className="ell"
          style={{ color: 'var(--bh-text)', fontWeight: 500 }}
          to={`/workloads/${idOf(workload.href)}`}
        >
          {name}
        </Link>
      )}
      <span className={name === undefined ? 'addr' : 'addr t3'}>{end.ip}</span>
      {network === undefined ? null : <NetworkMark name={network} />}
    </span>
  );
}

/** The rule, boundary, default or essential rule that decided. */
export function Decider({ flow }: { readonly flow: FlowWire }) {
  const parts: ReactNode[] = [
    ...flow.enforcement_boundaries.map((one) => (
      <Link key={one.href} className="ell" to={ruleLink(one.href) ?? '/boundaries'}>
        {one.name ?? 'Boundary'}
      </Link>
    )),
    ...flow.rules.map((one) =>
      'href' in one ? (
        <Link key={one.href} className="ell" to={ruleLink(one.href) ?? '/rulesets'}>
          {one.name ?? 'Rule'}
        </Link>
      ) : (
        <span key={one.essential_service_rule}>Essential traffic</span>
      ),
    ),
  ];
  return parts.length === 0 ? (
    <span className="t3">
      {flow.policy_decision === 'allowed' ? 'Default, not enforced' : 'No rule allows it'}
    </span>
  ) : (
    <span className="row ell">{parts}</span>
  );
}

function serviceText(flow: FlowWire): string {
  const { proto, port } = flow.service;
  return portsText([
    flow.icmp_type === undefined ? { proto, port } : { proto, icmp_type: flow.icmp_type },
  ]);
}

export function FlowTable({
  traffic,
  empty,
}: {
  readonly traffic: UseQueryResult<Traffic>;
  readonly empty?: ReactNode;
}) {
  const [open, setOpen] = useState<string | null>(null);
  const toggle = (flow: FlowWire): void => setOpen(open === flowKey(flow) ? null : flowKey(flow));
  const columns: readonly Column<FlowWire>[] = [
    {
      id: 'last',
      header: 'Last seen',
      width: 84,
      cell: (flow) => <Age at={flow.timestamp_range.last_detected} />,
    },
    {
      id: 'decision',
      header: 'Reported decision',
      width: 160,
      cell: (flow) => <Decision decision={flow.policy_decision} />,
    },
    {
      id: 'source',
      header: 'Source',
      cell: (flow) => (
        <End
          end={flow.src}
          network={flow.flow_direction === 'outbound' ? flow.network.name : undefined}
        />
      ),
    },
    {
      id: 'destination',
      header: 'Destination',
      cell: (flow) => (
        <End
          end={flow.dst}
          network={flow.flow_direction === 'inbound' ? flow.network.name : undefined}
        />
      ),
    },
    {
      id: 'service',
      header: 'Service',
      width: 120,
      cell: (flow) => (
        <span className="addr" title={flow.service.process_name ?? ''}>
          {serviceText(flow)}
        </span>
      ),
    },
    {
      id: 'reported',
      header: 'Reported by',
      width: 100,
      cell: (flow) => (flow.flow_direction === 'inbound' ? 'Provider' : 'Consumer'),
    },
    { id: 'by', header: 'Decided by', cell: (flow) => <Decider flow={flow} /> },
    {
      id: 'count',
      header: 'Flows',
      width: 74,
      right: true,
      cell: (flow) => flow.num_connections.toLocaleString('en-US'),
    },
    {
      id: 'why',
      header: '',
      width: 64,
      cell: (flow) => (
        <Btn kind="link" small aria-expanded={open === flowKey(flow)} onClick={() => toggle(flow)}>
          Why?
        </Btn>
      ),
    },
  ];
  if (traffic.error !== null && traffic.data === undefined)
    return (
      <ErrorNotice error={traffic.error} what="flows" onRetry={() => void traffic.refetch()} />
    );
  return (
    <DataTable
      label="Flows"
      rows={traffic.data?.flows ?? []}
      columns={columns}
      rowId={flowKey}
      rowName={(flow) => `${flow.src.ip} to ${flow.dst.ip}`}
      loading={traffic.isPending}
      minWidth={1080}
      onOpen={toggle}
      openId={open}
      detail={(flow) => <WhyCard flow={flow} onClose={() => setOpen(null)} />}
      empty={
        empty ?? <Empty title="No flows">No VEN reported a connection here in this time.</Empty>
      }
    />
  );
}
