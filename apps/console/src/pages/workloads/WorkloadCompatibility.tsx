/** What the VEN found of its host before enforcement, the worst first (R-VEN-7). */
import { IconAlertOctagon, IconAlertTriangle, IconCheck, IconDownload } from '@tabler/icons-react';
import type { QualifyStatus, VenCompatibilityWire, WorkloadWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import {
  checkRows,
  QUALIFY_NAMES,
  QUALIFY_NOTES,
  reportFileName,
} from '../../format/compatibility.ts';
import { idOf } from '../../format/words.ts';
import { Btn, DateTime } from '../../ui/Bits.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { Empty, ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { nameOfWorkload } from './WorkloadsPage.tsx';

const MARKS: Record<
  QualifyStatus,
  { readonly className: string; readonly Icon: typeof IconCheck }
> = {
  green: { className: '', Icon: IconCheck },
  yellow: { className: 'potential-c', Icon: IconAlertTriangle },
  red: { className: 'blocked-c', Icon: IconAlertOctagon },
};

function Status({ status }: { readonly status: QualifyStatus }) {
  const { className, Icon } = MARKS[status];
  return (
    <span className={`row g6 ${className}`}>
      <Icon size={14} aria-hidden />
      {QUALIFY_NAMES[status]}
    </span>
  );
}

function Report({
  workload,
  report,
  status,
}: {
  readonly workload: WorkloadWire;
  readonly report: VenCompatibilityWire;
  readonly status: QualifyStatus;
}) {
  return (
    <div className="col g12">
      <div className="row wrap top-al">
        <div className="grow">
          <div className="row">
            <Status status={status} />
            <span className="t2">{QUALIFY_NOTES[status]}</span>
          </div>
          <div className="t3 sm" style={{ marginTop: 2 }}>
            Reported <DateTime at={report.last_updated_at} />
          </div>
        </div>
        <Btn
          onClick={() =>
            saveFile(
              reportFileName(nameOfWorkload(workload)),
              'application/json',
              `${JSON.stringify(report, null, 2)}\n`,
            )
          }
        >
          <IconDownload size={16} stroke={1.5} aria-hidden />
          Download as JSON
        </Btn>
      </div>
      <div className="tcard">
        <table className="tbl" aria-label="Compatibility report">
          <thead>
            <tr>
              <th scope="col" style={{ width: 110 }}>
                Status
              </th>
              <th scope="col" style={{ width: 220 }}>
                Check
              </th>
              <th scope="col">What was found</th>
            </tr>
          </thead>
          <tbody>
            {checkRows(report).map((row) => (
              <tr key={row.id}>
                <td>
                  <Status status={row.status} />
                </td>
                <td>{row.name}</td>
                <td style={{ whiteSpace: 'normal' }}>{row.found}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

export function WorkloadCompatibility({
  workload,
  venHref,
}: {
  readonly workload: WorkloadWire;
  readonly venHref: string;
}) {
  const query = useApi('vens.compatibility_report', { params: { id: idOf(venHref) } });
  const report = query.data;
  if (report === undefined)
    return query.error === null ? (
      <Skeleton />
    ) : (
      <ErrorNotice
        error={query.error}
        what="the compatibility report"
        onRetry={() => void query.refetch()}
      />
    );
  if (report.qualify_status === undefined)
    return (
      <Empty title="No compatibility report">
        The VEN has sent none yet. While its workload is Idle it sends one every 24 hours;{' '}
        <code className="mono">illumio-ven-ctl check-env</code> on the host sends one at once.
      </Empty>
    );
  return <Report workload={workload} report={report} status={report.qualify_status} />;
}
