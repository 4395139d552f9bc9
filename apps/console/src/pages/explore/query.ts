/** The Explore filters, from the URL to a traffic query. */
import type { TrafficQuery } from '@bulkhead/contract';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { parseAddress, parseSpan } from '@bulkhead/net';
import { listValue, oneOf, type Search } from '../../format/filters.ts';
import { parsePort } from '../../format/services.ts';

export const HOURS = ['1', '24', '168', '720'] as const;
export const HOUR_NAMES: Record<(typeof HOURS)[number], string> = {
  1: 'last hour',
  24: 'last 24 hours',
  168: 'last 7 days',
  720: 'last 30 days',
};
const MOST = 10_000;

export function emptyTrafficQuery(now: Date, hours: number): TrafficQuery {
  return {
    query_name: 'Explore',
    sources: { include: [[]], exclude: [] },
    destinations: { include: [[]], exclude: [] },
    services: { include: [], exclude: [] },
    policy_decisions: [],
    sources_destinations_query_op: 'and',
    max_results: MOST,
    start_date: new Date(now.getTime() - hours * 3_600_000).toISOString(),
    end_date: now.toISOString(),
  };
}

type Term = TrafficQuery['sources']['include'][number][number];
/** Hrefs of one kind in the URL are labels, workloads or IP lists; anything else is an address. */
export function termOf(text: string): Term {
  if (text.includes('/labels/')) return { label: { href: text } };
  if (text.includes('/label_groups/')) return { label_group: { href: text } };
  if (text.includes('/workloads/')) return { workload: { href: text } };
  if (text.includes('/ip_lists/')) return { ip_list: { href: text } };
  return { ip_address: text };
}

export function isAddressText(text: string): boolean {
  return parseAddress(text.trim()) !== null || parseSpan(text.trim()).ok;
}

export function trafficQuery(search: Search, now: Date): TrafficQuery {
  const hours = Number(oneOf(search['hours'], HOURS) ?? '24');
  const base = emptyTrafficQuery(now, hours);
  // one empty list of terms is anybody; no list at all would be nobody
  const side = (key: string) => {
    const terms = listValue(search[key]).map((text) => [termOf(text)]);
    return { include: terms.length === 0 ? [[]] : terms, exclude: [] };
  };
  const services = listValue(search['service']).flatMap((text) => {
    const parsed = parsePort(text);
    return parsed.ok ? [parsed.value] : [];
  });
  const decision = oneOf(search['decision'], POLICY_DECISIONS);
  return {
    ...base,
    sources: side('from'),
    destinations: side('to'),
    services: { include: services, exclude: [] },
    policy_decisions: decision === undefined ? [] : [decision],
  };
}
