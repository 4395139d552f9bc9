/** All sinks of this node: a runner for each, kept in step with what is configured. */
import { eventSettings } from '../audit/event-settings.ts';
import { presentEvent } from '../audit/routes.ts';
import type { Deps } from '../deps.ts';
import type { FlowRow } from '../traffic/flow-table.ts';
import { flowMessage, namesOf } from './flow-messages.ts';
import { eventMessage } from './formats/message.ts';
import { noticeMessage } from './formats/notice.ts';
import { Leader } from './leader.ts';
import { NodeStatusWatch, type NodeStatus } from './node-status.ts';
import { eventsAfter, selectionIn, saveFailure, saveProgress, stateOf } from './outbox.ts';
import { isEnabled, telemetryOf, transportOf, type SinkRow } from './sink.ts';
import { reasonOf, SinkRunner, type RunnerPorts } from './sink-runner.ts';
import { loadSecretBox, type SecretBox } from './wrapped-secret.ts';

const NODE_PERIOD_MS = 60_000;

interface Running {
  readonly row: SinkRow;
  readonly runner: SinkRunner;
  readonly decisions: ReadonlySet<string>;
  readonly health: boolean;
}

export class Sinks {
  readonly #deps: Deps;
  readonly #leader: Leader;
  readonly #node: NodeStatusWatch;
  readonly #running = new Map<string, Running>();
  #box: SecretBox | undefined;
  #unsubscribe: () => void = () => undefined;
  /** Reloads go one after the other. */
  #reload: Promise<void> = Promise.resolve();
  #nodeTimer: NodeJS.Timeout | undefined;

  constructor(deps: Deps, nodeStatus: () => Promise<NodeStatus>) {
    this.#deps = deps;
    this.#node = new NodeStatusWatch(deps, nodeStatus);
    this.#leader = new Leader(deps.pool, deps.logger, () => {
      for (const { runner } of this.#running.values()) runner.restart();
    });
  }

  async start(): Promise<void> {
    this.#box = await loadSecretBox(this.#deps.db);
    this.#unsubscribe = this.#deps.changeLog.subscribe((rows) => {
      if (rows.some((row) => row.kind === 'settings')) this.#reloadSoon();
      const orgs = new Set(rows.filter((row) => row.kind === 'event').map((row) => row.orgId));
      for (const { row, runner } of this.#running.values()) if (orgs.has(row.org_id)) runner.wake();
    });
    this.#reloadSoon();
    await this.#reload;
    this.#nodeTimer = setInterval(() => {
      this.#tellNodeStatus().catch((error: unknown) =>
        this.#deps.logger.warn({ err: error }, 'the health of the PCE could not be told'),
      );
    }, NODE_PERIOD_MS);
    this.#nodeTimer.unref();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#nodeTimer);
    await this.#reload;
    await Promise.all([...this.#running.values()].map(({ runner }) => runner.stop()));
    await this.#leader.stop();
  }

  /** Flows that were stored. What no sink takes, or has no room for, is let go. */
  offerFlows(orgId: number, rows: readonly FlowRow[]): void {
    for (const { row, runner, decisions } of this.#running.values()) {
      if (row.org_id !== orgId) continue;
      const wanted = rows.filter((flow) => decisions.has(flow.decision));
      if (wanted.length > 0) runner.offer(wanted.map((flow) => ({ flow })));
    }
  }

  get box(): SecretBox {
    if (this.#box === undefined) throw new Error('Sinks have to be started first');
    return this.#box;
  }

  /** Sends one event on a way of its own. Answers why the receiver did not take it, null when it did. */
  async test(row: SinkRow, sender: { readonly username: string }): Promise<string | null> {
    const { config, clock, db } = this.#deps;
    const { format } = await eventSettings(db, row.org_id);
    const message = noticeMessage(
      {
        type: 'event_sink.test',
        kind: 'audit',
        severity: 'info',
        at: clock.now(),
        fqdn: config.fqdn,
        text: `A test event from ${config.fqdn}, asked for by ${sender.username}`,
      },
      format,
    );
    const transport = transportOf(this.#deps, row, this.box);
    try {
      await transport.send([message]);
      await transport.delivered();
      return null;
    } catch (error) {
      return reasonOf(error);
    } finally {
      await transport.close();
    }
  }

  #reloadSoon(): void {
    this.#reload = this.#reload
      .then(() => this.#load())
      .catch((error: unknown) =>
        this.#deps.logger.warn({ err: error }, 'receivers of events could not be read'),
      );
  }

  async #load(): Promise<void> {
    const rows = (await this.#deps.db.selectFrom('event_sinks').selectAll().execute()).filter(
      isEnabled,
    );
    const wanted = new Map(rows.map((row) => [row.id, row]));
    for (const [id, { row, runner }] of this.#running) {
      if (wanted.get(id)?.updated_at.getTime() === row.updated_at.getTime()) continue;
      this.#running.delete(id);
      await runner.stop();
    }
    for (const [id, row] of wanted) {
      if (this.#running.has(id)) continue;
      const runner = new SinkRunner(this.#portsOf(row));
      this.#running.set(id, { row, runner, ...telemetryOf(row) });
      runner.start();
    }
    if (wanted.size > 0) await this.#leader.start();
  }

  #portsOf(row: SinkRow): RunnerPorts {
    const { db, clock, logger, config } = this.#deps;
    const format = async () => (await eventSettings(db, row.org_id)).format;
    return {
      clock,
      logger: logger.child({ sink: row.id }),
      connect: () => transportOf(this.#deps, row, this.box),
      position: async () => (this.#leader.held ? (await stateOf(db, row.id))?.position : undefined),
      read: async (position) => {
        const { rows, upTo } = await eventsAfter(db, await selectionIn(db, row), position);
        const inFormat = await format();
        return { messages: rows.map((event) => eventMessage(presentEvent(event), inFormat)), upTo };
      },
      render: async (items) => {
        const flows = items.flatMap((item) => ('flow' in item ? [item.flow] : []));
        const names = await namesOf(db, flows);
        const as = { format: await format(), fqdn: config.fqdn };
        return items.map((item) =>
          'flow' in item ? flowMessage(item.flow, names, as) : item.message,
        );
      },
      saveProgress: (progress) => saveProgress(db, row.id, progress),
      saveFailure: (failure) => saveFailure(db, row.id, failure),
    };
  }

  async #tellNodeStatus(): Promise<void> {
    const listening = [...this.#running.values()].filter(({ health }) => health);
    if (listening.length === 0) return;
    const notice = await this.#node.look();
    if (notice === undefined) return;
    for (const { row, runner } of listening) {
      const { format } = await eventSettings(this.#deps.db, row.org_id);
      runner.offer([{ message: noticeMessage(notice, format) }]);
    }
  }
}
