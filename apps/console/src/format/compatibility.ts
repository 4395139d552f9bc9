/** The compatibility report of a VEN as rows of a table. */
import type { QualifyStatus, VenCompatibilityWire } from '@bulkhead/contract';

export const QUALIFY_NAMES: Record<QualifyStatus, string> = {
  green: 'Green',
  yellow: 'Yellow',
  red: 'Red',
};
export const QUALIFY_NOTES: Record<QualifyStatus, string> = {
  green: 'The host has all that enforcement needs.',
  yellow: 'Enforcement works here, but not in all respects.',
  red: 'Enforcement would fail or do harm here. Leave the workload Idle until the red checks are mended.',
};

export interface CheckRow {
  /** As the VEN sent it, such as `conntrack_tools`. */
  readonly id: string;
  /** As people read it, such as `Conntrack tools`. */
  readonly name: string;
  readonly status: QualifyStatus;
  /** What was found; for yellow and red also what is missing. */
  readonly found: string;
}

const WORST_FIRST: readonly QualifyStatus[] = ['red', 'yellow', 'green'];
const ABBREVIATIONS: Readonly<Record<string, string>> = { pce: 'PCE' };

function readable(id: string): string {
  const text = id
    .split('_')
    .map((word) => ABBREVIATIONS[word] ?? word)
    .join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The worst first, those of one status in the order of the VEN. */
export function checkRows(report: VenCompatibilityWire): CheckRow[] {
  const rows = (report.results?.qualify_tests ?? []).flatMap(({ status, ...named }) =>
    Object.entries(named).map(([id, found]) => ({ id, name: readable(id), status, found })),
  );
  return WORST_FIRST.flatMap((status) => rows.filter((row) => row.status === status));
}

/** Name of the file that a report is kept in. */
export function reportFileName(workload: string): string {
  return `compatibility-report-${workload.replaceAll(/[^\w.-]+/g, '-')}.json`;
}
