import { withVersion, policyTestContradictions, type PolicyTestWrite } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../audit/record-event.ts';
import { json, type Db, type Tx } from '../db/database.ts';
import { afterCommit, appendChange, everything, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { Actor, Routes } from '../http/routes.ts';
import { membersInOrder, sameContent } from '../provisioning/compare.ts';
import { requireDependencies } from '../provisioning/dependencies.ts';
import { lockPolicy, refuseStale } from '../provisioning/drafts.ts';
import { chosenRows, pendingRows } from '../provisioning/pending.ts';
import { defined, SYSTEM } from '../provisioning/present.ts';
import { trialOf } from '../provisioning/trial.ts';
import { latestVersion } from '../provisioning/versions.ts';
import { presentRun, type PolicyTests } from './policy-tests.ts';
import {
  findTest,
  GIVEN,
  namesIn,
  presentTest,
  storedHosts,
  testHref,
  type TestRow,
} from './store.ts';
import type { StoredPolicyTest } from './stored-test.ts';

/** What a request may say besides hosts and names; undefined: nothing. */
type Says = {
  readonly [K in Exclude<keyof StoredPolicyTest, 'from' | 'to'>]?: PolicyTestWrite[K] | undefined;
};

const EMPTY: Omit<StoredPolicyTest, 'from' | 'to' | 'decision'> = {
  proto: 6,
  ports: [],
  icmp_type: null,
  icmp_code: null,
  family: null,
  by: null,
  outbound: null,
  inbound: null,
  note: null,
};

function saysOf(body: Says): Partial<StoredPolicyTest> {
  const { proto, ports, icmp_type, icmp_code, family, decision, by, outbound, inbound, note } =
    body;
  return defined({
    proto,
    ports,
    icmp_type,
    icmp_code,
    family,
    decision,
    by: by?.map(plainName) ?? by,
    outbound,
    inbound,
    note,
  });
}

/** Rules are kept by their draft hrefs, as all references to policy objects are. */
function plainName(text: string): string {
  return withVersion(text.replace(/^\/api\/v\d+(?=\/orgs\/)/, ''), 'draft');
}

function requireConsistent(content: StoredPolicyTest): void {
  const [first] = policyTestContradictions(content);
  if (first !== undefined)
    throw new DomainError('input_validation_error', `${first.member}: ${first.message}`);
}

export function policyTestRoutes(deps: Deps, tests: PolicyTests): Routes {
  async function note(
    context: Actor & { readonly db: Tx; readonly orgId: number },
    change: {
      readonly verb: 'create' | 'update' | 'delete';
      readonly row: TestRow;
      readonly before: TestRow | null;
      readonly status: number;
    },
  ): Promise<void> {
    const { db, orgId } = context;
    const { verb, row, before, status } = change;
    appendChange(db, { orgId, kind: 'policy_test', href: testHref(row) });
    afterCommit(db, () => tests.watcher.changed(orgId, row.id));
    await recordEvent(deps, db, {
      orgId,
      eventType: `policy_test.${verb}`,
      actor: context,
      httpStatus: status,
      resourceChanges: [
        {
          type: 'policy_test',
          href: testHref(row),
          naming: { name: row.name },
          changeType: verb,
          changes: describeChanges(
            before === null ? null : members(before),
            verb === 'delete' ? null : members(row),
          ),
        },
      ],
    });
  }

  return {
    'policy_tests.list': async ({ db, orgId, query, caller }) => {
      let matching = db.selectFrom('policy_tests').where('org_id', '=', orgId);
      for (const part of [query.name, query.query])
        if (part !== undefined)
          matching = matching.where('name', 'ilike', `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`);
      if (query.state !== undefined) matching = matching.where('result_state', '=', query.state);
      const { total } = await matching
        .select((select) => select.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = await matching
        .selectAll()
        .orderBy('created_at')
        .orderBy('id')
        .limit(query.max_results ?? 500)
        .offset(query.offset ?? 0)
        .execute();
      const names = await namesIn(
        db,
        orgId,
        rows.map(({ content }) => content),
      );
      return { items: rows.map((row) => presentTest(row, names, caller)), total };
    },
    'policy_tests.get': async ({ db, orgId, params, caller }) => {
      const row = await findTest(db, orgId, params.id);
      return presentTest(row, await namesIn(db, orgId, [row.content]), caller);
    },
    'policy_tests.create': async (context) => {
      const { db, orgId, body, caller } = context;
      await lockPolicy(db, orgId);
      const content = await newTest(db, orgId, body);
      const now = deps.clock.now();
      const row = await guarded(body.name, () =>
        db
          .insertInto('policy_tests')
          .values({
            org_id: orgId,
            name: body.name,
            description: body.description ?? null,
            enabled: body.enabled ?? true,
            content: json(content),
            created_at: now,
            created_by: caller.href,
            updated_at: now,
            updated_by: caller.href,
          })
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { verb: 'create', row, before: null, status: 201 });
      return presentTest(row, await namesIn(db, orgId, [content]), caller);
    },
    'policy_tests.update': async (context) => {
      const { db, orgId, body, params, caller } = context;
      await lockPolicy(db, orgId);
      const before = await findTest(db, orgId, params.id);
      await refuseStale(context, {
        name: before.name,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const old = before.content;
      // Hosts that are not written stay, also where one of them is gone by now.
      const given = await storedHosts(db, orgId, { from: body.from ?? [], to: body.to ?? [] });
      const content: StoredPolicyTest = {
        ...old,
        ...saysOf(body),
        from: body.from === undefined ? old.from : given.from,
        to: body.to === undefined ? old.to : given.to,
      };
      requireConsistent(content);
      const next = {
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        enabled: body.enabled ?? before.enabled,
      };
      if (sameContent(members(before), members({ ...before, ...next, content }))) return;
      const row = await guarded(next.name, () =>
        db
          .updateTable('policy_tests')
          .set({
            ...next,
            content: json(content),
            ...(sameContent(old, content)
              ? {}
              : { result: null, result_state: 'not_run' as const }),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { verb: 'update', row, before, status: 204 });
    },
    'policy_tests.delete': async (context) => {
      const { db, orgId, params } = context;
      await lockPolicy(db, orgId);
      const row = await findTest(db, orgId, params.id);
      await refuseStale(context, {
        name: row.name,
        updatedAt: row.updated_at,
        updatedBy: row.updated_by,
      });
      await db.deleteFrom('policy_tests').where('id', '=', row.id).execute();
      await note(context, { verb: 'delete', row, before: row, status: 204 });
    },
    'policy_tests.run': async ({ db: seen, orgId, body }) => {
      // Tests are about the whole policy, whoever runs them.
      const db = everything(seen);
      const version = await latestVersion(db, orgId);
      const given =
        body.tests === undefined ? undefined : await givenTests(deps, db, orgId, body.tests);
      if (body.pversion === 'active') {
        if (body.change_subset !== undefined)
          throw new DomainError(
            'input_validation_error',
            'change_subset: the active policy has no changes; leave it out, or run against the draft',
          );
        return presentRun(
          'active',
          await tests.tryChanges(
            db,
            orgId,
            { apply: [], undo: [], version, cause: 'question' },
            given,
          ),
        );
      }
      // Nobody provisions meanwhile: what takes the changes back would no longer be what is active.
      const runs = await writeTransaction(deps.db, async (trx) => {
        await lockPolicy(trx, orgId);
        const pending = await pendingRows(trx, orgId);
        const chosen = chosenRows(orgId, pending, body.change_subset);
        requireDependencies('commit', chosen, pending);
        const next = { rows: chosen, version: (await latestVersion(trx, orgId)) + 1 };
        const trial = await trialOf(trx, orgId, next);
        return tests.tryChanges(
          trx,
          orgId,
          { ...trial, version: next.version, cause: 'question' },
          given,
        );
      });
      return presentRun('draft', runs);
    },
  };
}

/** Tests of a request as rows that nobody stored. */
async function givenTests(
  deps: Deps,
  db: Db,
  orgId: number,
  writes: readonly PolicyTestWrite[],
): Promise<TestRow[]> {
  const now = deps.clock.now();
  const rows: TestRow[] = [];
  for (const write of writes)
    rows.push({
      id: `${GIVEN}${rows.length}`,
      org_id: orgId,
      name: write.name,
      description: write.description ?? null,
      enabled: true,
      content: await newTest(db, orgId, write),
      result: null,
      result_state: 'not_run',
      created_at: now,
      created_by: SYSTEM,
      updated_at: now,
      updated_by: SYSTEM,
    });
  return rows;
}

async function newTest(db: Db, orgId: number, body: PolicyTestWrite): Promise<StoredPolicyTest> {
  return {
    ...EMPTY,
    ...saysOf(body),
    ...(await storedHosts(db, orgId, body)),
    decision: body.decision,
  };
}

function members(row: Pick<TestRow, 'name' | 'description' | 'enabled' | 'content'>) {
  const { name, description, enabled, content } = row;
  return { name, description, enabled, ...membersInOrder({ ...content }) };
}

async function guarded<R>(name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'constraint' in error && error.constraint === 'policy_tests_name')
      throw new DomainError(
        'name_must_be_unique',
        `The name "${name}" is taken by another policy test; choose another one`,
      );
    throw error;
  }
}
