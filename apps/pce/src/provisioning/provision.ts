/** Draft becomes active: one version, its objects and one row in the change log, all or nothing. */
import { policyHref, rolesAllow, type SecPolicyWire } from '@bulkhead/contract';
import { reachesRuleSet, reachOfRoles } from '../access/reach.ts';
import { describeChanges, recordEvent, type ResourceChange } from '../audit/record-event.ts';
import { json, type PolicyTestOverride, type Tx } from '../db/database.ts';
import { appendChange, everything } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { UserCaller } from '../http/caller.ts';
import { DomainError } from '../http/domain-error.ts';
import { recordPassage, requirePolicyTests, type ProvisionContext } from '../policy-tests/gate.ts';
import type { PolicyTests } from '../policy-tests/policy-tests.ts';
import { membersInOrder } from './compare.ts';
import { requireDependencies } from './dependencies.ts';
import { lockPolicy } from './drafts.ts';
import { nounOf } from './nouns.ts';
import { SINGULAR } from './objects.ts';
import { chosenRows, identityOfRow, nameOfRow, pendingRows, type PendingRow } from './pending.ts';
import { RULE_SET_PROVISIONERS } from './present.ts';
import { asContent, contentOf, STORED_TYPES, type StoredType } from './stored-content.ts';
import { activeContent, trialOf } from './trial.ts';
import { latestVersion, presentVersion, type VersionRow } from './versions.ts';

/** One entry of a version's change set. */
export interface ChangedObject {
  readonly type: StoredType;
  readonly id: string;
  readonly name: string;
  readonly update_type: 'create' | 'update' | 'delete';
  readonly updated_at: string;
  readonly updated_by: string;
}

/** What a Global Policy Object Provisioner and a Ruleset Provisioner may each provision. */
function refuseForRole(caller: UserCaller, rows: readonly PendingRow[]): void {
  const { roles } = caller;
  if (rolesAllow('edit', roles)) return;
  const mayObjects = roles.includes('global_object_provisioner');
  const rules = reachOfRoles(caller, RULE_SET_PROVISIONERS);
  const refused = rows.find((row) => {
    if (row.type === 'enforcement_boundaries' || row.type === 'virtual_services') return true;
    if (row.type !== 'rule_sets') return !mayObjects;
    const states = [row.draft, ...(row.active === null ? [] : [row.active])];
    return !states.every((state) => reachesRuleSet(rules, contentOf('rule_sets', state).scopes));
  });
  if (refused === undefined) return;
  throw new DomainError(
    'forbidden',
    `Your role may not provision the ${nounOf(refused.type)} "${nameOfRow(refused)}"; choose a change_subset without it`,
    { href: identityOfRow(refused) },
  );
}

/** Makes chosen drafts active as version N+1, unless a policy test fails on what that would be. */
export async function provision(
  deps: Deps,
  tests: PolicyTests,
  given: ProvisionContext,
): Promise<SecPolicyWire> {
  const { orgId, caller, body } = given;
  await lockPolicy(given.db, orgId);
  const pending = await pendingRows(given.db, orgId);
  // What follows is about the whole policy, also where the caller does not see it.
  const db = everything(given.db);
  const context = { ...given, db };
  const chosen = chosenRows(orgId, pending, body.change_subset);
  if (chosen.length === 0)
    throw new DomainError(
      'nothing_to_provision',
      pending.length === 0
        ? 'There is no draft change to provision'
        : 'Nothing in the change_subset has a draft change; GET sec_policy/pending lists what has',
    );
  refuseForRole(caller, chosen);
  requireDependencies('commit', chosen, pending);
  const version = (await latestVersion(db, orgId)) + 1;
  const trial = await trialOf(db, orgId, { rows: chosen, version });
  const passage = await requirePolicyTests(tests, context, { ...trial, version });
  const row = await writeVersion(db, orgId, {
    rows: chosen,
    override: passage.override,
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
    info: {
      commit_message: row.commit_message,
      ...(passage.override === null
        ? {}
        : {
            policy_test_override: {
              reason: passage.override.reason,
              failed: passage.override.failed,
            },
          }),
    },
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
  await recordPassage(deps, db, passage, { context, href, version: row.version });
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
  /** Policy tests that were passed over. */
  readonly override?: PolicyTestOverride | null;
  readonly message: string | null;
  readonly by: string;
  readonly now: Date;
}

/** The caller holds the policy lock. */
export async function writeVersion(
  trx: Tx,
  orgId: number,
  { rows, message, by, now, override = null }: NewVersion,
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
      policy_test_override: override === null ? null : json(override),
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
