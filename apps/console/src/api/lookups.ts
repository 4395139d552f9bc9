/** The lists that pickers choose from. */
import type { LabelGroupWire, LabelWire, ServiceWire, Answer } from '@bulkhead/contract';
import { idOf, KEY_NAMES } from '../format/words.ts';
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
export function useVirtualServices(): readonly Answer<'virtual_services.list'>['items'][number][] {
  return (
    useApi('virtual_services.list', {
      params: { pversion: 'draft' },
      query: { max_results: ALL },
    }).data?.items ?? none
  );
}
export function useUserGroups(): readonly Answer<'security_principals.list'>['items'][number][] {
  return useApi('security_principals.list', { query: { max_results: ALL } }).data?.items ?? none;
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
/** `Application Shop` of the href of a label or label group, in whatever version. */
export function useLabelName(): (href: string) => string {
  const labels = useLabels();
  const groups = useLabelGroups();
  return (href) => {
    const id = idOf(href);
    const label = labels.find((one) => one.href === href);
    const group = groups.find((one) => idOf(one.href) === id);
    if (label !== undefined) return `${KEY_NAMES[label.key] ?? label.key} ${label.value}`;
    return group === undefined ? href : `${KEY_NAMES[group.key] ?? group.key} ${group.name}`;
  };
}
