/** Flow reports of VENs: parsed, enriched with who was at both ends, stored once. */
import type { FlowRecord } from '@bulkhead/contract';
import { formatAddress, parseAddress, unmapAddress } from '@bulkhead/net';
import type { Tx } from '../db/database.ts';
import { afterCommit, appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { refuseUnpaired } from '../gateway/refuse-unpaired.ts';
import { DomainError } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { collected, CollectorSettings } from './collector.ts';
import {
  FLOW_DAYS,
  NO_WORKLOAD,
  storedAddress,
  type FlowRow,
  type FlowTable,
} from './flow-table.ts';
import type { KnownWorkload, WorkloadDirectory } from './workload-directory.ts';

const DAY_MS = 86_400_000;
/** Readers are told of new flows so often, whatever the number of reports. */
const TELL_MS = 500;

/** Is told of flows once they are stored. */
export type OfferFlows = (orgId: number, rows: readonly FlowRow[]) => void;

export class FlowIntake {
  readonly #deps: Deps;
  readonly #table: FlowTable;
  readonly #directory: WorkloadDirectory;
  readonly #offer: OfferFlows;
  readonly #settings: CollectorSettings;
  readonly #toTell = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: Deps, table: FlowTable, directory: WorkloadDirectory, offer: OfferFlows) {
    this.#deps = deps;
    this.#offer = offer;
    this.#table = table;
    this.#directory = directory;
    this.#settings = new CollectorSettings(deps.db, deps.changeLog);
  }

  /** A report that was stored before is acknowledged and not counted again. */
  async take(context: ContextOf<'ven.flows'>): Promise<void> {
    const { db: trx, caller, body } = context;
    const { orgId, venId } = caller;
    const ven = await trx
      .selectFrom('vens')
      .select(['flow_sequence', 'flows_dropped', 'ven_type', 'status'])
      .where('id', '=', venId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (ven.status === 'uninstalled') refuseUnpaired();
    if (ven.flow_sequence !== null && body.sequence <= ven.flow_sequence) return;
    const directory = await this.#directory.of(orgId);
    const reporter: Reporter = {
      orgId,
      venId,
      type: ven.ven_type,
      sequence: body.sequence,
      labels: directory.byId(venId)?.labels ?? [],
      now: this.#deps.clock.now().getTime(),
      find: (address) => directory.byAddress(address),
    };
    const rows = collected(
      body.flows.map((flow, line) => rowOf(flow, line, reporter)),
      await this.#settings.of(orgId),
    );
    if (rows.length > 0) await this.#table.insert(rows);
    await trx
      .updateTable('vens')
      .set({ flow_sequence: body.sequence, flows_dropped: ven.flows_dropped + body.dropped })
      .where('id', '=', venId)
      .execute();
    if (rows.length > 0) this.stored(trx, orgId, rows);
  }

  /** Readers and receivers hear of flows once the transaction that took them is committed. */
  stored(trx: Tx, orgId: number, rows: readonly FlowRow[]): void {
    afterCommit(trx, () => {
      this.#tellSoon(orgId);
      this.#offer(orgId, rows);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#settings.stop();
  }

  #tellSoon(orgId: number): void {
    this.#toTell.add(orgId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const organizations = [...this.#toTell];
      this.#toTell.clear();
      writeTransaction(this.#deps.db, async (trx) => {
        for (const id of organizations)
          appendChange(trx, { orgId: id, kind: 'flow', href: `/orgs/${id}/traffic_flows` });
        await Promise.resolve();
      }).catch((error: unknown) =>
        this.#deps.logger.warn({ err: error }, 'readers could not be told of new flows'),
      );
    }, TELL_MS);
    this.#timer.unref();
  }
}

interface Reporter {
  readonly orgId: number;
  readonly venId: string;
  readonly type: string;
  readonly sequence: number;
  readonly labels: readonly number[];
  readonly now: number;
  find(address: string): KnownWorkload | undefined;
}

function rowOf(flow: FlowRecord, line: number, reporter: Reporter): FlowRow {
  const source = addressOf(flow.src_ip, `flows[${line}].src_ip`);
  const destination = addressOf(flow.dst_ip, `flows[${line}].dst_ip`);
  const isOutbound = flow.direction === 'outbound';
  const other = reporter.find(isOutbound ? destination : source);
  const own = { id: reporter.venId, labels: reporter.labels };
  const src = isOutbound ? own : other;
  const dst = isOutbound ? other : own;
  const last = timeOf(flow.last_seen, reporter.now);
  return {
    org_id: reporter.orgId,
    reporter: reporter.venId,
    report: reporter.sequence,
    line,
    reporter_type: reporter.type,
    first_seen: new Date(Math.min(timeOf(flow.first_seen, reporter.now), last)).toISOString(),
    last_seen: new Date(last).toISOString(),
    src_ip: storedAddress(source),
    dst_ip: storedAddress(destination),
    protocol: flow.protocol,
    dst_port: flow.dst_port,
    icmp_type: flow.icmp_type ?? -1,
    icmp_code: flow.icmp_code ?? -1,
    direction: flow.direction,
    decision: flow.decision,
    reason: flow.reason,
    rules: flow.rules,
    interface: flow.interface ?? '',
    network: flow.network_profile,
    state: flow.state,
    connections: flow.connections,
    bytes_in: flow.bytes_in,
    bytes_out: flow.bytes_out,
    process_name: flow.process_name ?? '',
    user_name: flow.user_name ?? '',
    src_workload: src?.id ?? NO_WORKLOAD,
    dst_workload: dst?.id ?? NO_WORKLOAD,
    src_labels: src?.labels ?? [],
    dst_labels: dst?.labels ?? [],
  };
}

function addressOf(text: string, where: string): string {
  const parsed = parseAddress(text);
  if (parsed === null)
    throw new DomainError('invalid_ip_address', `${where}: "${text}" is not an IP address`);
  return formatAddress(unmapAddress(parsed));
}

/** A clock that is wrong must not put flows out of reach: the future counts as now, what is too old as just kept. */
function timeOf(text: string, now: number): number {
  const time = Date.parse(text);
  return Number.isNaN(time) ? now : Math.max(Math.min(time, now), now - (FLOW_DAYS - 1) * DAY_MS);
}
