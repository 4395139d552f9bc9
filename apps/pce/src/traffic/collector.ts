/** What of a flow report is stored: what the organization says is dropped, or counted once per pair of addresses. */
import { parseAddress, parseSpan, spansHold, unmapAddress } from '@bulkhead/net';
import type { ChangeLog } from '../db/change-log.ts';
import type { Db, StoredCollector } from '../db/database.ts';
import type { FlowRow } from './flow-table.ts';
import { transmissionOf } from './stored-address.ts';

/** Settings of organizations, read once and again when they change. */
export class CollectorSettings {
  readonly #db: Db;
  readonly #known = new Map<number, Promise<readonly StoredCollector[]>>();
  readonly #unsubscribe: () => void;

  constructor(db: Db, changeLog: ChangeLog) {
    this.#db = db;
    this.#unsubscribe = changeLog.subscribe((rows) => {
      for (const { orgId, href } of rows)
        if (href.includes('/settings/traffic_collector/')) this.#known.delete(orgId);
    });
  }

  stop(): void {
    this.#unsubscribe();
  }

  of(orgId: number): Promise<readonly StoredCollector[]> {
    const known = this.#known.get(orgId);
    if (known !== undefined) return known;
    const read = this.#db
      .selectFrom('traffic_collector_settings')
      .select('content')
      .where('org_id', '=', orgId)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
      .then((rows) => rows.map(({ content }) => content));
    this.#known.set(orgId, read);
    // A read that failed is no answer for later ones.
    read.catch(() => this.#known.delete(orgId));
    return read;
  }
}

function holds(text: string | undefined, stored: string): boolean {
  if (text === undefined) return true;
  const span = parseSpan(text);
  const address = parseAddress(stored);
  return span.ok && address !== null && spansHold([span.value], unmapAddress(address));
}

function applies({ transmission, target, data_source: source }: StoredCollector, flow: FlowRow) {
  return (
    transmission === transmissionOf(flow.dst_ip) &&
    (source === null || source === flow.reporter_type) &&
    (target === null ||
      (target.proto === flow.protocol &&
        ((target.dst_port ?? -1) === -1 || target.dst_port === flow.dst_port) &&
        holds(target.dst_ip, flow.dst_ip) &&
        holds(target.src_ip, flow.src_ip)))
  );
}

/** The flows of one report that are stored. The first setting that a flow meets counts. */
export function collected(
  flows: readonly FlowRow[],
  settings: readonly StoredCollector[],
): FlowRow[] {
  if (settings.length === 0) return [...flows];
  const kept: FlowRow[] = [];
  const sums = new Map<string, FlowRow>();
  for (const flow of flows) {
    const action = settings.find((setting) => applies(setting, flow))?.action;
    if (action === undefined) kept.push(flow);
    if (action !== 'aggregate') continue;
    const key = [flow.src_ip, flow.dst_ip, flow.protocol, flow.direction, flow.decision].join(' ');
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? { ...flow, dst_port: 0 } : added(sum, flow));
  }
  return [...kept, ...sums.values()];
}

function added(sum: FlowRow, flow: FlowRow): FlowRow {
  return {
    ...sum,
    connections: sum.connections + flow.connections,
    bytes_in: sum.bytes_in + flow.bytes_in,
    bytes_out: sum.bytes_out + flow.bytes_out,
    first_seen: sum.first_seen < flow.first_seen ? sum.first_seen : flow.first_seen,
    last_seen: sum.last_seen > flow.last_seen ? sum.last_seen : flow.last_seen,
  };
}
