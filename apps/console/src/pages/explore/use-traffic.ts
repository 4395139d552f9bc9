/** Runs a traffic query to its end: starts it, polls it, downloads the flows. A new key cancels the one before. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { FlowWire, TrafficQuery } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { idOf } from '../../format/words.ts';

const POLL_MS = [100, 200, 400, 800];
const LONGEST_MS = 120_000;

export interface Traffic {
  readonly flows: readonly FlowWire[];
  /** How many match, when more than were answered. */
  readonly matches: number | null;
  readonly at: string;
}

async function run(query: TrafficQuery, signal: AbortSignal): Promise<Traffic> {
  const started = await api().call('async_queries.create', { body: query });
  const params = { id: idOf(started.href) };
  let state = started;
  const begin = Date.now();
  for (let turn = 0; state.status === 'queued' || state.status === 'working'; turn += 1) {
    if (signal.aborted || Date.now() - begin > LONGEST_MS) {
      await api().call('async_queries.cancel', { params, body: { status: 'cancel_requested' } });
      throw new Error('The query was cancelled.');
    }
    await new Promise((resolve) =>
      setTimeout(resolve, POLL_MS[Math.min(turn, POLL_MS.length - 1)]),
    );
    state = await api().call('async_queries.get', { params });
  }
  if (state.status !== 'completed')
    throw new Error(state.message ?? 'The traffic query failed. Ask again, or ask for less time.');
  const flows = await api().call('async_queries.download', { params });
  return { flows, matches: state.matches_count, at: state.updated_at };
}

/** `build` makes the query when it runs, so that its end is now. */
export function useTraffic(key: string, build: () => TrafficQuery): UseQueryResult<Traffic> {
  return useQuery({
    queryKey: ['explore', key],
    queryFn: ({ signal }) => run(build(), signal),
    staleTime: 30_000,
    retry: false,
  });
}
