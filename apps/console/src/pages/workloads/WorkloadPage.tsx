import { useState } from 'react';
import { IconAlertTriangle, IconPencil } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import type { WorkloadWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { formatUptime } from '../../format/dates.ts';
import { oneOf } from '../../format/filters.ts';
import {
  ENFORCEMENT_NOTES,
  idOf,
  interfaceText,
  KEY_NAMES,
  VISIBILITY_NAMES,
  VISIBILITY_NOTES,
} from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import {
  Btn,
  Connectivity,
  DateTime,
  Enforcement,
  NetworkMark,
  PolicySync,
  WorkloadIcon,
} from '../../ui/Bits.tsx';
import { LabelChip } from '../../ui/Chips.tsx';
import { ErrorNotice, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { UnpairModal } from '../vens/UnpairModal.tsx';
import { WorkloadCompatibility } from './WorkloadCompatibility.tsx';
import { DeleteWorkload, WorkloadEdit } from './WorkloadEdit.tsx';
import { WorkloadEvents } from './WorkloadEvents.tsx';
import { WorkloadFlows } from './WorkloadFlows.tsx';
import { WorkloadRules } from './WorkloadRules.tsx';
import { nameOfWorkload } from './WorkloadsPage.tsx';

const TABS = ['summary', 'rules', 'flows', 'events', 'compatibility'] as const;
type Tab = (typeof TABS)[number];
const TAB_NAMES: Record<Tab, string> = {
  summary: 'Summary',
  rules: 'Rules',
  flows: 'Flows',
  events: 'Events',
  compatibility: 'Compatibility report',
};
/** What only a host with a VEN has. */
const VEN_TABS: ReadonlySet<Tab> = new Set(['rules', 'compatibility']);
const dash = (text: string | null | undefined): string =>
  text == null || text === '' ? '-' : text;

function Summary({ workload }: { readonly workload: WorkloadWire }) {
  const status = workload.agent.status;
  const labels = ['role', 'app', 'env', 'loc'].map((key) => ({
    key,
    label: workload.labels.find((one) => one.key === key),
  }));
  const more = workload.labels.filter((label) => KEY_NAMES[label.key] === undefined);
  return (
    <div>
      <dl className="dl">
        <dt>Enforcement</dt>
        <dd>
          <Enforcement mode={workload.enforcement_mode} managed={workload.managed} />
          {workload.managed ? (
            <div className="note">{ENFORCEMENT_NOTES[workload.enforcement_mode]}</div>
          ) : null}
        </dd>
        <dt>Visibility</dt>
        <dd>
          {workload.managed ? VISIBILITY_NAMES[workload.visibility_level] : '-'}
          {workload.managed ? (
            <div className="note">{VISIBILITY_NOTES[workload.visibility_level]}</div>
          ) : null}
        </dd>
        <dt>VEN</dt>
        <dd>
          {workload.ven === null ? (
            '-'
          ) : (
            <Link to="/vens" search={{ q: workload.ven.hostname ?? '' }}>
              {workload.ven.name ?? workload.ven.hostname ?? idOf(workload.ven.href)}
            </Link>
          )}
        </dd>
        <dt>Connectivity</dt>
        <dd>
          <Connectivity online={workload.online} managed={workload.managed} />
        </dd>
        <dt>Policy Sync</dt>
        <dd>
          <PolicySync workload={workload} />
        </dd>
        <dt>Policy Last Applied</dt>
        <dd>
          <DateTime at={status?.security_policy_applied_at} />
        </dd>
      </dl>
      <h2 className="sec">Labels</h2>
      <dl className="dl l4">
        {labels.map(({ key, label }) => [
          <dt key={`${key}t`}>{KEY_NAMES[key]}</dt>,
          <dd key={key}>{label === undefined ? '-' : <LabelChip label={label} />}</dd>,
        ])}
        {more.map((label) => [
          <dt key={`${label.key}t`}>{label.key}</dt>,
          <dd key={label.key}>
            <LabelChip label={label} />
          </dd>,
        ])}
      </dl>
      <h2 className="sec">Security</h2>
      <dl className="dl l4">
        <dt>Firewall Coexistence</dt>
        <dd>{workload.managed ? 'Yes' : '-'}</dd>
        <dt>Illumio Core is Primary Firewall</dt>
        <dd>
          {workload.managed ? (workload.firewall_coexistence.illumio_primary ? 'Yes' : 'No') : '-'}
        </dd>
      </dl>
      <h2 className="sec">Attributes</h2>
      <dl className="dl">
        <dt>VEN Version</dt>
        <dd className="num">{dash(status?.agent_version)}</dd>
        <dt>Hostname</dt>
        <dd>{dash(workload.hostname)}</dd>
        <dt>Location</dt>
        <dd>
          {dash(
            [workload.data_center, workload.data_center_zone]
              .filter((part) => part !== null && part !== '')
              .join(', '),
          )}
        </dd>
        <dt>OS</dt>
        <dd className="addr">{dash(workload.os_id)}</dd>
        <dt>Release</dt>
        <dd className="addr">{dash(workload.os_detail)}</dd>
        <dt>Uptime</dt>
        <dd>{status?.uptime_seconds == null ? '-' : formatUptime(status.uptime_seconds)}</dd>
        <dt>Heartbeat Last Received</dt>
        <dd>
          <DateTime at={status?.last_heartbeat_on} />
        </dd>
        <dt>Public IP Address</dt>
        <dd>
          <span className="addr">{dash(workload.public_ip)}</span>
          {workload.public_ip === null ? null : (
            <span className="t3" style={{ marginLeft: 10 }}>
              as seen at activation
            </span>
          )}
        </dd>
        <dt>Interfaces</dt>
        <dd>
          {workload.interfaces.length === 0
            ? '-'
            : workload.interfaces.map((nic) => (
                <div key={`${nic.name} ${nic.address}`} className="row g6 wrap">
                  <span className="addr">{interfaceText(nic)}</span>{' '}
                  <NetworkMark name={nic.network.name} word />
                  {nic.friendly_name === null || nic.friendly_name === nic.name ? null : (
                    <span className="t3 xs">{nic.friendly_name}</span>
                  )}
                </div>
              ))}
        </dd>
      </dl>
    </div>
  );
}

export function WorkloadPage() {
  const { id } = useParams({ strict: false });
  const [search, setSearch] = useFilters();
  const [modal, setModal] = useState<'edit' | 'unpair' | 'delete' | null>(null);
  const query = useApi('workloads.get', { params: { id: id ?? '' } });
  const workload = query.data;
  const name = workload === undefined ? 'Workload' : nameOfWorkload(workload);
  useCrumbs({ name: 'Workloads and VENs' }, { name: 'Workloads', to: '/workloads' }, { name });
  if (workload === undefined)
    return (
      <main className="page">
        {query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="this workload"
            onRetry={() => void query.refetch()}
          />
        )}
      </main>
    );
  const ven = workload.ven;
  const tabs = TABS.filter((one) => workload.managed || !VEN_TABS.has(one));
  const tab = oneOf(search['tab'], tabs) ?? 'summary';
  const type = !workload.managed
    ? 'Unmanaged'
    : ven?.ven_type === 'endpoint'
      ? 'Endpoint'
      : 'Server';
  const canWrite = workload.caps.includes('write');
  return (
    <main className="page">
      <PageHeader
        title={`Workload - ${name}`}
        badges={
          <>
            <span className="bdg">
              <WorkloadIcon workload={workload} size={12} />
              {type}
            </span>
            {workload.deleted ? <span className="bdg blocked">Deleted</span> : null}
            {workload.warnings.length > 0 ? (
              <span className="bdg potential">
                <IconAlertTriangle aria-hidden />
                {workload.warnings.length === 1
                  ? '1 warning'
                  : `${workload.warnings.length} warnings`}
              </span>
            ) : null}
          </>
        }
        purpose={workload.description ?? undefined}
        actions={
          canWrite && !workload.deleted ? (
            <>
              <Btn onClick={() => setModal('edit')}>
                <IconPencil size={16} stroke={1.5} aria-hidden />
                Edit
              </Btn>
              {ven === null ? (
                <Btn onClick={() => setModal('delete')}>Delete</Btn>
              ) : (
                <Btn onClick={() => setModal('unpair')}>Unpair</Btn>
              )}
            </>
          ) : undefined
        }
      />
      {workload.warnings.map((warning) => (
        <div key={warning.token + warning.message} className="inline-w" style={{ marginBottom: 8 }}>
          <IconAlertTriangle size={14} aria-hidden />
          {warning.message}
        </div>
      ))}
      <div className="tabs" role="tablist" aria-label="Workload">
        {tabs.map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            aria-selected={tab === one}
            onClick={() => setSearch({ tab: one === 'summary' ? '' : one })}
          >
            {TAB_NAMES[one]}
          </button>
        ))}
      </div>
      <div style={{ paddingTop: 14 }} role="tabpanel" aria-label={TAB_NAMES[tab]}>
        {tab === 'summary' ? <Summary workload={workload} /> : null}
        {tab === 'rules' ? <WorkloadRules workload={workload} /> : null}
        {tab === 'flows' ? <WorkloadFlows workload={workload} /> : null}
        {tab === 'events' ? <WorkloadEvents workload={workload} /> : null}
        {tab === 'compatibility' && ven !== null ? (
          <WorkloadCompatibility workload={workload} venHref={ven.href} />
        ) : null}
      </div>
      {modal === 'edit' ? (
        <WorkloadEdit workload={workload} onClose={() => setModal(null)} />
      ) : null}
      {modal === 'delete' ? (
        <DeleteWorkload workload={workload} onClose={() => setModal(null)} />
      ) : null}
      {modal === 'unpair' && ven !== null ? (
        <UnpairModal
          vens={[{ href: ven.href, name }]}
          onClose={() => setModal(null)}
          onDone={() => setModal(null)}
        />
      ) : null}
    </main>
  );
}
