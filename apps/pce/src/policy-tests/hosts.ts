/** Hosts of policy tests as they are now: who has the labels, who has the address, and where each can be reached. */
import { sql } from 'kysely';
import { z } from 'zod';
import { canonicalAddress, parseAddress } from '@bulkhead/net';
import { MAX_POLICY_TEST_CHECKS } from '@bulkhead/contract';
import type { Db, StoredInterface } from '../db/database.ts';
import { UUID } from '../provisioning/references.ts';
import type { CheckEnd, CheckPlace } from './evaluate.ts';
import type { StoredHost, StoredPolicyTest } from './stored-test.ts';

/** What each host of the tests stands for. Empty: for nobody. */
export interface ResolvedHosts {
  endsOf(host: StoredHost): readonly CheckEnd[];
}

interface HostRow {
  readonly id: string;
  readonly name: string | null;
  readonly hostname: string | null;
  readonly interfaces: StoredInterface[];
}

/**
 * Labels stand for the workloads that have all of them and that are not offline: who is off connects to nobody. An address stands for the
 * workload that has it on a corporate interface, else for an external host.
 */
export async function resolveHosts(
  db: Db,
  orgId: number,
  tests: readonly StoredPolicyTest[],
): Promise<ResolvedHosts> {
  const hosts = tests.flatMap((test) => [...test.from, ...test.to]);
  const sets = new Set(hosts.flatMap((host) => ('labels' in host ? [keyOf(host.labels)] : [])));
  const addresses = new Set(
    hosts.flatMap((host) => ('address' in host ? [textOf(host.address)] : [])),
  );
  const named = hosts.flatMap((host) => ('workload' in host ? [idOf(host.workload)] : []));
  const labelled = await withLabels(db, orgId, [...sets]);
  const owners = await ownersOf(db, orgId, [...addresses]);
  const ids = new Set([...named, ...[...labelled.values()].flat(), ...owners.values()]);
  const ends = await endsByWorkload(
    db,
    orgId,
    [...ids].filter((id) => UUID.test(id)),
  );
  const found = (list: readonly string[]) => list.flatMap((id) => ends.get(id) ?? []);
  return {
    endsOf(host) {
      if ('workload' in host) return found([idOf(host.workload)]);
      if ('labels' in host) return found(labelled.get(keyOf(host.labels)) ?? []);
      const address = textOf(host.address);
      const owner = owners.get(address);
      const known = owner === undefined ? undefined : ends.get(owner);
      return [endAt(address, known)];
    },
  };
}

/** Canonical; the address was checked when it was stored. */
function textOf(address: string): string {
  return canonicalAddress(address) ?? address;
}

function keyOf(labels: readonly string[]): string {
  return JSON.stringify(labels);
}

function labelsOf(key: string): string[] {
  return z.array(z.string()).parse(JSON.parse(key));
}

function idOf(href: string): string {
  return href.split('/').at(-1) ?? '';
}

/** Up to this many label sets are looked up one by one; more are found in one pass over the workloads. */
const FEW_SETS = 16;

/** Workload ids by label set, sorted; of a set that very many have, one more than any test may have. */
async function withLabels(
  db: Db,
  orgId: number,
  sets: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (sets.length === 0) return new Map();
  return sets.length <= FEW_SETS ? oneByOne(db, orgId, sets) : inOnePass(db, orgId, sets);
}

/** Who is off connects to nobody. */
const PRESENT = sql`NOT deleted AND (online OR NOT managed)`;

async function oneByOne(
  db: Db,
  orgId: number,
  sets: readonly string[],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const labels of sets) {
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM workloads
      WHERE org_id = ${orgId} AND ${PRESENT} AND labels @> ${labels}::jsonb
      LIMIT ${MAX_POLICY_TEST_CHECKS + 1}`.execute(db);
    found.set(labels, rows.map(({ id }) => id).toSorted());
  }
  return found;
}

async function inOnePass(
  db: Db,
  orgId: number,
  sets: readonly string[],
): Promise<Map<string, string[]>> {
  const wanted = new Map(sets.map((key) => [key, labelsOf(key)]));
  const holders = new Map<string, Set<string>>(
    [...wanted.values()].flat().map((label) => [label, new Set<string>()]),
  );
  const { rows } = await sql<{ id: string; labels: string[] }>`
    SELECT id, labels FROM workloads
    WHERE org_id = ${orgId} AND ${PRESENT} AND labels ?| ${[...holders.keys()]}::text[]
    ORDER BY id`.execute(db);
  for (const { id, labels } of rows) for (const label of labels) holders.get(label)?.add(id);
  const found = new Map<string, string[]>();
  for (const [key, labels] of wanted) {
    const lists = labels
      .map((label) => holders.get(label) ?? new Set<string>())
      .toSorted((a, b) => a.size - b.size);
    const [rarest = new Set<string>(), ...others] = lists;
    const ids = [...rarest].filter((id) => others.every((list) => list.has(id)));
    found.set(key, ids.slice(0, MAX_POLICY_TEST_CHECKS + 1));
  }
  return found;
}

/** Of several that have an address, a managed one, then the oldest: as `decide` chooses. */
async function ownersOf(
  db: Db,
  orgId: number,
  addresses: readonly string[],
): Promise<Map<string, string>> {
  if (addresses.length === 0) return new Map();
  const { rows } = await sql<{ address: string; id: string }>`
    SELECT DISTINCT ON (held.address) held.address, workloads.id
    FROM workloads, jsonb_to_recordset(workloads.interfaces) AS held(address text, network text)
    WHERE workloads.org_id = ${orgId} AND NOT workloads.deleted
      AND held.network = 'corporate' AND held.address = ANY(${[...addresses]}::text[])
    ORDER BY held.address, workloads.managed DESC, workloads.created_at`.execute(db);
  return new Map(rows.map((row) => [row.address, row.id]));
}

async function endsByWorkload(
  db: Db,
  orgId: number,
  ids: readonly string[],
): Promise<Map<string, CheckEnd>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('workloads')
    .select(['id', 'name', 'hostname', 'interfaces'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .where(sql<boolean>`id = ANY(${[...ids]}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, endOf(orgId, row)]));
}

function endOf(orgId: number, row: HostRow): CheckEnd {
  const places = { ipv4: [] as CheckPlace[], ipv6: [] as CheckPlace[] };
  // Corporate interfaces first, else in the order in which the host reports them.
  const order = (item: StoredInterface): number => (item.network === 'corporate' ? 0 : 1);
  for (const item of row.interfaces.toSorted((a, b) => order(a) - order(b))) {
    if (item.loopback || /^(fe[89ab].:|169\.254\.)/i.test(item.address)) continue;
    const place = { address: item.address, interfaceName: item.name };
    places[item.address.includes(':') ? 'ipv6' : 'ipv4'].push(place);
  }
  return {
    workload: `/orgs/${orgId}/workloads/${row.id}`,
    name: row.name ?? row.hostname,
    ipv4: places.ipv4[0] ?? null,
    ipv6: places.ipv6[0] ?? null,
  };
}

/** An address, as it is or as one of its workload. */
function endAt(address: string, owner: CheckEnd | undefined): CheckEnd {
  const place = { address, interfaceName: null };
  const isSix = parseAddress(address)?.family === 6;
  return {
    workload: owner?.workload ?? null,
    name: owner?.name ?? null,
    ipv4: isSix ? null : place,
    ipv6: isSix ? place : null,
  };
}
