/** Stored objects as the policy core takes them, for draft, active or any version. */
import { objectHref, parseHref, type PolicyType, type PolicyVersionWord } from '@bulkhead/contract';
import {
  DEFAULT_FIREWALL_SETTINGS,
  type EnforcementBoundary,
  type FirewallSettings,
  type IpList,
  type Label,
  type LabelGroup,
  type PolicyModel,
  type RuleSet,
  type Service,
  type VirtualService,
  type Workload,
} from '@bulkhead/policy';
import { labelFromRow, workloadFromRow } from '../compute/facts-model.ts';
import type { ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import {
  changeOf,
  type Bindings,
  type ObjectContent,
  type PolicyObjectChange,
} from './object-models.ts';

/** `draft`, `active`, or a version number. */
export type PolicyAt = 'draft' | 'active' | number;

type PolicyObjects = Omit<PolicyModel, 'labels' | 'workloads'>;

/** One object at one state, of any type. */
export interface ObjectAt extends ObjectContent {
  readonly type: PolicyType;
  readonly id: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/**
 * All objects of one organization, read in one snapshot. Labels and workloads have no versions: they are as they are now.
 * `word`: in the hrefs of policy objects.
 */
export function loadPolicyModel(
  db: Db,
  orgId: number,
  at: PolicyAt,
  word: PolicyVersionWord = String(at),
): Promise<PolicyModel> {
  const load = async (trx: Db): Promise<PolicyModel> => ({
    labels: await loadLabels(trx, orgId),
    workloads: await loadWorkloads(trx, orgId),
    ...(await loadPolicyObjects(trx, orgId, at, word)),
  });
  return db.isTransaction
    ? load(db)
    : db.transaction().setIsolationLevel('repeatable read').execute(load);
}

/** The versioned part of the model. */
export async function loadPolicyObjects(
  db: Db,
  orgId: number,
  at: PolicyAt,
  word: PolicyVersionWord = String(at),
): Promise<PolicyObjects> {
  const objects = await objectsAt(db, orgId, at);
  const bindings = await loadBindings(db, orgId);
  const model = {
    labelGroups: [] as LabelGroup[],
    ipLists: [] as IpList[],
    services: [] as Service[],
    virtualServices: [] as VirtualService[],
    ruleSets: [] as RuleSet[],
    enforcementBoundaries: [] as EnforcementBoundary[],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS as FirewallSettings,
  };
  for (const object of objects) {
    const { type, id } = object;
    const change = changeOf({ orgId, word, type, id }, object, bindings);
    if (change === undefined || change.value === null) continue;
    switch (change.type) {
      case 'label_group':
        model.labelGroups.push(change.value);
        break;
      case 'ip_list':
        model.ipLists.push(change.value);
        break;
      case 'service':
        model.services.push(change.value);
        break;
      case 'virtual_service':
        model.virtualServices.push(change.value);
        break;
      case 'rule_set':
        model.ruleSets.push(change.value);
        break;
      case 'enforcement_boundary':
        model.enforcementBoundaries.push(change.value);
        break;
      case 'firewall_settings':
        model.firewallSettings = change.value;
        break;
    }
  }
  return model;
}

/** Workloads bound to each virtual service, or to those of the ids. Bindings have no versions. */
export async function loadBindings(
  db: Db,
  orgId: number,
  ids?: readonly string[],
): Promise<Bindings> {
  if (ids?.length === 0) return new Map();
  let query = db
    .selectFrom('service_bindings')
    .select(['virtual_service_id', 'workload_id'])
    .where('org_id', '=', orgId);
  if (ids !== undefined) query = query.where('virtual_service_id', 'in', ids);
  const rows = await query.orderBy('workload_id').execute();
  const bindings = new Map<string, string[]>();
  for (const row of rows) {
    const href = objectHref(orgId, 'workloads', row.workload_id);
    const bound = bindings.get(row.virtual_service_id);
    if (bound === undefined) bindings.set(row.virtual_service_id, [href]);
    else bound.push(href);
  }
  return bindings;
}

/** Objects that exist in one state, by type and id. */
export async function objectsAt(db: Db, orgId: number, at: PolicyAt): Promise<ObjectAt[]> {
  if (typeof at === 'number') {
    const rows = await db
      .selectFrom('policy_object_versions')
      .distinctOn(['type', 'id'])
      .select(['type', 'id', 'version', 'content'])
      .where('org_id', '=', orgId)
      .where('version', '<=', at)
      .orderBy('type')
      .orderBy('id')
      .orderBy('version', 'desc')
      .execute();
    return rows.flatMap(({ content, ...row }) => (content === null ? [] : [{ ...row, content }]));
  }
  const rows = await db
    .selectFrom('policy_objects')
    .select(['type', 'id', 'draft', 'active', 'update_type', 'active_version'])
    .where('org_id', '=', orgId)
    .orderBy('type')
    .orderBy('id')
    .execute();
  return rows.flatMap((row) => {
    const content = at === 'active' ? row.active : row.update_type === 'delete' ? null : row.draft;
    if (content === null) return [];
    return [{ type: row.type, id: row.id, content, version: row.active_version ?? 0 }];
  });
}

/** References before what refers to them. */
const ORDER: readonly PolicyObjectChange['type'][] = [
  'label_group',
  'service',
  'ip_list',
  'virtual_service',
  'firewall_settings',
  'rule_set',
  'enforcement_boundary',
];

/**
 * What change log rows mean for the active policy: the objects of a provisioned version, and the virtual services whose bindings changed,
 * as they are now; null for those that are gone. Rows about labels and workloads, and drafts, give nothing here.
 */
export async function policyObjectChanges(
  db: Db,
  orgId: number,
  rows: readonly ChangeRow[],
): Promise<PolicyObjectChange[]> {
  const touched = new Map(
    [...(await provisioned(db, orgId, rows)), ...(await rebound(db, orgId, rows))].map((object) => [
      `${object.type} ${object.id}`,
      object,
    ]),
  );
  const virtual = [...touched.values()].flatMap(({ type, id }) =>
    type === 'virtual_services' ? [id] : [],
  );
  const bindings = await loadBindings(db, orgId, virtual);
  const changes = [...touched.values()].flatMap(({ type, id, active, active_version: version }) => {
    const object = active === null ? null : { content: active, version: version ?? 0 };
    return changeOf({ orgId, word: 'active', type, id }, object, bindings) ?? [];
  });
  return changes.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));
}

/** Objects that the provisioned versions among the rows changed. */
async function provisioned(db: Db, orgId: number, rows: readonly ChangeRow[]) {
  const versions = rows.flatMap((row) => {
    const version = /\/sec_policy\/(\d+)$/.exec(row.href)?.[1];
    return row.kind === 'provision' && version !== undefined ? [Number(version)] : [];
  });
  if (versions.length === 0) return [];
  return db
    .selectFrom('policy_object_versions as changed')
    .leftJoin('policy_objects as object', (join) =>
      join
        .onRef('object.org_id', '=', 'changed.org_id')
        .onRef('object.type', '=', 'changed.type')
        .onRef('object.id', '=', 'changed.id'),
    )
    .distinctOn(['changed.type', 'changed.id'])
    .select([
      'changed.type as type',
      'changed.id as id',
      'object.active as active',
      'object.active_version as active_version',
    ])
    .where('changed.org_id', '=', orgId)
    .where('changed.version', 'in', versions)
    .orderBy('changed.type')
    .orderBy('changed.id')
    .execute();
}

/** Virtual services that still exist and whose bindings the rows are about. */
async function rebound(db: Db, orgId: number, rows: readonly ChangeRow[]) {
  const ids = idsOf(
    rows.flatMap((row) => (row.kind === 'service_binding' ? [row.href] : [])),
    UUID,
  );
  if (ids.length === 0) return [];
  return db
    .selectFrom('policy_objects')
    .select(['type', 'id', 'active', 'active_version'])
    .where('org_id', '=', orgId)
    .where('type', '=', 'virtual_services')
    .where('id', 'in', ids)
    .where('active', 'is not', null)
    .execute();
}

/** Labels that exist, all or those of the hrefs. */
export async function loadLabels(
  db: Db,
  orgId: number,
  hrefs?: readonly string[],
): Promise<Label[]> {
  const ids = hrefs === undefined ? undefined : idsOf(hrefs, /^\d{1,15}$/).map(Number);
  if (ids?.length === 0) return [];
  let query = db
    .selectFrom('labels')
    .select(['id', 'org_id', 'key', 'value'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false);
  if (ids !== undefined) query = query.where('id', 'in', ids);
  return (await query.execute()).map(labelFromRow);
}

/** Workloads that exist, all or those of the hrefs. */
export async function loadWorkloads(
  db: Db,
  orgId: number,
  hrefs?: readonly string[],
): Promise<Workload[]> {
  const ids = hrefs === undefined ? undefined : idsOf(hrefs, UUID);
  if (ids?.length === 0) return [];
  let query = db
    .selectFrom('workloads')
    .leftJoin('vens', 'vens.id', 'workloads.id')
    .selectAll('workloads')
    .select(['vens.version as ven_version', 'vens.status as ven_status'])
    .where('workloads.org_id', '=', orgId)
    .where('workloads.deleted', '=', false);
  if (ids !== undefined) query = query.where('workloads.id', 'in', ids);
  return (await query.execute()).map((row) =>
    workloadFromRow(row, { version: row.ven_version, status: row.ven_status }),
  );
}

function idsOf(hrefs: readonly string[], form: RegExp): string[] {
  return hrefs.flatMap((href) => {
    const id = parseHref(href)?.path[0]?.[1];
    return id !== undefined && form.test(id) ? [id] : [];
  });
}
