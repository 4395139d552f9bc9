/**
 * The ruleset of an upgrade (R-POL-10): endpoints that were paired with a VEN before 22.3 had their external interfaces to themselves.
 * So that nothing breaks when such a VEN becomes a newer one, their organization gets, once, a ruleset that allows everything there.
 */
import { UPGRADE_RULESET } from '@bulkhead/contract';
import { venCan } from '@bulkhead/policy';
import { recordEvent } from '../audit/record-event.ts';
import { json, type Tx } from '../db/database.ts';
import { appendChange } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { lockPolicy, newObjectId, newRuleId } from '../provisioning/drafts.ts';
import { pendingRows } from '../provisioning/pending.ts';
import { SYSTEM } from '../provisioning/present.ts';
import { writeVersion } from '../provisioning/provision.ts';
import { ALL_SERVICES, ANY_LIST } from '../provisioning/seed.ts';
import {
  asContent,
  contentOf,
  type StoredActor,
  type StoredRule,
  type StoredRuleBody,
  type StoredRuleSet,
} from '../provisioning/stored-content.ts';

/** Setting that says that it was made, so that one that was deleted never returns. */
const MARK = 'upgrade_ruleset';

/** Makes and provisions it where there is an endpoint that needs it and it was never made. */
export async function ensureUpgradeRuleset(
  deps: Pick<Deps, 'clock' | 'config'>,
  trx: Tx,
  orgId: number,
): Promise<void> {
  if (!(await isNeeded(trx, orgId))) return;
  await lockPolicy(trx, orgId);
  const now = deps.clock.now();
  const marked = await trx
    .insertInto('settings')
    .values({ org_id: orgId, key: MARK, value: json(true), updated_at: now, updated_by: SYSTEM })
    .onConflict((conflict) => conflict.columns(['org_id', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (marked === undefined) return;
  const id = await newObjectId(trx, 'rule_sets');
  const owner = await ownerOf(trx, orgId);
  const content = await rulesetOf(trx, orgId, { by: owner, now });
  await trx
    .insertInto('policy_objects')
    .values({
      org_id: orgId,
      type: 'rule_sets',
      id,
      draft: json(asContent(content)),
      update_type: 'create',
      created_by: owner,
      updated_by: owner,
    })
    .execute();
  const own = (await pendingRows(trx, orgId)).filter(
    (row) => row.type === 'rule_sets' && row.id === id,
  );
  const { version } = await writeVersion(trx, orgId, {
    rows: own,
    message: 'External interfaces of endpoints stay open after the upgrade to 22.3',
    by: SYSTEM,
    now,
  });
  const href = `/orgs/${orgId}/sec_policy/${version}`;
  appendChange(trx, { orgId, kind: 'provision', href });
  await recordEvent(deps, trx, {
    orgId,
    eventType: 'sec_policy.create',
    resourceChanges: [
      {
        type: 'rule_set',
        href: `/orgs/${orgId}/sec_policy/draft/rule_sets/${id}`,
        naming: { name: UPGRADE_RULESET },
        changeType: 'create',
        changes: { name: { before: null, after: UPGRADE_RULESET } },
      },
    ],
  });
}

async function isNeeded(trx: Tx, orgId: number): Promise<boolean> {
  const mark = await trx
    .selectFrom('settings')
    .select('key')
    .where('org_id', '=', orgId)
    .where('key', '=', MARK)
    .executeTakeFirst();
  if (mark !== undefined) return false;
  const versions = await trx
    .selectFrom('vens')
    .select('version')
    .distinct()
    .where('org_id', '=', orgId)
    .where('ven_type', '=', 'endpoint')
    .where('status', '<>', 'uninstalled')
    .execute();
  return versions.some(({ version }) => !venCan(version, 'external_interfaces'));
}

/** What the system itself creates nobody may change; this belongs to whoever set the organization up. */
async function ownerOf(trx: Tx, orgId: number): Promise<string> {
  const { id } = await trx
    .selectFrom('users')
    .select('id')
    .where('org_id', '=', orgId)
    .orderBy('id')
    .executeTakeFirstOrThrow();
  return `/users/${id}`;
}

async function rulesetOf(
  trx: Tx,
  orgId: number,
  { by, now }: { readonly by: string; readonly now: Date },
): Promise<StoredRuleSet> {
  const rows = await trx
    .selectFrom('policy_objects')
    .select(['type', 'id', 'draft'])
    .where('org_id', '=', orgId)
    .where('type', 'in', ['ip_lists', 'services'])
    .where('created_by', '=', SYSTEM)
    .execute();
  const hrefOf = (type: 'ip_lists' | 'services', name: string): string => {
    const found = rows.find((row) => row.type === type && contentOf(type, row.draft).name === name);
    return `/orgs/${orgId}/sec_policy/draft/${type}/${found?.id ?? ''}`;
  };
  const any: StoredActor = { ip_list: { href: hrefOf('ip_lists', ANY_LIST) } };
  const all: StoredActor = { actors: 'ams' };
  const services = [{ href: hrefOf('services', ALL_SERVICES) }];
  const rule = async (
    ends: Pick<StoredRuleBody, 'providers' | 'consumers'>,
  ): Promise<StoredRule> => ({
    id: await newRuleId(trx, 'sec_rules'),
    body: {
      ...ends,
      enabled: true,
      description: null,
      ingress_services: services,
      egress_services: [],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
      unscoped_consumers: false,
      sec_connect: false,
      stateless: false,
      machine_auth: false,
      log_flow: false,
      network_type: 'non_brn',
      use_workload_subnets: [],
      external_data_set: null,
      external_data_reference: null,
    },
    version: 0,
    created_at: now.toISOString(),
    created_by: by,
    updated_at: now.toISOString(),
    updated_by: by,
    deleted_at: null,
    deleted_by: null,
  });
  return {
    name: UPGRADE_RULESET,
    description:
      'Made at the upgrade: allows all traffic on non-corporate interfaces, as before 22.3. Change or delete it as you like.',
    enabled: true,
    scopes: [[]],
    rules: [
      await rule({ providers: [all], consumers: [any] }),
      await rule({ providers: [any], consumers: [all] }),
    ],
    external_data_set: null,
    external_data_reference: null,
  };
}
