/** What the host enforces, by rule. */
import { Link } from '@tanstack/react-router';
import type { PolicyViewWire, WorkloadWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { ENFORCEMENT_NOTES } from '../../format/words.ts';
import { Decision } from '../../ui/Bits.tsx';
import { Empty, ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { ruleLink } from '../rulesets/rule-link.ts';

type PolicyRule = PolicyViewWire['rules'][number];
const PEERS_SHOWN = 6;
const PROFILES: Record<string, string> = {
  brn: 'Corporate',
  non_brn: 'Non-Corporate',
  all: 'All Networks',
};

function RuleRow({ rule }: { readonly rule: PolicyRule }) {
  const peers = [...rule.fqdns, ...rule.peers];
  return (
    <tr>
      <td>
        {rule.action === 'allow' ? (
          <Decision decision="allowed" />
        ) : (
          <Decision decision="blocked" />
        )}
      </td>
      <td>{rule.direction === 'inbound' ? 'From' : 'To'}</td>
      <td style={{ whiteSpace: 'normal' }} className="addr">
        {peers.slice(0, PEERS_SHOWN).join(', ')}
        {rule.peer_count > PEERS_SHOWN ? (
          <span className="t3"> and {plural(rule.peer_count - PEERS_SHOWN, 'more', 'more')}</span>
        ) : null}
        {peers.length === 0 ? <span className="t3">nobody now</span> : null}
      </td>
      <td className="addr" style={{ whiteSpace: 'normal' }}>
        {rule.services.join(', ')}
      </td>
      <td>{PROFILES[rule.network_type] ?? rule.network_type}</td>
      <td>
        {ruleLink(rule.rule.href) === null ? (
          rule.rule.name
        ) : (
          <Link to={ruleLink(rule.rule.href) ?? '/rulesets'}>{rule.rule.name}</Link>
        )}{' '}
        <span className="t3 sm">v{rule.rule.version}</span>
      </td>
    </tr>
  );
}

export function WorkloadRules({ workload }: { readonly workload: WorkloadWire }) {
  const view = useApi('sec_policy.policy_view', {
    params: { pversion: 'active' },
    query: { workload: workload.href },
  });
  if (view.error !== null)
    return (
      <ErrorNotice
        error={view.error}
        what="the rules of this host"
        onRetry={() => void view.refetch()}
      />
    );
  if (view.data === undefined) return <Skeleton />;
  const { rules, essential, policy_hash: hash } = view.data;
  return (
    <div className="col g16">
      <p className="t2">
        {ENFORCEMENT_NOTES[view.data.mode]}.{' '}
        {hash === null ? (
          'No policy is computed for it yet.'
        ) : (
          <>
            Policy <span className="addr">{hash.slice(0, 12)}</span>.{' '}
            {workload.agent.status?.security_policy_sync_state === 'applied'
              ? 'The VEN has confirmed it.'
              : 'The VEN has not confirmed it yet.'}
          </>
        )}
      </p>
      {rules.length === 0 ? (
        <Empty title="No rule names this host">
          In Full enforcement everything but essential traffic is blocked here.
        </Empty>
      ) : (
        <div className="tcard" style={{ overflowX: 'auto' }}>
          <table
            className="tbl"
            aria-label="Rules that this host enforces"
            style={{ minWidth: 820 }}
          >
            <colgroup>
              <col style={{ width: 110 }} />
              <col style={{ width: 64 }} />
              <col />
              <col style={{ width: 180 }} />
              <col style={{ width: 130 }} />
              <col style={{ width: 320 }} />
            </colgroup>
            <thead>
              <tr>
                <th scope="col">Action</th>
                <th scope="col">Way</th>
                <th scope="col">Peers</th>
                <th scope="col">Services</th>
                <th scope="col">Network</th>
                <th scope="col">Rule</th>
              </tr>
            </thead>
            <tbody>
              {rules.map((rule, index) => (
                <RuleRow key={`${rule.rule.href} ${rule.direction} ${index}`} rule={rule} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <section>
        <h3 style={{ marginBottom: 6 }}>Essential traffic, always allowed</h3>
        <ul className="col g4">
          {essential.map((text) => (
            <li key={text} className="t2">
              {text}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
