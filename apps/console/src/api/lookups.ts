/** The lists that pickers choose from. */
import type { LabelGroupWire, LabelWire, ServiceWire, Answer } from '@bulkhead/contract';
import { useApi } from './hooks.ts';

const ALL = 10_000;
const none: never[] = [];

export function useLabels(): readonly LabelWire[] {
  return useApi('labels.list', { query: { max_results: ALL } }).data?.items ?? none;
}
export function useLabelGroups(): readonly LabelGroupWire[] {
  return (
    useApi('label_groups.list', { params: { pversion: 'draft' }, query: { max_results: ALL } }).data
      ?.items ?? none
  );
}
export function useServices(): readonly ServiceWire[] {
  return (
    useApi('services.list', { params: { pversion: 'draft' }, query: { max_results: ALL } }).data
      ?.items ?? none
  );
}
export function useIpLists(): readonly Answer<'ip_lists.list'>['items'][number][] {
  return (
    useApi('ip_lists.list', { params: { pversion: 'draft' }, query: { max_results: ALL } }).data
      ?.items ?? none
  );
}
export function useWorkloadSearch(
  text: string,
): readonly Answer<'workloads.list'>['items'][number][] {
  return (
    useApi('workloads.list', { query: { max_results: 30, query: text === '' ? undefined : text } })
      .data?.items ?? none
  );
}
/** Names of users by href, to say who did something. */
export function useUserName(): (href: string) => string {
  const users = useApi('users.list', { query: { max_results: ALL } }).data?.items ?? none;
  return (href) => {
    const user = users.find((one) => one.href === href);
    return user?.full_name ?? user?.username ?? 'System';
  };
}
