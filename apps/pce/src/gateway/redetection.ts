/** That somebody asked for a new detection travels by the change log: the VEN may be connected to another node. */
import type { Change } from '../db/transaction.ts';

const SUFFIX = '/redetect_network';

/** `workload` is its href. */
export function redetectionChange(orgId: number, workload: string): Change {
  return { orgId, kind: 'settings', href: `${workload}${SUFFIX}` };
}

/** The workload whose VEN is to be asked; undefined when a change is about something else. */
export function redetectionOf(href: string): string | undefined {
  return href.endsWith(SUFFIX) ? href.slice(0, -SUFFIX.length) : undefined;
}
