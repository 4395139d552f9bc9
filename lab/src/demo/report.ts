import type { ConnectionLine } from './connections.ts';

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly detail: string;
}

export interface Report {
  readonly ok: boolean;
  readonly seconds: number;
  readonly steps: readonly StepResult[];
  readonly connections: readonly ConnectionLine[];
}

export interface Reporter {
  readonly say: (text: string) => void;
  /** Does one step of the story, says so while it does, and keeps what came of it. A step that throws ends the story. */
  readonly step: (name: string, work: () => Promise<string>) => Promise<void>;
  readonly connections: (title: string, lines: readonly ConnectionLine[]) => void;
  /** Marks the story as not held, for a line that the step itself survived. */
  readonly report: () => Report;
}

function column(texts: readonly string[], width: readonly number[]): string {
  return texts
    .map((text, index) => text.padEnd(width[index] ?? 0))
    .join('  ')
    .trimEnd();
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  );
  return rows.map((row) => column(row, widths));
}

export function createReporter(write: (text: string) => void): Reporter {
  const begun = performance.now();
  const steps: StepResult[] = [];
  const connections: ConnectionLine[] = [];
  const secondsSince = (start: number): number =>
    Math.round((performance.now() - start) / 10) / 100;
  const say = (text: string): void => write(`${text}\n`);
  return {
    say,
    step: async (name, work) => {
      const start = performance.now();
      write(`${name} ...\n`);
      try {
        const detail = await work();
        const seconds = secondsSince(start);
        steps.push({ name, ok: true, seconds, detail });
        say(`  done in ${seconds.toFixed(2)} s: ${detail}`);
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        const seconds = secondsSince(start);
        steps.push({ name, ok: false, seconds, detail });
        say(`  FAILED after ${seconds.toFixed(2)} s: ${detail}`);
        throw error;
      }
    },
    connections: (title, lines) => {
      connections.push(...lines);
      say(`  ${title}:`);
      const head = ['', 'connection', 'service', 'policy says', 'packets', 'decided by'];
      const rows = lines.map((line) => [
        line.holds ? 'ok' : `NO (expected ${line.expected})`,
        `${line.from} -> ${line.to}`,
        line.port === null ? line.protocol : `${line.port}/${line.protocol}`,
        line.decision.replaceAll('_', ' '),
        line.packets,
        line.decidedBy,
      ]);
      for (const row of table([head, ...rows])) say(`    ${row}`);
    },
    report: () => ({
      ok: steps.every(({ ok }) => ok) && connections.every(({ holds }) => holds),
      seconds: secondsSince(begun),
      steps,
      connections,
    }),
  };
}
