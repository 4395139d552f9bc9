/** Holds what was seen of a connection against what is decided about it. */
import type { FlowRecord } from '@bulkhead/contract';
import type { Decision, EndDecision } from '@bulkhead/policy';
import type { Landing } from './send.ts';

export interface Seen extends Landing {
  /** Flow records that the two ends' VENs made of it. */
  readonly outbound: readonly FlowRecord[];
  readonly inbound: readonly FlowRecord[];
}

/** What a flow record must say: of which end, and whether one is made at all. */
interface Reported {
  readonly direction: 'outbound' | 'inbound';
  readonly end: EndDecision | null;
  readonly records: readonly FlowRecord[];
}

/**
 * Sentences for what differs; empty: what is blocked did not get through, all else did, and each end that had to judge reported exactly
 * what is decided there. `tracked` false: the firewall makes no records of such packets.
 */
export function judgeSeen(decision: Decision, seen: Seen, tracked: boolean): string[] {
  const { outbound, inbound } = decision;
  return [
    ...landingFaults(decision, seen),
    ...(tracked
      ? recordFaults({ direction: 'outbound', end: outbound, records: seen.outbound })
      : []),
    ...(tracked
      ? recordFaults({
          direction: 'inbound',
          // what does not leave the first host is never judged by the second
          end: outbound?.decision === 'blocked' ? null : inbound,
          records: seen.inbound,
        })
      : []),
  ];
}

function landingFaults({ decision }: Decision, { arrived, answered, refused }: Landing): string[] {
  if (decision === 'blocked') return arrived ? ['is blocked, but its packet arrived'] : [];
  if (!arrived) {
    const how = refused == null ? '' : ` (${refused})`;
    return [`is ${decision}, but its packet did not arrive${how}`];
  }
  return answered === false ? [`is ${decision}, but no answer came back`] : [];
}

/** Discovery, errors and loopback are never reported. */
function isReported(end: EndDecision | null): end is EndDecision {
  return end !== null && end.reason !== 'essential';
}

function recordFaults({ direction, end, records }: Reported): string[] {
  const said = records.map(describe);
  if (!isReported(end)) {
    return records.length === 0
      ? []
      : [`${direction}: nothing is to be reported, but the flow record says ${said.join('; ')}`];
  }
  const wanted = `${end.decision} by ${end.reason}`;
  if (records.length === 0) return [`${direction}: ${wanted}, but no flow record was made`];
  return records.flatMap((record, index) =>
    saysSo(record, end)
      ? []
      : [`${direction}: ${wanted}, but the flow record says ${said[index] ?? ''}`],
  );
}

/** A record names the first rule or boundary that matches; any of those that decide is right. */
function saysSo(record: FlowRecord, end: EndDecision): boolean {
  if (record.decision !== end.decision || record.reason !== end.reason) return false;
  const deciding =
    end.reason === 'rule' ? end.rules : end.reason === 'boundary' ? end.boundaries : [];
  const hrefs = deciding.map(({ href }) => href);
  return (
    record.rules.every((href) => hrefs.includes(href)) &&
    (hrefs.length === 0 || record.rules.length > 0)
  );
}

function describe({ decision, reason, rules }: FlowRecord): string {
  return `${decision} by ${reason}${rules.length === 0 ? '' : ` ${rules.join(', ')}`}`;
}
