import { objectHref } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { json, type Db } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { ContextOf, Routes } from '../../http/routes.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';
import { guardExternal, refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf } from '../../provisioning/objects.ts';
import { identityOf, loadNames } from '../../provisioning/references.ts';
import { holdLimit } from '../../provisioning/limits.ts';
import { checkedLabels } from '../workloads/labels.ts';
import { pairingLines } from './pairing-lines.ts';
import { defined } from '../../provisioning/present.ts';
import { presentProfile, profileHref, releaseOf, type ProfileRow } from './presenter.ts';
import { findProfile, lastKeys, limitOf, lockProfile, locksOf, modesOf } from './store.ts';

const NEW = { enforcement_mode: 'visibility_only', visibility_level: 'flow_summary' } as const;

async function presentAll(db: Db, rows: readonly ProfileRow[], caller: UserCaller) {
  const names = await loadNames(db, caller.orgId, {
    hrefs: rows.flatMap((row) => row.labels),
    word: 'draft',
  });
  const keys = await lastKeys(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => presentProfile(row, { names, lastKey: keys.get(row.id), caller }));
}

async function presentOne(db: Db, row: ProfileRow, caller: UserCaller) {
  const [wire] = await presentAll(db, [row], caller);
  if (wire === undefined) throw new Error('A pairing profile that was read is presented');
  return wire;
}

function members(row: ProfileRow): Record<string, unknown> {
  const { name, description, enabled, ven_type, enforcement_mode, visibility_level } = row;
  const { allowed_uses_per_key, key_lifespan_seconds, labels, locks } = row;
  return {
    name,
    description,
    enabled,
    ven_type,
    enforcement_mode,
    visibility_level,
    allowed_uses_per_key: allowed_uses_per_key ?? 'unlimited',
    key_lifespan: key_lifespan_seconds ?? 'unlimited',
    labels,
    ...locks,
  };
}

function matches(row: ProfileRow, query: ContextOf<'pairing_profiles.list'>['query']): boolean {
  const { labels, ven_type: venType, agent_software_release: release } = query;
  return (
    (venType === undefined || row.ven_type === venType) &&
    (release === undefined || releaseOf(row) === release) &&
    (labels === undefined ||
      labels.some((list) => list.every((href) => row.labels.includes(identityOf(href)))))
  );
}

/** Of an href of this organization's pairing profiles. Throws 406. */
function profileIdOf(orgId: number, href: string): string {
  const place = objectHref(orgId, 'pairing_profiles', '');
  if (href.startsWith(place)) return href.slice(place.length);
  throw new DomainError('invalid_uri', `hrefs: "${href}" is no href of a pairing profile`);
}

export function pairingProfileRoutes(deps: Deps): Routes {
  async function note(
    context: WriteContext,
    change: {
      readonly type: string;
      readonly before: ProfileRow | null;
      readonly after: ProfileRow | null;
      readonly status: number;
    },
  ): Promise<void> {
    const { before, after } = change;
    const row = after ?? before;
    if (row === null) return;
    appendChange(context.db, { orgId: row.org_id, kind: 'vens', href: profileHref(row) });
    await recordEvent(deps, context.db, {
      orgId: row.org_id,
      eventType: change.type,
      actor: context,
      httpStatus: change.status,
      resourceChanges: [
        {
          type: 'pairing_profile',
          href: profileHref(row),
          naming: { name: row.name },
          changeType: before === null ? 'create' : after === null ? 'delete' : 'update',
          changes: describeChanges(
            before === null ? null : members(before),
            after === null ? null : members(after),
          ),
        },
      ],
    });
  }

  async function remove(context: WriteContext, id: string): Promise<void> {
    const { db, orgId } = context;
    const before = await lockProfile(db, orgId, id);
    if (before.is_default)
      throw new DomainError(
        'object_not_editable',
        `"${before.name ?? 'Default'}" is the default pairing profile and stays; disable it when nobody is to pair with it`,
        { href: profileHref(before) },
      );
    await db.deleteFrom('pairing_profiles').where('id', '=', before.id).execute();
    await note(context, { type: 'pairing_profile.delete', before, after: null, status: 204 });
  }

  return {
    'pairing_profiles.list': async ({ db, orgId, query, caller }) => {
      const rows = (
        await db
          .selectFrom('pairing_profiles')
          .selectAll()
          .where('org_id', '=', orgId)
          .orderBy('id')
          .execute()
      ).filter(
        (row) => matchesCommon({ ...row, name: row.name ?? '' }, query) && matches(row, query),
      );
      return { items: await presentAll(db, pageOf(rows, query), caller), total: rows.length };
    },
    'pairing_profiles.get': async ({ db, orgId, params, caller }) =>
      presentOne(db, await findProfile(db, orgId, params.id), caller),
    'pairing_profiles.create': async (context) => {
      const { db, orgId, body, caller } = context;
      const now = deps.clock.now();
      await holdLimit(deps, context, { type: 'pairing_profiles' });
      const labels = await checkedLabels(db, orgId, body.labels ?? []);
      const row = await guardExternal(() =>
        db
          .insertInto('pairing_profiles')
          .values({
            org_id: orgId,
            name: body.name ?? null,
            description: body.description ?? null,
            enabled: body.enabled,
            ven_type: body.ven_type ?? 'server',
            ...modesOf(NEW, body),
            locks: json(locksOf({}, body)),
            allowed_uses_per_key: limitOf(body.allowed_uses_per_key) ?? null,
            key_lifespan_seconds: limitOf(body.key_lifespan) ?? null,
            labels: json(labels),
            external_data_set: body.external_data_set ?? null,
            external_data_reference: body.external_data_reference ?? null,
            created_at: now,
            created_by: caller.href,
            updated_at: now,
            updated_by: caller.href,
          })
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, {
        type: 'pairing_profile.create',
        before: null,
        after: row,
        status: 201,
      });
      return presentOne(db, row, caller);
    },
    'pairing_profiles.update': async (context) => {
      const { db, orgId, body, params, caller } = context;
      const before = await lockProfile(db, orgId, params.id);
      await refuseStale(context, {
        name: before.name ?? `pairing profile ${before.id}`,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const labels =
        body.labels === undefined ? before.labels : await checkedLabels(db, orgId, body.labels);
      const uses = limitOf(body.allowed_uses_per_key);
      const lifespan = limitOf(body.key_lifespan);
      const { external_data_set, external_data_reference } = body;
      const after = await guardExternal(() =>
        db
          .updateTable('pairing_profiles')
          .set({
            name: body.name === undefined ? before.name : body.name,
            description: body.description === undefined ? before.description : body.description,
            enabled: body.enabled ?? before.enabled,
            ven_type: body.ven_type ?? before.ven_type,
            ...modesOf(before, body),
            locks: json(locksOf(before.locks, body)),
            allowed_uses_per_key: uses === undefined ? before.allowed_uses_per_key : uses,
            key_lifespan_seconds: lifespan === undefined ? before.key_lifespan_seconds : lifespan,
            labels: json(labels),
            ...defined({ external_data_set, external_data_reference }),
            updated_at: deps.clock.now(),
            updated_by: caller.href,
          })
          .where('id', '=', before.id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      );
      await note(context, { type: 'pairing_profile.update', before, after, status: 204 });
    },
    'pairing_profiles.delete': (context) => remove(context, context.params.id),
    'pairing_profiles.delete_many': async (context) => {
      for (const href of new Set(context.body.hrefs))
        await remove(context, profileIdOf(context.orgId, href));
    },
    'pairing_keys.create': async (context) => {
      const { db, orgId, params, caller } = context;
      const profile = await lockProfile(db, orgId, params.id);
      if (!profile.enabled)
        throw new DomainError(
          'object_not_editable',
          `The pairing profile "${profile.name ?? profile.id}" is disabled; enable it first, since no host could pair with the code`,
          { href: profileHref(profile) },
        );
      const code = newSecret();
      const now = deps.clock.now();
      const { key_lifespan_seconds: lifespan } = profile;
      await db
        .insertInto('pairing_keys')
        .values({
          org_id: orgId,
          pairing_profile_id: profile.id,
          code_hash: hashSecret(code),
          uses_left: profile.allowed_uses_per_key,
          expires_at: lifespan === null ? null : new Date(now.getTime() + lifespan * 1000),
          created_at: now,
          created_by: caller.href,
        })
        .execute();
      await note(context, {
        type: 'pairing_profile.create_pairing_key',
        before: profile,
        after: profile,
        status: 201,
      });
      return {
        activation_code: code,
        scripts: pairingLines(deps, { profileId: profile.id, venType: profile.ven_type, code }),
      };
    },
    'pairing_keys.delete': async (context) => {
      const { db, orgId, params } = context;
      const profile = await lockProfile(db, orgId, params.id);
      await db
        .updateTable('pairing_keys')
        .set({ revoked_at: deps.clock.now() })
        .where('pairing_profile_id', '=', profile.id)
        .where('revoked_at', 'is', null)
        .execute();
      await note(context, {
        type: 'pairing_profile.delete_all_pairing_keys',
        before: profile,
        after: profile,
        status: 204,
      });
    },
  };
}
