/** Draft becomes active: one version, its objects and one row in the change log, all or nothing. */
import { sql, type Selectable } from 'kysely';
import { policyHref, rolesAllow, type SecPolicyWire } from '@bulkhead/contract';
import { describeChanges, recordEvent, type ResourceChange } from '../audit/record-event.ts';
import { json, type Db, type PolicyVersionsTable, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { nounOf } from './nouns.ts';
import { membersInOrder, sameContent } from './compare.ts';
import { lockPolicy } from './drafts.ts';
import { SINGULAR } from './objects.ts';
import {
  chosenRows,
  identityOfRow,
  nameOfRow,
  pendingRows,
  requireDependencies,
  requireRevertible,
  type PendingRow,
} from './pending.ts';
import {
  asContent,
  contentOf,
  ipTablesRulesOf,
  liveIpTablesRules,
  liveRules,
  STORED_TYPES,
  type StoredByType,
  type StoredEntry,
  type StoredRuleSet,
  type StoredType,
} from './stored-content.ts';

type VersionRow = Selectable<PolicyVersionsTable>;
type ProvisionContext = ContextOf<'sec_policy.provision'>;
type RevertContext = ContextOf<'sec_policy.revert'> | ContextOf<'sec_policy.revert_all'>;

/** One entry of a version's change set. */
export interface ChangedObject {
  readonly type: StoredType;
  readonly id: string;
  readonly name: string;
  readonly update_type: 'create' | 'update' | 'delete';
  readonly updated_at: string;
  readonly updated_by: string;
}

export function presentVersion(row: VersionRow): SecPolicyWire {
  return {
    href: `/orgs/${row.org_id}/sec_policy/${row.version}`,
    version: row.version,
    commit_message: row.commit_message,
    workloads_affected: null,
    object_counts: row.object_counts,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    policy_test_override: presentOverride(row.policy_test_override),
  };
}

function presentOverride(
  override: VersionRow['policy_test_override'],
): SecPolicyWire['policy_test_override'] {
  if (override === null) return null;
  const { reason, by, failed } = override;
  return { reason, by: { href: by }, failed: [...failed] };
}

export async function latestVersion(db: Db, orgId: number): Promise<number> {
  const row = await db
    .selectFrom('policy_versions')
    .select((query) => query.fn.max('version').as('version'))
    .where('org_id', '=', orgId)
    .executeTakeFirst();
  return row?.version ?? 0;
}

/** `active` is the newest version; `draft` is none. */
export async function findVersion(db: Db, orgId: number, word: string): Promise<VersionRow> {
  const missing = notFound(`The policy version "${word}" (active or a number)`);
  const number = word === 'active' ? await latestVersion(db, orgId) : Number(word);
  if (word !== 'active' && !/^\d{1,9}$/.test(word)) throw missing;
  const row = await db
    .selectFrom('policy_versions')
    .selectAll()
    .where('org_id', '=', orgId)
    .where('version', '=', number)
    .executeTakeFirst();
  if (row === undefined) throw missing;
  return row;
}

/** What a Global Policy Object Provisioner and a Ruleset Provisioner may each provision. */
function refuseForRole(context: ProvisionContext, rows: readonly PendingRow[]): void {
  const { roles } = context.caller;
  if (rolesAllow('edit', roles)) return;
  const mayObjects = roles.includes('global_object_provisioner');
  const mayRules = roles.includes('ruleset_provisioner');
  const refused = rows.find((row) => {
    const isRules = row.type === 'rule_sets';
    if (row.type === 'enforcement_boundaries' || row.type === 'virtual_services') return true;
    return isRules ? !mayRules : !mayObjects;
  });
  if (refused === undefined) return;
  throw new DomainError(
    'forbidden',
    `Your role may not provision the ${nounOf(refused.type)} "${nameOfRow(refused)}"; choose a change_subset without it`,
    { href: identityOfRow(refused) },
  );
}

/** Makes chosen drafts active as version N+1. */
export async function provision(deps: Deps, context: ProvisionContext): Promise<SecPolicyWire> {
  const { db, orgId, caller, body } = context;
  await lockPolicy(db, orgId);
  const pending = await pendingRows(db, orgId);
  const chosen = chosenRows(orgId, pending, body.change_subset);
  if (chosen.length === 0)
    throw new DomainError(
      'nothing_to_provision',
      pending.length === 0
        ? 'There is no draft change to provision'
        : 'Nothing in the change_subset has a draft change; GET sec_policy/pending lists what has',
    );
  refuseForRole(context, chosen);
  requireDependencies(chosen, pending);
  const row = await writeVersion(db, orgId, {
    rows: chosen,
    message: body.update_description ?? null,
    by: caller.href,
    now: deps.clock.now(),
  });
  const href = `/orgs/${orgId}/sec_policy/${row.version}`;
  appendChange(db, { orgId, kind: 'provision', href });
  await recordEvent(deps, db, {
    orgId,
    eventType: 'sec_policy.create',
    actor: context,
    httpStatus: 201,
    info: { commit_message: row.commit_message },
    resourceChanges: [
      {
        type: 'sec_policy',
        href,
        naming: { version: row.version, commit_message: row.commit_message },
        changeType: 'create',
        changes: { version: { before: row.version - 1, after: row.version } },
      },
      ...chosen.map(changeOfRow),
    ],
  });
  return presentVersion(row);
}

/** As audit events show it: what was active before, what is now. */
function changeOfRow(row: PendingRow): ResourceChange {
  const after = row.update_type === 'delete' ? null : row.draft;
  return {
    type: SINGULAR[row.type],
    href: policyHref(row.org_id, 'active', row.type, row.id),
    naming: { name: nameOfRow(row) },
    changeType: row.update_type,
    changes: describeChanges(membersInOrder(row.active), membersInOrder(after)),
  };
}

interface NewVersion {
  readonly rows: readonly PendingRow[];
  readonly message: string | null;
  readonly by: string;
  readonly now: Date;
}

/** The caller holds the policy lock. */
export async function writeVersion(
  trx: Tx,
  orgId: number,
  { rows, message, by, now }: NewVersion,
): Promise<VersionRow> {
  const version = (await latestVersion(trx, orgId)) + 1;
  for (const row of rows) await activate(trx, row, version);
  const changes: ChangedObject[] = rows.map((row) => ({
    type: row.type,
    id: row.id,
    name: nameOfRow(row),
    update_type: row.update_type,
    updated_at: row.updated_at.toISOString(),
    updated_by: row.updated_by,
  }));
  return trx
    .insertInto('policy_versions')
    .values({
      org_id: orgId,
      version,
      commit_message: message,
      created_at: now,
      created_by: by,
      object_counts: json(await countActive(trx, orgId)),
      change_set: json(changes),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function countActive(trx: Tx, orgId: number): Promise<Record<string, number>> {
  const rows = await trx
    .selectFrom('policy_objects')
    .select(['type', (query) => query.fn.countAll<number>().as('count')])
    .where('org_id', '=', orgId)
    .where('active', 'is not', null)
    .groupBy('type')
    .execute();
  const found = new Map<string, number>(rows.map((row) => [row.type, row.count]));
  return Object.fromEntries(STORED_TYPES.map((type) => [type, found.get(type) ?? 0]));
}

async function activate(trx: Tx, row: PendingRow, version: number): Promise<void> {
  const content =
    row.update_type === 'delete' ? null : json(asContent(activeContent(row, version)));
  await trx
    .insertInto('policy_object_versions')
    .values({
      org_id: row.org_id,
      type: row.type,
      id: row.id,
      version,
      content,
      created_at: row.created_at,
      created_by: row.created_by,
      updated_at: row.updated_at,
      updated_by: row.updated_by,
    })
    .execute();
  if (content === null) {
    await trx
      .deleteFrom('policy_objects')
      .where('org_id', '=', row.org_id)
      .where('type', '=', row.type)
      .where('id', '=', row.id)
      .execute();
    return;
  }
  await trx
    .updateTable('policy_objects')
    .set({
      draft: content,
      active: content,
      update_type: null,
      active_version: version,
      active_updated_at: row.updated_at,
      active_updated_by: row.updated_by,
    })
    .where('org_id', '=', row.org_id)
    .where('type', '=', row.type)
    .where('id', '=', row.id)
    .execute();
}

/** Rules that were deleted in draft go now; each rule that says something new is of this version. */
function activeContent(row: PendingRow, version: number): StoredByType[StoredType] {
  const content = contentOf(row.type, row.draft);
  if (row.type !== 'rule_sets') return content;
  const next = contentOf('rule_sets', row.draft);
  const before = row.active === null ? null : contentOf('rule_sets', row.active);
  const { ip_tables_rules: _, ...rest } = next;
  const ipTables = liveIpTablesRules(next);
  const old = before === null ? [] : ipTablesRulesOf(before);
  return {
    ...rest,
    rules: liveRules(next).map((rule) =>
      stamped(rule, before?.rules ?? [], { next, before, version }),
    ),
    ...(ipTables.length === 0
      ? {}
      : {
          ip_tables_rules: ipTables.map((rule) => stamped(rule, old, { next, before, version })),
        }),
  };
}

function stamped<E extends StoredEntry<object>>(
  entry: E,
  olds: readonly StoredEntry<object>[],
  { next, before, version }: { next: StoredRuleSet; before: StoredRuleSet | null; version: number },
): E {
  const old = olds.find((item) => item.id === entry.id);
  const isSame =
    before !== null &&
    old !== undefined &&
    before.enabled === next.enabled &&
    sameContent(before.scopes, next.scopes) &&
    sameContent(old.body, entry.body);
  return { ...entry, version: isSame ? old.version : version };
}

/** Takes back draft changes; `subset` undefined: all. */
export async function revert(
  deps: Deps,
  context: RevertContext,
  subset: Parameters<typeof chosenRows>[2],
): Promise<void> {
  const { db, orgId } = context;
  await lockPolicy(db, orgId);
  const pending = await pendingRows(db, orgId);
  const chosen = chosenRows(orgId, pending, subset);
  requireRevertible(chosen, pending);
  if (chosen.length === 0) return;
  // Names move first out of the way: an object that comes back may have had the name of one that goes.
  for (const row of chosen.toSorted(creationsFirst)) await revertRow(db, row);
  await recordEvent(deps, db, {
    orgId,
    eventType: 'sec_policy_pending.delete',
    actor: context,
    httpStatus: 204,
    resourceChanges: chosen.map((row) => ({
      type: SINGULAR[row.type],
      href: identityOfRow(row),
      naming: { name: nameOfRow(row) },
      changeType: row.update_type === 'create' ? ('delete' as const) : ('update' as const),
      changes: describeChanges(
        row.update_type === 'delete' ? null : membersInOrder(row.draft),
        membersInOrder(row.active),
      ),
    })),
  });
}

function creationsFirst(left: PendingRow, right: PendingRow): number {
  return Number(right.update_type === 'create') - Number(left.update_type === 'create');
}

async function revertRow(trx: Tx, row: PendingRow): Promise<void> {
  appendChange(trx, { orgId: row.org_id, kind: 'draft', href: identityOfRow(row) });
  if (row.active === null) {
    await trx
      .deleteFrom('policy_objects')
      .where('org_id', '=', row.org_id)
      .where('type', '=', row.type)
      .where('id', '=', row.id)
      .execute();
    return;
  }
  try {
    await trx
      .updateTable('policy_objects')
      .set({
        draft: sql`active`,
        update_type: null,
        deleted_at: null,
        deleted_by: null,
        updated_at: row.active_updated_at ?? row.updated_at,
        updated_by: row.active_updated_by ?? row.updated_by,
      })
      .where('org_id', '=', row.org_id)
      .where('type', '=', row.type)
      .where('id', '=', row.id)
      .execute();
  } catch (error) {
    const constraint =
      error instanceof Error && 'constraint' in error ? error.constraint : undefined;
    if (constraint !== 'policy_objects_name' && constraint !== 'policy_objects_external')
      throw error;
    throw new DomainError(
      'name_must_be_unique',
      `"${contentOf(row.type, row.active).name}" cannot have its active name back, because another draft has it; rename or revert that one too`,
      { href: identityOfRow(row) },
    );
  }
}
