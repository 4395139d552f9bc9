/** Parts of a boundary that block nothing. */
import type { Db } from '../../db/database.ts';
import { UUID } from '../../provisioning/references.ts';
import { idleExclusions } from '../rule-sets/warnings.ts';
import { contentOf, type StoredBoundary } from '../../provisioning/stored-content.ts';

export interface BoundaryFacts {
  /** IP lists that hold FQDNs, draft href to name and FQDNs. */
  readonly fqdnLists: ReadonlyMap<
    string,
    { readonly name: string; readonly fqdns: readonly string[] }
  >;
  /** Workloads without a VEN, href to name. */
  readonly unmanaged: ReadonlyMap<string, string>;
}

export async function loadBoundaryFacts(
  db: Db,
  orgId: number,
  hrefs: ReadonlySet<string>,
): Promise<BoundaryFacts> {
  const fqdnLists = new Map<string, { name: string; fqdns: string[] }>();
  const lists = idsOf(hrefs, 'ip_lists');
  if (lists.length > 0) {
    const rows = await db
      .selectFrom('policy_objects')
      .select(['id', 'draft'])
      .where('org_id', '=', orgId)
      .where('type', '=', 'ip_lists')
      .where('id', 'in', lists)
      .execute();
    for (const row of rows) {
      const { name, fqdns } = contentOf('ip_lists', row.draft);
      if (fqdns.length === 0) continue;
      const href = `/orgs/${orgId}/sec_policy/draft/ip_lists/${row.id}`;
      fqdnLists.set(href, { name, fqdns: fqdns.map(({ fqdn }) => fqdn) });
    }
  }
  const unmanaged = new Map<string, string>();
  const workloads = idsOf(hrefs, 'workloads').filter((id) => UUID.test(id));
  if (workloads.length > 0) {
    const rows = await db
      .selectFrom('workloads')
      .select(['id', 'name', 'hostname'])
      .where('org_id', '=', orgId)
      .where('id', 'in', workloads)
      .where('managed', '=', false)
      .execute();
    for (const row of rows)
      unmanaged.set(`/orgs/${orgId}/workloads/${row.id}`, row.name ?? row.hostname ?? row.id);
  }
  return { fqdnLists, unmanaged };
}

function idsOf(hrefs: ReadonlySet<string>, type: string): string[] {
  return [...hrefs].flatMap((href) => {
    const [, found, id] = /\/([a-z_]+)\/([^/]+)$/.exec(href) ?? [];
    return found === type && id !== undefined ? [id] : [];
  });
}

export function boundaryWarnings(
  content: StoredBoundary,
  facts: BoundaryFacts,
): { token: string; message: string }[] {
  const lists = [...content.providers, ...content.consumers].flatMap((actor) => {
    const list = 'ip_list' in actor ? facts.fqdnLists.get(actor.ip_list.href) : undefined;
    return list === undefined ? [] : [list];
  });
  const without = content.providers.flatMap((actor) => {
    const name = 'workload' in actor ? facts.unmanaged.get(actor.workload.href) : undefined;
    return name === undefined ? [] : [name];
  });
  return [
    ...(['providers', 'consumers'] as const).flatMap((side) => idleExclusions(side, content[side])),
    // R-POL-8
    ...lists.map(({ name, fqdns }) => ({
      token: 'fqdn_dropped',
      message: `The boundary blocks the addresses of the IP list "${name}" and not its names: ${fqdns.slice(0, 5).join(', ')}${fqdns.length > 5 ? ` and ${fqdns.length - 5} more` : ''}; connections to them are not blocked unless their addresses are in the list`,
    })),
    ...without.map((name) => ({
      token: 'boundary_without_effect',
      message: `The provider "${name}" is an unmanaged workload: no VEN of its own would block anything there; name its addresses in an IP list as provider, so that consumers block them`,
    })),
  ];
}
