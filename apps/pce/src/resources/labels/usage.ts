/** Who uses a label. */
import { sql } from 'kysely';
import type { LabelWire } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import { DomainError } from '../../http/domain-error.ts';
import { describeUsers, usersOf } from '../../provisioning/references.ts';

type Usage = NonNullable<LabelWire['usage']>;

const UNUSED: Usage = {
  label_group: false,
  ruleset: false,
  rule: false,
  static_policy_scopes: false,
  pairing_profile: false,
  permission: false,
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

/** Usage of each label, by href. */
export async function labelUsage(
  db: Db,
  orgId: number,
  hrefs: readonly string[],
): Promise<Map<string, Usage>> {
  const usage = new Map<string, Usage>();
  for (const href of hrefs) {
    const types = new Set((await usersOf(db, orgId, href)).map((user) => user.type));
    usage.set(href, {
      ...UNUSED,
      label_group: types.has('label_groups'),
      ruleset: types.has('rule_sets'),
      rule: types.has('rule_sets'),
      enforcement_boundary: types.has('enforcement_boundaries'),
      workload: (await workloadsWith(db, orgId, href)).length > 0,
      pairing_profile: (await profilesWith(db, orgId, href)).length > 0,
    });
  }
  return usage;
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
      | 'label_still_has_associated_enforcement_boundary',
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
  refuse('label_still_has_associated_agent_info', workloads);
  refuse('label_still_has_associated_pairing_profile', profiles);
}
