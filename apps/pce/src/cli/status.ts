import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { runningPce } from '../data-folder.ts';

const ANSWER_MS = 5000;
const stateSchema = z.object({
  pid: z.number(),
  url: z.string(),
  port: z.number(),
  ca_fingerprint: z.string(),
  started_at: z.string(),
});
type State = z.infer<typeof stateSchema>;

interface Status {
  readonly status: 'ready' | 'starting' | 'not_ready' | 'stopped';
  readonly data: string;
  readonly pid?: number;
  readonly url?: string;
  readonly ca_fingerprint?: string;
  readonly started_at?: string;
}

/** Exit code: 0 when it serves, else 1. */
export async function status(config: Config, asJson: boolean): Promise<number> {
  const found = await find(config);
  process.stdout.write(asJson ? `${JSON.stringify(found)}\n` : describe(found));
  return found.status === 'ready' ? 0 : 1;
}

async function find(config: Config): Promise<Status> {
  const pid = await runningPce(config.data);
  if (pid === undefined) return { status: 'stopped', data: config.data };
  const text = await readFile(join(config.data, 'pce.json'), 'utf8').catch(() => '{}');
  const state = stateSchema.safeParse(parse(text));
  if (!state.success || state.data.pid !== pid)
    return { status: 'starting', data: config.data, pid };
  const serves = await answers(state.data);
  return { status: serves ? 'ready' : 'not_ready', data: config.data, ...state.data };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answers(state: State): Promise<boolean> {
  return new Promise((resolve) => {
    // On this machine, to the process that holds the lock: whose certificate it is does not matter for this question.
    const call = request(
      {
        host: 'localhost',
        port: state.port,
        path: '/api/v2/node_available',
        rejectUnauthorized: false,
        timeout: ANSWER_MS,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

function describe(found: Status): string {
  switch (found.status) {
    case 'stopped':
      return `No PCE runs on ${found.data}\n`;
    case 'starting':
      return `The PCE on ${found.data} is starting (process ${found.pid})\n`;
    case 'not_ready':
      return `The PCE at ${found.url} does not answer (process ${found.pid})\n`;
    case 'ready':
      return `The PCE at ${found.url} serves (process ${found.pid}, since ${found.started_at})\nFingerprint of its CA (SHA-256): ${found.ca_fingerprint}\n`;
  }
}
