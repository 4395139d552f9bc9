/** Who uses a label. */
import { sql } from 'kysely';
import {
  ROLE_NAMES,
  type LabelWire,
  type PolicyType,
  type PolicyUsageWire,
} from '@bulkhead/contract';
import { permissionRows } from '../../access/permissions.ts';
import type { Db, PolicyContent } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import { describeUsers, hrefsIn, identityOf, usersOf } from '../../provisioning/references.ts';

type Usage = NonNullable<LabelWire['usage']>;

const UNUSED: Usage = {
  label_group: false,
  ruleset: false,
  rule: false,
  static_policy_scopes: false,
  pairing_profile: false,
  permission: false,
  policy_test: false,
  workload: false,
  container_workload: false,
  container_workload_profile: false,
  firewall_coexistence_scope: false,
  containers_inherit_host_policy_scopes: false,
  blocked_connection_reject_scope: false,
  blocked_connection_reject_scopes: false,
  enforcement_boundary: false,
  loopback_interfaces_in_policy_scopes: false,
  virtual_service: false,
  virtual_server: false,
};

async function workloadsWith(db: Db, orgId: number, href: string): Promise<{ name: string }[]> {
  const rows = await db
    .selectFrom('workloads')
    .select(['name', 'hostname', 'id'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .where(sql<boolean>`labels @> ${JSON.stringify([href])}::jsonb`)
    .limit(6)
    .execute();
  return rows.map((row) => ({ name: row.name ?? row.hostname ?? row.id }));
}

async function profilesWith(db: Db, orgId: number, href: string): Promise<{ name: string }[]> {
  const rows = await db
    .selectFrom('pairing_profiles')
    .select(['name', 'id'])
    .where('org_id', '=', orgId)
    .where(sql<boolean>`labels @> ${JSON.stringify([href])}::jsonb`)
    .limit(6)
    .execute();
  return rows.map((row) => ({ name: row.name ?? String(row.id) }));
}

/** Permissions whose scope names a label or label group, called by their roles. */
export async function permissionsWith(
  db: Db,
  orgId: number,
  href: string,
): Promise<{ type: string; name: string }[]> {
  const rows = await permissionRows(db, orgId).execute();
  return rows
    .filter((row) => hrefsIn(row.scope).has(href))
    .map((row) => ({ type: 'permissions', name: ROLE_NAMES[row.role] }));
}

/** Policy tests that name any of the labels as a host. */
async function testsWith(
  db: Db,
  orgId: number,
  hrefs: readonly string[],
): Promise<{ name: string; labels: ReadonlySet<string> }[]> {
  const rows = await db
    .selectFrom('policy_tests')
    .select(['name', 'content'])
    .where('org_id', '=', orgId)
    .orderBy('created_at')
    .execute();
  return rows
    .map(({ name, content: { from, to } }) => ({
      name,
      labels: new Set([...from, ...to].flatMap((host) => ('labels' in host ? host.labels : []))),
    }))
    .filter(({ labels }) => hrefs.some((href) => labels.has(href)));
}

/** Usage of each label, by href: a handful of queries for all of them. */
export async function labelUsage(
  db: Db,
  orgId: number,
  hrefs: readonly string[],
): Promise<Map<string, Usage>> {
  const ofPolicy = await policyUsage(db, orgId);
  const workloads = await labelsOn(db, 'workloads', { orgId, hrefs });
  const profiles = await labelsOn(db, 'pairing_profiles', { orgId, hrefs });
  const tested = new Set((await testsWith(db, orgId, hrefs)).flatMap((test) => [...test.labels]));
  const permitted = hrefsIn((await permissionRows(db, orgId).execute()).map((row) => row.scope));
  return new Map(
    hrefs.map((href) => [
      href,
      {
        ...UNUSED,
        ...ofPolicy(href),
        workload: workloads.has(href),
        pairing_profile: profiles.has(href),
        permission: permitted.has(href),
        policy_test: tested.has(href),
      },
    ]),
  );
}

const OF_POLICY = [
  'label_group',
  'ruleset',
  'rule',
  'enforcement_boundary',
  'virtual_service',
  'firewall_coexistence_scope',
  'blocked_connection_reject_scope',
  'blocked_connection_reject_scopes',
  'static_policy_scopes',
  'containers_inherit_host_policy_scopes',
  'loopback_interfaces_in_policy_scopes',
] as const satisfies readonly (keyof PolicyUsageWire)[];

/** Usages that a part of a content makes. */
function partsOf(
  type: PolicyType,
  content: PolicyContent,
): (readonly [usage: keyof PolicyUsageWire, part: unknown])[] {
  switch (type) {
    case 'label_groups':
      return [['label_group', content]];
    case 'enforcement_boundaries':
      return [['enforcement_boundary', content]];
    case 'virtual_services':
      return [['virtual_service', content]];
    case 'rule_sets':
      return [
        ['ruleset', content['scopes']],
        ['rule', content['rules']],
        ['rule', content['ip_tables_rules']],
      ];
    case 'firewall_settings':
      return [
        ['firewall_coexistence_scope', content['firewall_coexistence']],
        ['blocked_connection_reject_scope', content['blocked_connection_reject_scopes']],
        ['blocked_connection_reject_scopes', content['blocked_connection_reject_scopes']],
        ['static_policy_scopes', content['static_policy_scopes']],
        ['containers_inherit_host_policy_scopes', content['containers_inherit_host_policy_scopes']],
        ['loopback_interfaces_in_policy_scopes', content['loopback_interfaces_in_policy_scopes']],
      ];
    case 'ip_lists':
    case 'services':
      return [];
  }
}

/** What policy uses, by draft href: of draft (what is not deleted there) and active together. */
async function policyUsage(db: Db, orgId: number): Promise<(href: string) => PolicyUsageWire> {
  const rows = await db
    .selectFrom('policy_objects')
    .select(['type', 'draft', 'active', 'update_type'])
    .where('org_id', '=', orgId)
    .where('type', 'not in', ['ip_lists', 'services'])
    .execute();
  const found = new Map<keyof PolicyUsageWire, Set<string>>();
  for (const row of rows) {
    for (const content of [row.update_type === 'delete' ? null : row.draft, row.active]) {
      if (content === null) continue;
      for (const [usage, part] of partsOf(row.type, content))
        found.set(usage, hrefsIn(part, found.get(usage)));
    }
  }
  return (href) =>
    Object.fromEntries(
      OF_POLICY.map((usage) => [usage, found.get(usage)?.has(href) === true]),
    ) as PolicyUsageWire; // one entry per usage
}

async function labelsOn(
  db: Db,
  table: 'workloads' | 'pairing_profiles',
  { orgId, hrefs }: { orgId: number; hrefs: readonly string[] },
): Promise<Set<string>> {
  const isThere = table === 'workloads' ? sql`AND NOT holder.deleted` : sql``;
  // One pass over the table: a look-up per label costs more as soon as there are many labels.
  const { rows } = await sql<{ href: string }>`
    SELECT DISTINCT label AS href
    FROM ${sql.table(table)} AS holder, jsonb_array_elements_text(holder.labels) AS label
    WHERE holder.org_id = ${orgId} ${isThere} AND label = ANY(${[...hrefs]}::text[])`.execute(db);
  return new Set(rows.map((row) => row.href));
}

/** A label that something uses stays; the error says by whom it is used. */
export async function refuseLabelInUse(
  db: Db,
  orgId: number,
  label: { readonly href: string; readonly text: string },
): Promise<void> {
  const objects = await usersOf(db, orgId, label.href);
  const of = (type: string, found: readonly { name: string }[]) =>
    found.map(({ name }) => ({ type, name }));
  const workloads = of('workloads', await workloadsWith(db, orgId, label.href));
  const profiles = of('pairing_profiles', await profilesWith(db, orgId, label.href));
  const refuse = (
    token:
      | 'label_still_has_associated_rule_set'
      | 'label_referenced_by_label_group'
      | 'label_still_has_associated_agent_info'
      | 'label_still_has_associated_pairing_profile'
      | 'label_still_has_associated_enforcement_boundary'
      | 'label_still_has_associated_virtual_service'
      | 'label_still_has_associated_firewall_settings'
      | 'label_still_has_associated_permission'
      | 'label_still_has_associated_policy_test',
    users: readonly { readonly type: string; readonly name: string }[],
  ) => {
    if (users.length === 0) return;
    throw new DomainError(
      token,
      `The label ${label.text} is used by ${describeUsers(users)}; take it off there first`,
      { href: label.href },
    );
  };
  refuse(
    'label_still_has_associated_rule_set',
    objects.filter(({ type }) => type === 'rule_sets'),
  );
  refuse(
    'label_referenced_by_label_group',
    objects.filter(({ type }) => type === 'label_groups'),
  );
  refuse(
    'label_still_has_associated_enforcement_boundary',
    objects.filter(({ type }) => type === 'enforcement_boundaries'),
  );
  refuse(
    'label_still_has_associated_virtual_service',
    objects.filter(({ type }) => type === 'virtual_services'),
  );
  refuse(
    'label_still_has_associated_firewall_settings',
    objects.filter(({ type }) => type === 'firewall_settings'),
  );
  refuse('label_still_has_associated_agent_info', workloads);
  refuse('label_still_has_associated_pairing_profile', profiles);
  refuse('label_still_has_associated_permission', await permissionsWith(db, orgId, label.href));
  refuse(
    'label_still_has_associated_policy_test',
    of('policy_tests', await testsWith(db, orgId, [label.href])),
  );
}

/** Objects of policy with who uses each, if that is asked for. */
export async function withUsage<T extends { readonly href: string }>(
  db: Db,
  orgId: number,
  isAsked: boolean | undefined,
  items: readonly T[],
): Promise<(T & { usage?: PolicyUsageWire })[]> {
  if (isAsked !== true) return [...items];
  const of = await policyUsage(db, orgId);
  return items.map((item) => ({ ...item, usage: of(identityOf(item.href)) }));
}
