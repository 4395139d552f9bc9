/** Who has which address now, for enriching flows: kept in memory, followed through the change log. */
import type { ChangeLog, ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import type { Logger } from 'pino';

export interface KnownWorkload {
  readonly id: string;
  readonly type: string;
  /** Ids of its labels. */
  readonly labels: readonly number[];
  /** On corporate interfaces: others may mean it by these. */
  readonly addresses: readonly string[];
  readonly managed: boolean;
  readonly online: boolean;
}

type FollowedLog = Pick<ChangeLog, 'subscribe' | 'after' | 'sequence'>;

interface Organization {
  readonly byId: Map<string, KnownWorkload>;
  readonly byAddress: Map<string, Set<string>>;
}

export class WorkloadDirectory {
  readonly #db: Db;
  readonly #changeLog: FollowedLog;
  readonly #logger: Logger;
  readonly #organizations = new Map<number, Organization>();
  /** Newest row that was taken. */
  #sequence: number;
  /** Reloads that are under way. */
  readonly #reloading = new Set<Promise<void>>();
  readonly #loading = new Map<number, Promise<Organization>>();
  readonly #unsubscribe: () => void;

  constructor(db: Db, changeLog: FollowedLog, logger: Logger) {
    this.#db = db;
    this.#changeLog = changeLog;
    this.#logger = logger;
    this.#sequence = changeLog.sequence;
    this.#unsubscribe = changeLog.subscribe((rows) => this.#changed(rows));
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** The organization's workloads, with everything that was committed before the call; read from the database at the first. */
  async of(orgId: number): Promise<{
    byId(id: string): KnownWorkload | undefined;
    byAddress(address: string): KnownWorkload | undefined;
  }> {
    this.#changed(await this.#changeLog.after(this.#sequence));
    await Promise.all(this.#reloading);
    const organization = this.#organizations.get(orgId) ?? (await this.#load(orgId));
    return {
      byId: (id) => organization.byId.get(id),
      byAddress: (address) =>
        best(
          [...(organization.byAddress.get(address) ?? [])].flatMap(
            (id) => organization.byId.get(id) ?? [],
          ),
        ),
    };
  }

  #load(orgId: number): Promise<Organization> {
    let loading = this.#loading.get(orgId);
    if (loading === undefined) {
      const organization: Organization = { byId: new Map(), byAddress: new Map() };
      // Known before it is full: a change that arrives meanwhile is put in after the rows, or with them.
      loading = read(this.#db, orgId).then((rows) => {
        for (const row of rows) put(organization, row);
        this.#organizations.set(orgId, organization);
        this.#loading.delete(orgId);
        return organization;
      });
      loading.catch(() => this.#loading.delete(orgId));
      this.#loading.set(orgId, loading);
    }
    return loading;
  }

  #changed(rows: readonly ChangeRow[]): void {
    const fresh = rows.filter((row) => row.sequence > this.#sequence);
    this.#sequence = fresh.at(-1)?.sequence ?? this.#sequence;
    const byOrganization = Map.groupBy(
      fresh.filter((row) => row.kind === 'workload'),
      (row) => row.orgId,
    );
    for (const [orgId, changed] of byOrganization) {
      if (!this.#organizations.has(orgId) && !this.#loading.has(orgId)) continue;
      const reload = this.#reload(
        orgId,
        changed.flatMap((row) => row.href.split('/').at(-1) ?? []),
      )
        .catch((error: unknown) => {
          // Read whole at the next use.
          this.#organizations.delete(orgId);
          this.#logger.warn({ err: error, orgId }, 'workloads could not be read');
        })
        .finally(() => this.#reloading.delete(reload));
      this.#reloading.add(reload);
    }
  }

  async #reload(orgId: number, ids: readonly string[]): Promise<void> {
    const organization = this.#organizations.get(orgId) ?? (await this.#load(orgId));
    const rows = await read(this.#db, orgId, ids);
    for (const id of ids) remove(organization, id);
    for (const row of rows) put(organization, row);
  }
}

/** Several may have an address, such as after a lease went on: the one that is there now counts. */
function best(found: readonly KnownWorkload[]): KnownWorkload | undefined {
  const order = (item: KnownWorkload): number => (item.managed ? (item.online ? 0 : 2) : 1);
  return found.toSorted((a, b) => order(a) - order(b))[0];
}

function put(organization: Organization, workload: KnownWorkload): void {
  organization.byId.set(workload.id, workload);
  for (const address of workload.addresses) {
    const ids = organization.byAddress.get(address);
    if (ids === undefined) organization.byAddress.set(address, new Set([workload.id]));
    else ids.add(workload.id);
  }
}

function remove(organization: Organization, id: string): void {
  const known = organization.byId.get(id);
  organization.byId.delete(id);
  for (const address of known?.addresses ?? []) {
    const ids = organization.byAddress.get(address);
    ids?.delete(id);
    if (ids?.size === 0) organization.byAddress.delete(address);
  }
}

async function read(db: Db, orgId: number, ids?: readonly string[]): Promise<KnownWorkload[]> {
  if (ids?.length === 0) return [];
  let query = db
    .selectFrom('workloads')
    .select(['id', 'managed', 'online', 'ven_type', 'labels', 'interfaces'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false);
  if (ids !== undefined) query = query.where('id', 'in', ids);
  return (await query.execute()).map((row) => ({
    id: row.id,
    type: row.managed ? (row.ven_type ?? 'server') : 'unmanaged',
    managed: row.managed,
    online: row.online,
    labels: row.labels.flatMap((href) => labelId(href) ?? []),
    addresses: row.interfaces
      .filter((item) => item.network === 'corporate' && !item.loopback)
      .map((item) => item.address),
  }));
}

export function labelId(href: string): number | undefined {
  const id = /\/labels\/(\d{1,9})$/.exec(href)?.[1];
  return id === undefined ? undefined : Number(id);
}
