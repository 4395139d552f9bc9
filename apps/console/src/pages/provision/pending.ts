/** Draft changes that wait for provisioning, as one list. */
import type { Answer, ChangeSubset } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';

type Pending = Answer<'sec_policy.pending'>;
export type PendingType = keyof Pending;
export type PendingItem = NonNullable<Pending[PendingType]>[number] & {
  readonly type: PendingType;
};

export const PENDING_TYPES = [
  'rule_sets',
  'enforcement_boundaries',
  'ip_lists',
  'services',
  'label_groups',
  'virtual_services',
  'firewall_settings',
] as const satisfies readonly PendingType[];
export const TYPE_NAMES: Record<PendingType, string> = {
  rule_sets: 'Ruleset',
  enforcement_boundaries: 'Enforcement boundary',
  ip_lists: 'IP list',
  services: 'Service',
  label_groups: 'Label group',
  virtual_services: 'Virtual service',
  firewall_settings: 'Settings',
};

export function flattenPending(pending: Pending | undefined): PendingItem[] {
  return PENDING_TYPES.flatMap((type) =>
    (pending?.[type] ?? []).map((item) => ({ ...item, type })),
  );
}

export function subsetOf(items: readonly PendingItem[]): ChangeSubset {
  const subset: Partial<Record<PendingType, { href: string }[]>> = {};
  for (const { type, href } of items) (subset[type] ??= []).push({ href });
  return subset;
}

export function useDraft(): {
  readonly items: readonly PendingItem[];
  readonly count: number;
  readonly loading: boolean;
  readonly error: unknown;
} {
  const query = useApi('sec_policy.pending');
  const items = flattenPending(query.data);
  return { items, count: items.length, loading: query.isPending, error: query.error };
}

/** `Shop` of rulesets and boundaries; others say what they are: `Service: HTTPS`. */
export function titleOf(item: PendingItem): string {
  return item.type === 'rule_sets' || item.type === 'enforcement_boundaries'
    ? item.name
    : `${TYPE_NAMES[item.type]}: ${item.name}`;
}
