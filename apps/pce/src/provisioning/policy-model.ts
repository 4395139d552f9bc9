/** Stored objects as the policy core takes them, for draft, active or any version. */
import {
  policyHref,
  parseHref,
  withVersion,
  type PolicyType,
  type PolicyVersionWord,
} from '@bulkhead/contract';
import {
  DEFAULT_FIREWALL_SETTINGS,
  type Actor,
  type EnforcementBoundary,
  type IngressService,
  type IpList,
  type Label,
  type LabelGroup,
  type PolicyChange,
  type PolicyModel,
  type RuleSet,
  type ScopeEntry,
  type Service,
  type ServicePort,
  type Workload,
} from '@bulkhead/policy';
import { labelFromRow, workloadFromRow } from '../compute/facts-model.ts';
import type { ChangeRow } from '../db/change-log.ts';
import type { Db, PolicyContent } from '../db/database.ts';
import {
  contentOf,
  isStoredType,
  liveRules,
  type StoredActor,
  type StoredBoundary,
  type StoredIngressService,
  type StoredIpList,
  type StoredLabelGroup,
  type StoredRuleSet,
  type StoredScopeEntry,
  type StoredService,
  type StoredType,
} from './stored-content.ts';

/** `draft`, `active`, or a version number. */
export type PolicyAt = 'draft' | 'active' | number;

type PolicyObjects = Omit<PolicyModel, 'labels' | 'workloads'>;
export type PolicyObjectChange = Exclude<PolicyChange, { type: 'label' | 'workload' }>;

/** One object at one state, of any type. */
export interface ObjectAt {
  readonly type: PolicyType;
  readonly id: string;
  readonly content: PolicyContent;
  /** Policy version in which it last changed; 0 while it is draft only. */
  readonly version: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SINGULAR = {
  ip_lists: 'ip_list',
  services: 'service',
  label_groups: 'label_group',
  rule_sets: 'rule_set',
  enforcement_boundaries: 'enforcement_boundary',
} as const satisfies Record<StoredType, PolicyObjectChange['type']>;

/** All objects of one organization, read in one snapshot. Labels and workloads have no versions: they are as they are now. */
export function loadPolicyModel(db: Db, orgId: number, at: PolicyAt): Promise<PolicyModel> {
  const load = async (trx: Db): Promise<PolicyModel> => ({
    labels: await loadLabels(trx, orgId),
    workloads: await loadWorkloads(trx, orgId),
    ...(await loadPolicyObjects(trx, orgId, at)),
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
): Promise<PolicyObjects> {
  const objects = await objectsAt(db, orgId, at);
  const word = String(at);
  const model = {
    labelGroups: [] as LabelGroup[],
    ipLists: [] as IpList[],
    services: [] as Service[],
    virtualServices: [],
    ruleSets: [] as RuleSet[],
    enforcementBoundaries: [] as EnforcementBoundary[],
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
  };
  for (const object of objects) {
    const change = changeOf(orgId, word, object.type, object.id, object);
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
      case 'rule_set':
        model.ruleSets.push(change.value);
        break;
      case 'enforcement_boundary':
        model.enforcementBoundaries.push(change.value);
        break;
      case 'virtual_service':
        break;
    }
  }
  return model;
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

/**
 * What change log rows mean for the active policy: the objects of a provisioned version as they are now, null for those that are gone.
 * Rows about labels and workloads, and drafts, give nothing here.
 */
export async function policyObjectChanges(
  db: Db,
  orgId: number,
  rows: readonly ChangeRow[],
): Promise<PolicyObjectChange[]> {
  const versions = rows.flatMap((row) => {
    const version = /\/sec_policy\/(\d+)$/.exec(row.href)?.[1];
    return row.kind === 'provision' && version !== undefined ? [Number(version)] : [];
  });
  if (versions.length === 0) return [];
  const touched = await db
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
  const changes = touched.flatMap(({ type, id, active, active_version: version }) => {
    const object = active === null ? null : { content: active, version: version ?? 0 };
    return changeOf(orgId, 'active', type, id, object) ?? [];
  });
  // References before what refers to them.
  const order = ['label_group', 'service', 'ip_list', 'rule_set', 'enforcement_boundary'];
  return changes.toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
}

/** One object as a change of the model; `object` null takes it away. Undefined for types that the model does not have. */
export function changeOf(
  orgId: number,
  word: PolicyVersionWord,
  type: PolicyType,
  id: string,
  object: { readonly content: PolicyContent; readonly version: number } | null,
): PolicyObjectChange | undefined {
  if (!isStoredType(type)) return undefined;
  const href = policyHref(orgId, word, type, id);
  if (object === null) return { type: SINGULAR[type], href, value: null };
  const { content, version } = object;
  switch (type) {
    case 'ip_lists':
      return { type: 'ip_list', href, value: ipListModel(href, contentOf(type, content)) };
    case 'services':
      return { type: 'service', href, value: serviceModel(href, contentOf(type, content)) };
    case 'label_groups':
      return { type: 'label_group', href, value: groupModel(href, word, contentOf(type, content)) };
    case 'rule_sets':
      return { type: 'rule_set', href, value: ruleSetModel(href, word, contentOf(type, content)) };
    case 'enforcement_boundaries':
      return {
        type: 'enforcement_boundary',
        href,
        value: boundaryModel(href, word, version, contentOf(type, content)),
      };
  }
}

function ipListModel(href: string, stored: StoredIpList): IpList {
  return {
    href,
    name: stored.name,
    ranges: stored.ip_ranges.map((range) => ({
      from: range.from_ip,
      to: range.to_ip,
      exclusion: range.exclusion,
    })),
    fqdns: stored.fqdns.map((entry) => entry.fqdn),
  };
}

function serviceModel(href: string, stored: StoredService): Service {
  return { href, name: stored.name, ports: stored.service_ports.map(portModel) };
}

/** Port 0, -1 or none: all ports of the protocol. */
function portModel(port: {
  proto: number;
  port?: number | undefined;
  to_port?: number | undefined;
  icmp_type?: number | null | undefined;
  icmp_code?: number | null | undefined;
}): ServicePort {
  const first = port.port ?? 0;
  const last = port.to_port ?? 0;
  return {
    protocol: port.proto,
    port: first > 0 ? first : null,
    toPort: first > 0 && last > first ? last : null,
    icmpType: port.icmp_type ?? null,
    icmpCode: port.icmp_code ?? null,
  };
}

function groupModel(href: string, word: PolicyVersionWord, stored: StoredLabelGroup): LabelGroup {
  return {
    href,
    name: stored.name,
    key: stored.key,
    labels: stored.labels.map((ref) => ref.href),
    subGroups: stored.sub_groups.map((ref) => withVersion(ref.href, word)),
  };
}

function ruleSetModel(href: string, word: PolicyVersionWord, stored: StoredRuleSet): RuleSet {
  return {
    href,
    name: stored.name,
    enabled: stored.enabled,
    scopes: stored.scopes.map((scope) => scope.map((entry) => scopeModel(entry, word))),
    rules: liveRules(stored).map((rule, index) => ({
      href: `${href}/sec_rules/${rule.id}`,
      name: ruleName(stored.name, rule.body.description, index),
      version: rule.version,
      enabled: rule.body.enabled,
      providers: rule.body.providers.map((actor) => actorModel(actor, word)),
      consumers: rule.body.consumers.map((actor) => actorModel(actor, word)),
      ingressServices: rule.body.ingress_services.map((item) => ingressModel(item, word)),
      resolveLabelsAs: rule.body.resolve_labels_as,
      consumingSecurityPrincipals: [],
      unscopedConsumers: rule.body.unscoped_consumers,
      useWorkloadSubnets: rule.body.use_workload_subnets,
      networkType: rule.body.network_type,
      stateless: rule.body.stateless,
    })),
    ipTablesRules: [],
  };
}

/** Rules have no name of their own: people know them by ruleset and description, or by their place. */
function ruleName(ruleSet: string, description: string | null, index: number): string {
  const line = description?.trim().split('\n')[0] ?? '';
  return line === '' ? `${ruleSet}, rule ${index + 1}` : `${ruleSet}: ${line.slice(0, 120)}`;
}

function boundaryModel(
  href: string,
  word: PolicyVersionWord,
  version: number,
  stored: StoredBoundary,
): EnforcementBoundary {
  return {
    href,
    name: stored.name,
    version,
    enabled: stored.enabled,
    providers: stored.providers.map((actor) => actorModel(actor, word)),
    consumers: stored.consumers.map((actor) => actorModel(actor, word)),
    ingressServices: stored.ingress_services.map((item) => ingressModel(item, word)),
    networkType: stored.network_type,
  };
}

function actorModel(actor: StoredActor, word: PolicyVersionWord): Actor {
  if ('actors' in actor) return { kind: 'ams' };
  if ('workload' in actor) return { kind: 'workload', href: actor.workload.href };
  if ('virtual_service' in actor)
    return { kind: 'virtual_service', href: withVersion(actor.virtual_service.href, word) };
  if ('ip_list' in actor) return { kind: 'ip_list', href: withVersion(actor.ip_list.href, word) };
  return scopeModel(actor, word);
}

function scopeModel(entry: StoredScopeEntry, word: PolicyVersionWord): ScopeEntry {
  const exclusion = entry.exclusion ?? false;
  return 'label' in entry
    ? { kind: 'label', href: entry.label.href, exclusion }
    : { kind: 'label_group', href: withVersion(entry.label_group.href, word), exclusion };
}

function ingressModel(item: StoredIngressService, word: PolicyVersionWord): IngressService {
  return 'href' in item ? { href: withVersion(item.href, word) } : { port: portModel(item) };
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
    .select('vens.version as ven_version')
    .where('workloads.org_id', '=', orgId)
    .where('workloads.deleted', '=', false);
  if (ids !== undefined) query = query.where('workloads.id', 'in', ids);
  return (await query.execute()).map((row) =>
    workloadFromRow(row, row.managed ? row.ven_version : null),
  );
}

function idsOf(hrefs: readonly string[], form: RegExp): string[] {
  return hrefs.flatMap((href) => {
    const id = parseHref(href)?.path[0]?.[1];
    return id !== undefined && form.test(id) ? [id] : [];
  });
}
