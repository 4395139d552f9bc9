/** What provisioning some drafts would do: to how many hosts and, if asked, to which, and what of their live traffic would be lost. */
import { sql } from 'kysely';
import type { ImpactWire } from '@bulkhead/contract';
import type { Connection, PolicyDecision } from '@bulkhead/policy';
import type { Compute } from '../compute/compute.ts';
import type { Impact } from '../compute/impact.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Db } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import type { ContextOf } from '../http/routes.ts';
import type { RecentConnection } from '../traffic/recent-connections.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { requireDependencies } from './dependencies.ts';
import { lockPolicy } from './drafts.ts';
import { chosenRows, identityOfRow, pendingRows, type PendingRow } from './pending.ts';
import { latestVersion } from './versions.ts';
import { trialOf } from './trial.ts';

const LIVE_MS = 24 * 3_600_000;
const MOST_CONNECTIONS = 10_000;
const MOST_SHOWN = 500;

export interface ImpactSources {
  readonly compute: Pick<Compute, 'impact'>;
  readonly traffic: Pick<Traffic, 'recentConnections'>;
}

/** `db` shows what the caller reaches; what their choice would do is asked of the whole policy. */
type ImpactContext = Pick<ContextOf<'sec_policy.impact'>, 'db' | 'orgId' | 'body' | 'query'>;
type Details = NonNullable<ImpactWire['details']>;

export async function impact(
  deps: Deps,
  sources: ImpactSources,
  context: ImpactContext,
): Promise<ImpactWire> {
  const { rows, effect } = await effectOf(deps, sources, context, []);
  const details =
    context.query.details === true ? await detailsOf(deps, sources, context, effect) : undefined;
  return {
    num_sets: rows.filter(({ type }) => type === 'rule_sets').length,
    num_virtual_servers: 0,
    num_managed_workloads: effect.workloads.length,
    num_container_workloads: 0,
    num_unmanaged_workloads: effect.unmanaged,
    all_workloads_optimization: effect.managed > 0 && effect.workloads.length === effect.managed,
    ...(details === undefined ? {} : { details }),
  };
}

/** Tried on a core that nobody else changes meanwhile: whoever holds the policy lock knows what is active and drafted. */
async function effectOf(
  deps: Deps,
  { compute }: ImpactSources,
  { db, orgId, body }: ImpactContext,
  connections: readonly Connection[],
): Promise<{ rows: PendingRow[]; effect: Impact }> {
  // Before the lock: who holds it never waits for another connection.
  const reached = new Set((await pendingRows(db, orgId)).map(identityOfRow));
  return writeTransaction(deps.db, async (trx) => {
    await lockPolicy(trx, orgId);
    const all = await pendingRows(trx, orgId);
    const pending = all.filter((row) => reached.has(identityOfRow(row)));
    const rows = chosenRows(orgId, pending, body.change_subset);
    requireDependencies('commit', rows, pending);
    const version = (await latestVersion(trx, orgId)) + 1;
    const trial = await trialOf(trx, orgId, { rows, version });
    return { rows, effect: await compute.impact(orgId, { ...trial, connections }, trx) };
  });
}

async function detailsOf(
  deps: Deps,
  sources: ImpactSources,
  context: ImpactContext,
  { workloads }: Impact,
): Promise<Details> {
  const { db, orgId } = context;
  const reached = await namesOf(db, orgId, workloads);
  const since = new Date(deps.clock.now().getTime() - LIVE_MS);
  const seen = await sources.traffic.recentConnections(orgId, {
    since,
    workloads: [...reached.keys()],
    limit: MOST_CONNECTIONS + 1,
  });
  const examined = seen.slice(0, MOST_CONNECTIONS);
  const { effect } = await effectOf(
    deps,
    sources,
    context,
    examined.map(({ connection }) => connection),
  );
  const lost = examined.flatMap((item, index) => {
    const decided = effect.decisions[index];
    return decided === undefined || !isWorse(decided.from, decided.to) ? [] : [{ item, decided }];
  });
  const shown = lost.slice(0, MOST_SHOWN);
  const names = await namesOf(
    db,
    orgId,
    shown.flatMap(({ item: { connection } }) => [
      connection.source.workload,
      connection.destination.workload,
    ]),
  );
  return {
    workloads: [...reached.values()].slice(0, MOST_SHOWN),
    workloads_truncated: reached.size > MOST_SHOWN,
    connections: shown.map(({ item, decided }) => presentConnection(item, decided, names)),
    connections_examined: examined.length,
    connections_truncated: seen.length > examined.length || shown.length < lost.length,
    connections_since: since.toISOString(),
  };
}

const ORDER: readonly PolicyDecision[] = ['allowed', 'potentially_blocked', 'blocked'];

function isWorse(from: PolicyDecision, to: PolicyDecision): boolean {
  return ORDER.indexOf(to) > ORDER.indexOf(from);
}

type Host = Details['workloads'][number];

function presentConnection(
  { connection, count, lastSeen }: RecentConnection,
  { from, to }: Impact['decisions'][number],
  names: ReadonlyMap<string, Host>,
): Details['connections'][number] {
  const { source, destination, protocol, port, icmpType, icmpCode } = connection;
  const end = ({ address, workload }: Connection['source']) => ({
    ip: address,
    workload: workload === null ? null : (names.get(workload) ?? null),
  });
  return {
    src: end(source),
    dst: end(destination),
    service: {
      proto: protocol,
      port,
      icmp_type: icmpType,
      icmp_code: icmpCode,
      process_name: destination.process ?? null,
    },
    num_connections: count,
    last_detected: lastSeen.toISOString(),
    from,
    to,
  };
}

async function namesOf(
  db: Db,
  orgId: number,
  hrefs: readonly (string | null)[],
): Promise<Map<string, Host>> {
  const ids = new Set(hrefs.flatMap((href) => href?.split('/').at(-1) ?? []));
  if (ids.size === 0) return new Map();
  const rows = await db
    .selectFrom('workloads')
    .select(['id', 'name', 'hostname'])
    .where('org_id', '=', orgId)
    .where(sql<boolean>`id = ANY(${[...ids]}::uuid[])`)
    .orderBy('id')
    .execute();
  return new Map(
    rows.map(({ id, name, hostname }) => {
      const href = `/orgs/${orgId}/workloads/${id}`;
      return [href, { href, name, hostname }];
    }),
  );
}
