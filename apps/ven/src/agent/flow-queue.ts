/**
 * Flow reports that wait for the PCE, oldest first. In memory while it answers; on disk, one file each, while it is away. Bounded: the
 * oldest go first, and what is lost is counted.
 */
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { flowReportSchema, type FlowReport } from '@bulkhead/contract';
import { readText, remove, writeFileAtomically } from './files.ts';
import { messageOf, type Log } from './log.ts';

const FILE = /^(\d+)-(\d+)\.json$/;
/** Records on disk; a report of 5,000 is about 2 MB. */
const MAX_RECORDS = 100_000;

interface Waiting {
  readonly sequence: number;
  readonly records: number;
  /** Null: on disk alone. */
  report: FlowReport | null;
}

export interface FlowQueue {
  push(report: FlowReport): void;
  /** The oldest; null: none waits. One that cannot be read is lost and counted. */
  first(): Promise<FlowReport | null>;
  /** The report was taken, or refused for good. */
  done(sequence: number): Promise<void>;
  /** Has all of them on disk, so that they outlive this process. */
  store(): Promise<void>;
  /** Records that wait. */
  size(): number;
  /** Sequence after the last that was ever pushed, as far as the disk tells. */
  nextSequence(): number;
}

export async function openFlowQueue(
  folder: string,
  lost: (records: number) => void,
  log: Log,
  maxRecords = MAX_RECORDS,
): Promise<FlowQueue> {
  let waiting = (await list(folder)).map(({ sequence, records }): Waiting => ({
    sequence,
    records,
    report: null,
  }));
  let isFull = false;

  const fileOf = ({ sequence, records }: Pick<Waiting, 'sequence' | 'records'>): string =>
    join(folder, `${String(sequence).padStart(12, '0')}-${records}.json`);
  const size = (): number => waiting.reduce((sum, { records }) => sum + records, 0);

  async function read(item: Waiting): Promise<FlowReport | null> {
    if (item.report !== null) return item.report;
    try {
      return flowReportSchema.parse(JSON.parse((await readText(fileOf(item))) ?? 'null'));
    } catch (error) {
      log.warn('flows on disk cannot be read and are lost', { reason: messageOf(error) });
      return null;
    }
  }

  async function drop(item: Waiting): Promise<void> {
    waiting = waiting.filter((other) => other !== item);
    await remove(fileOf(item)).catch(() => undefined);
  }

  async function store(): Promise<void> {
    for (const item of waiting) {
      if (item.report === null) continue;
      try {
        await writeFileAtomically(fileOf(item), JSON.stringify(item.report));
        item.report = null;
        isFull = false;
      } catch (error) {
        // a disk that is full is no reason to lose what memory still holds
        if (!isFull) log.warn('flows cannot be kept on disk', { reason: messageOf(error) });
        isFull = true;
        return;
      }
    }
  }

  return {
    push(report) {
      waiting.push({ sequence: report.sequence, records: report.flows.length, report });
      while (waiting.length > 1 && size() > maxRecords) {
        const [oldest] = waiting;
        if (oldest === undefined) return;
        lost(oldest.records);
        void drop(oldest);
      }
    },
    async first() {
      for (;;) {
        const [oldest] = waiting;
        if (oldest === undefined) return null;
        const report = await read(oldest);
        if (report !== null) return report;
        lost(oldest.records);
        await drop(oldest);
      }
    },
    async done(sequence) {
      const item = waiting.find((other) => other.sequence === sequence);
      if (item !== undefined) await drop(item);
    },
    store,
    size,
    nextSequence: () => (waiting.at(-1)?.sequence ?? -1) + 1,
  };
}

async function list(folder: string): Promise<Pick<Waiting, 'sequence' | 'records'>[]> {
  const names = await fs.readdir(folder).catch((): string[] => []);
  return names
    .flatMap((name) => {
      const match = FILE.exec(name);
      return match === null ? [] : [{ sequence: Number(match[1]), records: Number(match[2]) }];
    })
    .sort((one, other) => one.sequence - other.sequence);
}
