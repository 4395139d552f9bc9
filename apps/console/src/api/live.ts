/** The live stream: reloads what changed, and says whether it is connected. EventSource cannot send credentials, so fetch reads it. */
import { liveEventSchema, pathOf } from '@bulkhead/contract';
import { authorization, getSession } from './session.ts';
import { createSseParser } from './sse.ts';
import { queryClient } from './hooks.ts';
import { topicsOfEvent } from './topics.ts';

export type LiveState = 'connecting' | 'live' | 'away';
/** Many changes in a burst reload once. */
const GATHER_MS = 150;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

let state: LiveState = 'connecting';
const listeners = new Set<() => void>();
export function liveState(): LiveState {
  return state;
}
export function subscribeToLive(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function setState(next: LiveState): void {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Runs until the returned function is called. */
export function startLive(): () => void {
  const stop = new AbortController();
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function gather(topics: readonly string[]): void {
    for (const topic of topics) waiting.add(topic);
    timer ??= setTimeout(() => {
      timer = undefined;
      const now = [...waiting];
      waiting.clear();
      for (const topic of now) void queryClient.invalidateQueries({ queryKey: [topic] });
    }, GATHER_MS);
  }
  async function read(): Promise<void> {
    const orgId = getSession()?.orgId;
    const credentials = authorization();
    if (orgId === undefined || credentials === null) return;
    const response = await fetch(pathOf('node.live', { org_id: orgId }), {
      headers: { accept: 'text/event-stream', authorization: credentials },
      credentials: 'omit',
      cache: 'no-store',
      signal: stop.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    if (state === 'away') void queryClient.invalidateQueries();
    setState('live');
    const parser = createSseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const data of parser.push(value)) {
        const event = liveEventSchema.safeParse(JSON.parse(data));
        if (event.success) gather(topicsOfEvent(event.data.topics));
      }
    }
  }
  async function run(): Promise<void> {
    let failures = 0;
    while (!stop.signal.aborted) {
      const began = Date.now();
      try {
        await read();
        failures = 0;
      } catch {
        if (stop.signal.aborted) return;
        failures = Date.now() - began > 10_000 ? 0 : failures + 1;
        setState('away');
      }
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 1000;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  void run();
  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}
