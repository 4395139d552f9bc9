/** What the terms of a traffic query refer to, and what flows are named by: labels, groups, IP lists, rules. */
import { parseHref, withVersion } from '@bulkhead/contract';
import { ANY_LIST } from '../provisioning/seed.ts';
import { joinSpans, parseSpan, parsePrefix, type AddressSpan } from '@bulkhead/net';
import { ipListSpans, type IpList, type LabelGroup } from '@bulkhead/policy';
import type { Db } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';
import { loadPolicyObjects } from '../provisioning/policy-model.ts';
import { networkRef } from '../resources/networks/networks.ts';
import type { Lookups } from './query-sql.ts';
import { labelId } from './workload-directory.ts';

export interface NamedObjects {
  readonly lookups: Lookups;
  /** Active IP lists with their addresses. */
  readonly ipLists: readonly {
    readonly href: string;
    readonly name: string;
    readonly spans: readonly AddressSpan[];
  }[];
  /** Names of active rules and boundaries by href. */
  readonly ruleNames: ReadonlyMap<string, string>;
}

export async function loadNamedObjects(db: Db, orgId: number): Promise<NamedObjects> {
  const [active, draft] = await Promise.all([
    loadPolicyObjects(db, orgId, 'active'),
    loadPolicyObjects(db, orgId, 'draft'),
  ]);
  // A query may name an object in either state; what is drafted wins, as on the page where it was picked.
  const groups = new Map<string, LabelGroup>();
  const lists = new Map<string, IpList>();
  for (const model of [active, draft]) {
    for (const group of model.labelGroups) groups.set(withVersion(group.href, 'draft'), group);
    for (const list of model.ipLists) lists.set(withVersion(list.href, 'draft'), list);
  }
  const groupLabels = (href: string, seen: Set<string>): number[] => {
    const key = withVersion(href, 'draft');
    const group = groups.get(key);
    if (group === undefined || seen.has(key)) return [];
    seen.add(key);
    return [
      ...group.labels.flatMap((label) => labelId(label) ?? []),
      ...group.subGroups.flatMap((sub) => groupLabels(sub, seen)),
    ];
  };
  return {
    lookups: {
      labels(href) {
        const id = labelId(href);
        return id === undefined ? groupLabels(href, new Set()) : [id];
      },
      workload(href) {
        const parsed = parseHref(href);
        const [type, id] = parsed?.path[0] ?? [];
        return parsed?.orgId === orgId && type === 'workloads' && id !== undefined && UUID.test(id)
          ? id
          : undefined;
      },
      spans(href) {
        const list = lists.get(withVersion(href, 'draft'));
        return list === undefined ? [] : ipListSpans(list);
      },
      addressSpan(text) {
        const span = text.includes('/') ? parsePrefix(text) : parseSpan(text);
        if (!span.ok) throw new DomainError('invalid_ip_address', `ip_address: ${span.message}`);
        return span.value;
      },
      network(href) {
        for (const profile of ['corporate', 'external'] as const)
          if (networkRef(orgId, profile).href === href) return profile;
        return undefined;
      },
    },
    // Any holds every address and so says nothing of one
    ipLists: active.ipLists
      .filter((list) => list.name !== ANY_LIST)
      .map((list) => ({
        href: list.href,
        name: list.name,
        spans: joinSpans(ipListSpans(list)),
      })),
    ruleNames: new Map(
      [...active.ruleSets.flatMap((set) => set.rules), ...active.enforcementBoundaries].map(
        (item) => [item.href, item.name],
      ),
    ),
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
