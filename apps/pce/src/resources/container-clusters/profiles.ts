/** Profiles of container clusters, as records. */
import type { Selectable } from 'kysely';
import type { ContainerWorkloadProfileWire, endpoints } from '@bulkhead/contract';
import type { z } from 'zod';
import {
  json,
  type ContainerWorkloadProfilesTable,
  type Db,
  type StoredContainerProfile,
  type Tx,
} from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import { notFound } from '../../http/domain-error.ts';
import { plainCaps } from '../../provisioning/present.ts';
import { loadNames, UUID, type Names } from '../../provisioning/references.ts';
import { labelResolver, presentLabels } from '../workloads/labels.ts';

export type ProfileRow = Selectable<ContainerWorkloadProfilesTable>;
type Body = z.output<(typeof endpoints)['container_workload_profiles.update']['body']>;

export const NEW_PROFILE: StoredContainerProfile = {
  name: 'Default Profile',
  description: null,
  managed: false,
  enforcement_mode: 'visibility_only',
  visibility_level: 'flow_summary',
  labels: [],
};

export function profileHref(row: Pick<ProfileRow, 'org_id' | 'cluster_id' | 'id'>): string {
  return `/orgs/${row.org_id}/container_clusters/${row.cluster_id}/container_workload_profiles/${row.id}`;
}

function hrefsOf({ labels }: StoredContainerProfile): string[] {
  return labels.flatMap(({ assignment, restriction }) => [
    ...(assignment === undefined ? [] : [assignment]),
    ...(restriction ?? []),
  ]);
}

export async function presentProfiles(
  db: Db,
  rows: readonly ProfileRow[],
  caller: UserCaller,
): Promise<ContainerWorkloadProfileWire[]> {
  const names = await loadNames(db, caller.orgId, {
    hrefs: rows.flatMap(({ content }) => hrefsOf(content)),
    word: 'draft',
  });
  return rows.map((row) => present(row, names, caller));
}

function present(row: ProfileRow, names: Names, caller: UserCaller): ContainerWorkloadProfileWire {
  const { labels, ...members } = row.content;
  return {
    href: profileHref(row),
    ...members,
    labels: labels.map(({ key, assignment, restriction }) => {
      const [assigned] = assignment === undefined ? [] : presentLabels([assignment], names);
      return {
        key,
        ...(assigned === undefined ? {} : { assignment: assigned }),
        ...(restriction === undefined ? {} : { restriction: presentLabels(restriction, names) }),
      };
    }),
    assign_labels: labels.flatMap(({ assignment }) =>
      assignment === undefined ? [] : [{ href: assignment }],
    ),
    namespace: null,
    linked: false,
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    caps: plainCaps(caller),
  };
}

export async function findProfileOf(
  db: Db,
  orgId: number,
  { id, profile_id: profileId }: { id: string; profile_id: string },
): Promise<ProfileRow> {
  const row =
    UUID.test(id) && UUID.test(profileId)
      ? await db
          .selectFrom('container_workload_profiles')
          .selectAll()
          .where('org_id', '=', orgId)
          .where('cluster_id', '=', id)
          .where('id', '=', profileId)
          .executeTakeFirst()
      : undefined;
  if (row === undefined) throw notFound(`The container workload profile ${profileId}`);
  return row;
}

/** `labels` wins over its short form. Throws 406 for labels that do not exist. */
export async function changedProfile(
  trx: Tx,
  orgId: number,
  { before, body }: { before: StoredContainerProfile; body: Body },
): Promise<StoredContainerProfile> {
  const { labels, assign_labels: assigned, ...members } = body;
  const given = labels ?? [];
  const refs = [
    ...given.flatMap((item) => ('assignment' in item ? [item.assignment] : item.restriction)),
    ...(assigned ?? []),
  ];
  const resolve = await labelResolver(trx, orgId, refs);
  const names = await loadNames(trx, orgId, { hrefs: refs.map(({ href }) => href), word: 'draft' });
  const one = (ref: { href: string }): string => resolve([ref])[0] ?? ref.href;
  const stored =
    labels !== undefined
      ? given.map((item) =>
          'assignment' in item
            ? { key: item.key, assignment: one(item.assignment) }
            : { key: item.key, restriction: item.restriction.map(one) },
        )
      : assigned?.map((ref) => ({ key: names.get(one(ref))?.key ?? '', assignment: one(ref) }));
  return {
    ...before,
    name: members.name ?? before.name,
    description: members.description === undefined ? before.description : members.description,
    managed: members.managed ?? before.managed,
    enforcement_mode: members.enforcement_mode ?? before.enforcement_mode,
    visibility_level: members.visibility_level ?? before.visibility_level,
    labels: stored ?? before.labels,
  };
}

export async function insertProfile(
  trx: Tx,
  profile: {
    readonly orgId: number;
    readonly clusterId: string;
    readonly content: StoredContainerProfile;
    readonly isDefault: boolean;
    readonly by: string;
    readonly now: Date;
  },
): Promise<ProfileRow> {
  return trx
    .insertInto('container_workload_profiles')
    .values({
      org_id: profile.orgId,
      cluster_id: profile.clusterId,
      content: json(profile.content),
      is_default: profile.isDefault,
      created_at: profile.now,
      created_by: profile.by,
      updated_at: profile.now,
      updated_by: profile.by,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
