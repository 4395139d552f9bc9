/** Queries and changes, keyed so that a live event of a topic reloads just what it names. */
import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useQuery,
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { ApiRequestError, type Answer, type CallOptions, type Operation } from '@bulkhead/contract';
import { api } from './client.ts';
import { topicOf } from './topics.ts';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) =>
        !(error instanceof ApiRequestError && error.status < 500) && count < 2,
      refetchOnWindowFocus: true,
    },
  },
});

export interface QuerySettings {
  readonly enabled?: boolean;
  readonly refetchInterval?: number | false;
  /** How long an answer counts as fresh, in milliseconds. */
  readonly staleTime?: number;
}

export function useApi<O extends Operation>(
  operation: O,
  options: CallOptions<O> = {},
  settings: QuerySettings = {},
): UseQueryResult<Answer<O>> {
  return useQuery({
    queryKey: [topicOf(operation), operation, options],
    queryFn: () => api().call(operation, options),
    ...settings,
  });
}

type ListOperation = {
  [O in Operation]: Answer<O> extends { items: unknown[]; total: number } ? O : never;
}[Operation];
export type ItemOf<O extends ListOperation> = Answer<O> extends { items: (infer T)[] } ? T : never;
interface ListPage<T> {
  readonly items: T[];
  readonly total: number;
}
const PAGE = 200;

/** A list in pages of 200, by offset. `items` holds what is loaded, `total` what matches. */
export function useApiList<O extends ListOperation>(
  operation: O,
  options: CallOptions<O> = {},
): UseInfiniteQueryResult<InfiniteData<ListPage<ItemOf<O>>>> & {
  readonly items: readonly ItemOf<O>[];
  readonly total: number | undefined;
} {
  const result = useInfiniteQuery({
    queryKey: [topicOf(operation), operation, 'pages', options],
    initialPageParam: 0,
    queryFn: async ({ pageParam }): Promise<ListPage<ItemOf<O>>> => {
      const answer = await api().call(operation, {
        ...options,
        query: { ...options.query, max_results: PAGE, offset: pageParam },
      });
      // every list operation answers items and total; the table's conditional type is not resolved for a generic operation
      return answer as unknown as ListPage<ItemOf<O>>;
    },
    getNextPageParam: (last, pages) => {
      const loaded = pages.reduce((sum, page) => sum + page.items.length, 0);
      return last.items.length === 0 || loaded >= last.total ? undefined : loaded;
    },
    placeholderData: keepPreviousData,
  });
  return Object.assign(result, {
    items: result.data?.pages.flatMap((page) => page.items) ?? [],
    total: result.data?.pages[0]?.total,
  });
}

/** Reloads what a change of these operations' resources may have altered. */
export async function invalidate(...topics: string[]): Promise<void> {
  await Promise.all(topics.map((topic) => queryClient.invalidateQueries({ queryKey: [topic] })));
}
/** After a draft edit: the lists of the type, and what waits for provisioning. */
export async function invalidateDraft(type: string): Promise<void> {
  await invalidate(type, 'sec_policy');
}
