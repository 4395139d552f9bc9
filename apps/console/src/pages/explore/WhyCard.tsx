/** What the policy says of a connection like this one now, at both ends, and why. */
import { notifications } from '@mantine/notifications';
import { IconCopy, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { DecisionWire, FlowWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { portsText } from '../../format/services.ts';
import { DECISION_NAMES } from '../../format/words.ts';
import {
  Btn,
  DateTime,
  Decision,
  DECISION_CLASS,
  DecisionMark,
  Enforcement,
  NetworkMark,
} from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { ruleLink } from '../rulesets/rule-link.ts';

type End = NonNullable<DecisionWire['inbound']>;
const DEFAULTS: Record<End['mode'], string> = {
  full: 'Full enforcement, and no rule matches.',
  selective: 'Selective enforcement, and no boundary matches.',
  visibility_only: 'Visibility Only blocks nothing.',
  idle: 'Idle: the VEN touches no firewall.',
};

export function reasonText(end: End): string {
  if (end.reason === 'essential') return 'Essential traffic, always allowed.';
  if (end.reason === 'rule')
    return `${end.rules.map((rule) => rule.name).join(', ')}, version ${end.rules[0]?.version ?? ''}`;
  if (end.reason === 'boundary')
    return `Boundary ${end.boundaries.map((one) => one.name).join(', ')}, and no rule lets it cross.`;
  return DEFAULTS[end.mode];
}

function Deciders({ end }: { readonly end: End }) {
  const refs = end.reason === 'rule' ? end.rules : end.reason === 'boundary' ? end.boundaries : [];
  if (refs.length === 0) return <span className="t2 sm">{reasonText(end)}</span>;
  return (
    <span className="t2 sm">
      {end.reason === 'boundary' ? 'Boundary ' : ''}
      {refs.map((ref, index) => (
        <span key={ref.href}>
          {index === 0 ? '' : ', '}
          <Link to={ruleLink(ref.href) ?? '/rulesets'}>{ref.name}</Link>
        </span>
      ))}
    </span>
  );
}

function EndCard({
  flow,
  role,
  end,
}: {
  readonly flow: FlowWire;
  readonly role: 'consumer' | 'provider';
  readonly end: End | null;
}) {
  const host = role === 'consumer' ? flow.src : flow.dst;
  const name = host.workload?.name ?? host.workload?.hostname ?? host.fqdn_name ?? host.ip;
  return (
    <div className="end-card">
      <div className="up col g6">
        <div className="row">
          <b>{name}</b>
          <span className="t3">{role}</span>
          <span className="grow" />
          {end === null ? null : <Enforcement mode={end.mode} />}
        </div>
        {host.workload === undefined ? (
          <span className="t3 sm">
            {host.ip_lists.map((list) => list.name).join(', ') || 'No workload has this address.'}
          </span>
        ) : (
          <Chips labels={host.workload.labels} />
        )}
        <div className="row">
          <span className="addr">
            {end?.interface_name == null ? host.ip : `${end.interface_name}: ${host.ip}`}
          </span>
          {end === null ? null : (
            <NetworkMark
              name={end.network_profile === 'corporate' ? 'Corporate' : 'External'}
              word
            />
          )}
        </div>
      </div>
      <div className={`vd ${end === null ? '' : DECISION_CLASS[end.decision]}`}>
        {end === null ? (
          <span className="t3">No VEN decides at this end.</span>
        ) : (
          <>
            <div className={`dec ${DECISION_CLASS[end.decision]}`}>
              <DecisionMark decision={end.decision} />
              {role === 'consumer' ? 'Outbound' : 'Inbound'}{' '}
              {DECISION_NAMES[end.decision].toLowerCase()}
            </div>
            <div>
              <Deciders end={end} />
            </div>
          </>
        )}
      </div>
    </div>
  );
}

function titleOf(decision: DecisionWire, flow: FlowWire): string {
  const at =
    decision.inbound?.decision === decision.decision && decision.decision !== 'allowed'
      ? 'provider'
      : decision.outbound?.decision === decision.decision && decision.decision !== 'allowed'
        ? 'consumer'
        : null;
  if (at === null) return `${DECISION_NAMES[decision.decision]} now`;
  const end = at === 'provider' ? flow.dst : flow.src;
  return `${DECISION_NAMES[decision.decision]} at the ${at}, ${end.workload?.name ?? end.workload?.hostname ?? end.ip}`;
}

export function WhyCard({
  flow,
  onClose,
}: {
  readonly flow: FlowWire;
  readonly onClose: () => void;
}) {
  const { proto, port } = flow.service;
  const query = useApi('sec_policy.decide', {
    params: { pversion: 'active' },
    query: {
      src_workload: flow.src.workload?.href,
      src_ip: flow.src.ip,
      dst_workload: flow.dst.workload?.href,
      dst_ip: flow.dst.ip,
      protocol: proto,
      port: [6, 17, 132].includes(proto) ? port : undefined,
      icmp_type: flow.icmp_type,
    },
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
  const decision = query.data;
  const service = portsText([{ proto, port }]);
  async function copy(): Promise<void> {
    const ends = (
      [
        ['Outbound', decision.outbound],
        ['Inbound', decision.inbound],
      ] as const
    ).map(([word, end]) =>
      end === null
        ? `${word}: no VEN decides`
        : `${word}: ${DECISION_NAMES[end.decision]}. ${reasonText(end)}`,
    );
    await navigator.clipboard.writeText(
      [`${flow.src.ip} to ${flow.dst.ip} ${service}: ${titleOf(decision, flow)}`, ...ends].join(
        '\n',
      ),
    );
    notifications.show({ message: 'Reason copied' });
  }
  return (
    <section className={`why ${DECISION_CLASS[decision.decision]}`} aria-label="Why?">
      <div className="row wrap">
        <span className={`dec ${DECISION_CLASS[decision.decision]}`}>
          <DecisionMark decision={decision.decision} size={18} />
        </span>
        <h2>{titleOf(decision, flow)}</h2>
        <span className="t3 sm">
          reported <Decision decision={flow.policy_decision} />{' '}
          <DateTime at={flow.timestamp_range.last_detected} />
        </span>
        <span className="grow" />
        <Btn small kind="ghost" onClick={() => void copy()}>
          <IconCopy size={14} aria-hidden />
          Copy as text
        </Btn>
        <button type="button" className="icb sm" aria-label="Close" onClick={onClose}>
          <IconX size={16} aria-hidden />
        </button>
      </div>
      <div className="ends">
        <EndCard flow={flow} role="consumer" end={decision.outbound} />
        <div className="col g6" style={{ alignItems: 'center' }}>
          {flow.service.process_name === undefined ? null : (
            <span className="t3 sm">{flow.service.process_name}</span>
          )}
          <span className="addr">{service}</span>
          <svg width="100" height="12" viewBox="0 0 100 12" aria-hidden="true">
            <path
              d="M0 6H92"
              stroke="currentColor"
              className={`dec ${DECISION_CLASS[decision.decision]}`}
              strokeWidth="2"
              strokeDasharray={
                decision.decision === 'allowed'
                  ? ''
                  : decision.decision === 'blocked'
                    ? '1 5'
                    : '7 4'
              }
            />
            <path
              d={decision.decision === 'blocked' ? 'M96 1V11' : 'M90 1 98 6 90 11'}
              fill="none"
              stroke="currentColor"
              strokeWidth="2"
            />
          </svg>
          <span className="t3 sm">
            {flow.num_connections.toLocaleString('en-US')}{' '}
            {flow.num_connections === 1 ? 'try' : 'tries'}
          </span>
        </div>
        <EndCard flow={flow} role="provider" end={decision.inbound} />
      </div>
    </section>
  );
}
