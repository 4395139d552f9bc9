/** Findings of a state, and how many the draft has. */
import { useEffect } from 'react';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Answer } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { queryClient, useApi } from '../../api/hooks.ts';

/** More than anybody reads; the total says how many there are. */
const MOST = 10_000;
const COUNT_KEY = ['diagnostics', 'draft count'];

export function useFindings(
  pversion: 'draft' | 'active',
): UseQueryResult<Answer<'sec_policy.diagnostics'>> {
  const query = useApi('sec_policy.diagnostics', {
    params: { pversion },
    query: { max_results: MOST },
  });
  const total = query.data?.total;
  useEffect(() => {
    if (pversion === 'draft' && total !== undefined)
      queryClient.setQueryData(COUNT_KEY, { total, at: new Date().toISOString() });
  }, [pversion, total]);
  return query;
}

/**
 * How many findings the draft had when it was last looked at.
 * The search costs the PCE seconds in a large organization, so a change of the policy does not start it: signing in does, and the page.
 */
export function useFindingsCount(): { readonly total: number; readonly at: string } | undefined {
  return useQuery({
    queryKey: COUNT_KEY,
    queryFn: async () => {
      const { total } = await api().call('sec_policy.diagnostics', {
        params: { pversion: 'draft' },
        query: { max_results: 0 },
      });
      return { total, at: new Date().toISOString() };
    },
    staleTime: Infinity,
    retry: false,
  }).data;
}
