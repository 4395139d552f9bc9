/** Container clusters are records here: none can connect, and their profiles take effect on nothing. */
import type { Selectable } from 'kysely';
import type { ContainerClusterWire } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { json, type ContainerClustersTable, type Db } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';
import { refuseStale, type WriteContext } from '../../provisioning/drafts.ts';
import { pageOf } from '../../provisioning/objects.ts';
import { plainCaps } from '../../provisioning/present.ts';
import { UUID } from '../../provisioning/references.ts';
import {
  changedProfile,
  findProfileOf,
  insertProfile,
  NEW_PROFILE,
  presentProfiles,
  profileHref,
  type ProfileRow,
} from './profiles.ts';

type ClusterRow = Selectable<ContainerClustersTable>;

function clusterHref(row: Pick<ClusterRow, 'org_id' | 'id'>): string {
  return `/orgs/${row.org_id}/container_clusters/${row.id}`;
}

async function find(db: Db, orgId: number, id: string): Promise<ClusterRow> {
  const row = UUID.test(id)
    ? await db
        .selectFrom('container_clusters')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`The container cluster ${id}`);
  return row;
}

export function containerClusterRoutes(deps: Deps): Routes {
  function present(row: ClusterRow, caller: UserCaller): ContainerClusterWire {
    return {
      href: clusterHref(row),
      name: row.name,
      description: row.description,
      manager_type: null,
      last_connected: null,
      kubelink_version: null,
      online: false,
      nodes: [],
      container_runtime: null,
      errors: [],
      pce_fqdn: deps.config.fqdn,
      created_at: row.created_at.toISOString(),
      created_by: { href: row.created_by },
      updated_at: row.updated_at.toISOString(),
      updated_by: { href: row.updated_by },
      caps: plainCaps(caller),
    };
  }

  async function note(
    context: WriteContext,
    change: {
      readonly type: 'container_cluster' | 'container_workload_profile';
      readonly href: string;
      readonly before: Record<string, unknown> | null;
      readonly after: Record<string, unknown> | null;
      readonly status: number;
    },
  ): Promise<void> {
    const { type, href, before, after } = change;
    const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
    appendChange(context.db, { orgId: context.orgId, kind: 'settings', href });
    await recordEvent(deps, context.db, {
      orgId: context.orgId,
      eventType: `${type}.${verb}`,
      actor: context,
      httpStatus: change.status,
      resourceChanges: [
        {
          type,
          href,
          naming: { name: (after ?? before)?.['name'] },
          changeType: verb,
          changes: describeChanges(before, after),
        },
      ],
    });
  }

  const membersOf = ({ name, description }: ClusterRow) => ({ name, description });
  const contentOf = ({ content }: ProfileRow) => ({ ...content });

  return {
    'container_clusters.list': async ({ db, orgId, caller, query }) => {
      const wanted = (query.name ?? query.query ?? '').toLowerCase();
      const rows = await db
        .selectFrom('container_clusters')
        .selectAll()
        .where('org_id', '=', orgId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      const matching = rows.filter(({ name }) => name.toLowerCase().includes(wanted));
      return {
        items: pageOf(matching, query).map((row) => present(row, caller)),
        total: matching.length,
      };
    },
    'container_clusters.get': async ({ db, orgId, caller, params }) =>
      present(await find(db, orgId, params.id), caller),
    'container_clusters.create': async (context) => {
      const { db, orgId, caller, body } = context;
      const now = deps.clock.now();
      const token = newSecret();
      const row = await db
        .insertInto('container_clusters')
        .values({
          org_id: orgId,
          name: body.name,
          description: body.description ?? null,
          token_hash: hashSecret(token),
          created_at: now,
          created_by: caller.href,
          updated_at: now,
          updated_by: caller.href,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const own = { orgId, clusterId: row.id, isDefault: true, by: caller.href, now };
      await insertProfile(db, { ...own, content: NEW_PROFILE });
      await note(context, {
        type: 'container_cluster',
        href: clusterHref(row),
        before: null,
        after: membersOf(row),
        status: 201,
      });
      return { ...present(row, caller), container_cluster_token: token };
    },
    'container_clusters.update': async (context) => {
      const { db, orgId, caller, body, params } = context;
      const before = await find(db, orgId, params.id);
      await refuseStale(context, {
        name: before.name,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const after = await db
        .updateTable('container_clusters')
        .set({
          name: body.name ?? before.name,
          description: body.description === undefined ? before.description : body.description,
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('id', '=', before.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await note(context, {
        type: 'container_cluster',
        href: clusterHref(after),
        before: membersOf(before),
        after: membersOf(after),
        status: 204,
      });
    },
    'container_clusters.delete': async (context) => {
      const { db, orgId, params } = context;
      const before = await find(db, orgId, params.id);
      await db.deleteFrom('container_clusters').where('id', '=', before.id).execute();
      await note(context, {
        type: 'container_cluster',
        href: clusterHref(before),
        before: membersOf(before),
        after: null,
        status: 204,
      });
    },
    'container_workload_profiles.list': async ({ db, orgId, caller, params, query }) => {
      const { id } = await find(db, orgId, params.id);
      const rows = await db
        .selectFrom('container_workload_profiles')
        .selectAll()
        .where('cluster_id', '=', id)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      const items = await presentProfiles(db, pageOf(rows, query), caller);
      return { items, total: rows.length };
    },
    'container_workload_profiles.get': async ({ db, orgId, caller, params }) => {
      const row = await findProfileOf(db, orgId, params);
      return presentOne(db, row, caller);
    },
    'container_workload_profiles.create': async (context) => {
      const { db, orgId, caller, body, params } = context;
      const cluster = await find(db, orgId, params.id);
      const row = await insertProfile(db, {
        orgId,
        clusterId: cluster.id,
        content: await changedProfile(db, orgId, { before: NEW_PROFILE, body }),
        isDefault: false,
        by: caller.href,
        now: deps.clock.now(),
      });
      await note(context, {
        type: 'container_workload_profile',
        href: profileHref(row),
        before: null,
        after: contentOf(row),
        status: 201,
      });
      return presentOne(db, row, caller);
    },
    'container_workload_profiles.update': async (context) => {
      const { db, orgId, caller, body, params } = context;
      const before = await findProfileOf(db, orgId, params);
      await refuseStale(context, {
        name: before.content.name,
        updatedAt: before.updated_at,
        updatedBy: before.updated_by,
      });
      const content = await changedProfile(db, orgId, { before: before.content, body });
      const after = await db
        .updateTable('container_workload_profiles')
        .set({
          content: json(content),
          updated_at: deps.clock.now(),
          updated_by: caller.href,
        })
        .where('id', '=', before.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await note(context, {
        type: 'container_workload_profile',
        href: profileHref(after),
        before: contentOf(before),
        after: contentOf(after),
        status: 204,
      });
    },
    'container_workload_profiles.delete': async (context) => {
      const { db, orgId, params } = context;
      const before = await findProfileOf(db, orgId, params);
      if (before.is_default)
        throw new DomainError(
          'object_not_editable',
          `"${before.content.name}" came with the cluster and stays as long as it does`,
          { href: profileHref(before) },
        );
      await db.deleteFrom('container_workload_profiles').where('id', '=', before.id).execute();
      await note(context, {
        type: 'container_workload_profile',
        href: profileHref(before),
        before: contentOf(before),
        after: null,
        status: 204,
      });
    },
  };

  async function presentOne(db: Db, row: ProfileRow, caller: UserCaller) {
    const [wire] = await presentProfiles(db, [row], caller);
    if (wire === undefined) throw new Error('A profile that was read is presented');
    return wire;
  }
}
