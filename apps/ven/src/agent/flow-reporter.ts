/** Sends flows in numbered reports; while the PCE is away they wait on disk. */
import type { FlowReport } from '@bulkhead/contract';
import { messageOf, type Log } from './log.ts';
import { createFlowRecords, type FlowRecords, type FlowRecordsDeps } from './flow-records.ts';
import type { FlowQueue } from './flow-queue.ts';
import { PceError } from './pce-client.ts';

const MAX_RECORDS_PER_REPORT = 5_000;
const MAX_GATHERED_RECORDS = 50_000;

export interface FlowReporterDeps extends Omit<FlowRecordsDeps, 'lost' | 'maxRecords'> {
  readonly send: (report: FlowReport) => Promise<void>;
  /** Written before a number is used, so that none is used twice. */
  readonly persistSequence: (next: number) => Promise<void>;
  readonly firstSequence: number;
  readonly openQueue: (lost: (records: number) => void) => Promise<FlowQueue>;
  readonly log: Log;
}

export interface FlowReporter extends Pick<FlowRecords, 'observe' | 'ended' | 'snapshot'> {
  /** Sends what has gathered, oldest first; what cannot be sent is kept, within bounds. */
  flush(): Promise<void>;
  /** Has all that has gathered on disk, for whoever starts next. */
  keep(): Promise<void>;
  statistics(): { readonly buffered: number; readonly dropped: number; readonly sent: number };
}

export async function createFlowReporter(deps: FlowReporterDeps): Promise<FlowReporter> {
  let dropped = 0;
  let droppedEver = 0;
  let sent = 0;
  let flushing: Promise<void> | null = null;
  let failing = false;

  function lost(records: number): void {
    dropped += records;
    droppedEver += records;
  }

  const queue = await deps.openQueue(lost);
  let sequence = Math.max(deps.firstSequence, queue.nextSequence());
  const records = createFlowRecords({ ...deps, maxRecords: MAX_GATHERED_RECORDS, lost });

  async function close(): Promise<void> {
    const gathered = await records.take();
    if (gathered.length === 0) return;
    const first = sequence;
    sequence += Math.ceil(gathered.length / MAX_RECORDS_PER_REPORT);
    await deps.persistSequence(sequence);
    for (let number = first; number < sequence; number += 1) {
      const start = (number - first) * MAX_RECORDS_PER_REPORT;
      const flows = gathered.slice(start, start + MAX_RECORDS_PER_REPORT);
      queue.push({ sequence: number, dropped: 0, flows });
    }
  }

  async function sendAll(): Promise<void> {
    try {
      await close();
    } catch (error) {
      deps.log.warn('flows cannot be numbered', { reason: messageOf(error) });
    }
    for (;;) {
      const waiting = await queue.first();
      if (waiting === null) return;
      const report = { ...waiting, dropped: waiting.dropped + dropped };
      try {
        await deps.send(report);
      } catch (error) {
        if (isRefusal(error)) {
          // asking again with the same report would stop all reports behind it
          deps.log.error('the PCE refused a flow report', { reason: messageOf(error) });
          lost(report.flows.length);
          await queue.done(report.sequence);
          continue;
        }
        if (!failing) deps.log.warn('flows could not be sent', { reason: messageOf(error) });
        failing = true;
        await queue.store();
        return;
      }
      if (failing) deps.log.info('flows are sent again');
      failing = false;
      // losses while this was sent are told in the next report
      dropped -= report.dropped;
      sent += report.flows.length;
      await queue.done(report.sequence);
    }
  }

  return {
    observe: (packets) => records.observe(packets),
    ended: (connections) => records.ended(connections),
    snapshot: (connections, own) => records.snapshot(connections, own),
    flush() {
      flushing ??= sendAll().finally(() => (flushing = null));
      return flushing;
    },
    async keep() {
      await flushing;
      await close();
      await queue.store();
    },
    statistics: () => ({ buffered: records.size() + queue.size(), dropped: droppedEver, sent }),
  };
}

/** An answer that says that the report itself is at fault. */
function isRefusal(error: unknown): boolean {
  return error instanceof PceError && [400, 406, 413, 422].includes(error.status);
}
