/**
 * Carries events and flows to one receiver. Events are read from the outbox and counted as delivered when the transport says so; on any
 * failure everything since the last delivered one is sent again, so each arrives at least once and in order. Flows wait in a bounded
 * buffer; what does not fit is lost and counted.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../deps.ts';
import type { FlowRow } from '../traffic/flow-table.ts';
import type { Message } from './formats/message.ts';
import type { Progress } from './outbox.ts';
import type { Transport } from './transports/transport.ts';

export interface RunnerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  connect(): Transport;
  /** Position of the last delivered event; undefined: this node does not send events. */
  position(): Promise<number | undefined>;
  /** Events after a position, ready to be sent. */
  read(position: number): Promise<{ readonly messages: readonly Message[]; readonly upTo: number }>;
  render(items: readonly Telemetry[]): Promise<readonly Message[]>;
  saveProgress(progress: Progress): Promise<void>;
  saveFailure(failure: { readonly message: string; readonly at: Date }): Promise<void>;
}

/** What may be lost: a flow, or a message about the PCE. */
export type Telemetry = { readonly flow: FlowRow } | { readonly message: Message };

const MAX_TELEMETRY = 10_000;
const TELEMETRY_AT_ONCE = 200;
/** A wake-up may be lost; looking costs one index lookup. */
const POLL_MS = 5000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;

interface OnTheWay {
  readonly upTo: number;
  readonly count: number;
  readonly sentAt: number;
}

export class SinkRunner {
  readonly #ports: RunnerPorts;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #transport: Transport | undefined;
  /** Position of the last event that was sent; undefined: to be read. */
  #sent: number | undefined;
  #onTheWay: OnTheWay[] = [];
  #telemetry: Telemetry[] = [];
  #flowsLost = 0;
  #failures = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    // Ends a send that waits for the receiver.
    await this.#transport?.close();
    await this.#done;
    await this.#transport?.close();
  }

  /** There may be something to send. */
  wake(): void {
    this.#wake.abort();
  }

  /** Another node may have sent meanwhile: the position is read again. */
  restart(): void {
    this.#sent = undefined;
    this.#onTheWay = [];
    this.wake();
  }

  offer(items: readonly Telemetry[]): void {
    const room = MAX_TELEMETRY - this.#telemetry.length;
    this.#telemetry.push(...items.slice(0, room));
    this.#flowsLost += Math.max(0, items.length - room);
    this.wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#settle();
        const moved = (await this.#sendTelemetry()) || (await this.#sendEvents());
        if (!moved && this.#failures > 0) await this.#probe();
        if (!moved) await this.#rest(this.#wait());
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  /** Until the next thing on its way may be delivered, or till the next look. */
  #wait(): number {
    const [first] = this.#onTheWay;
    if (first === undefined || this.#transport === undefined) return POLL_MS;
    return Math.max(50, first.sentAt + this.#transport.settleMs - performance.now());
  }

  async #rest(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#wake.signal, this.#stop.signal]);
    await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  /** After a failure with nothing to send: whether the receiver is back is known before the next event. */
  async #probe(): Promise<void> {
    await this.#connected().send([]);
    await this.#progress({ events: 0, flowsSent: 0, flowsLost: 0 });
  }

  async #progress(progress: Omit<Progress, 'at'>): Promise<void> {
    await this.#ports.saveProgress({ ...progress, at: this.#ports.clock.now() });
    this.#failures = 0;
  }

  async #sendTelemetry(): Promise<boolean> {
    const batch = this.#telemetry.splice(0, TELEMETRY_AT_ONCE);
    const flowsLost = this.#flowsLost;
    if (batch.length === 0 && flowsLost === 0) return false;
    try {
      await this.#connected().send(await this.#ports.render(batch));
    } catch (error) {
      this.#flowsLost += batch.length;
      throw error;
    }
    this.#flowsLost -= flowsLost;
    await this.#progress({ events: 0, flowsSent: batch.length, flowsLost });
    return true;
  }

  async #sendEvents(): Promise<boolean> {
    const position = this.#sent ?? (await this.#ports.position());
    if (position === undefined) return false;
    this.#sent = position;
    const { messages, upTo } = await this.#ports.read(position);
    if (upTo === position) return false;
    if (messages.length > 0) await this.#connected().send(messages);
    this.#sent = upTo;
    this.#onTheWay.push({ upTo, count: messages.length, sentAt: performance.now() });
    return true;
  }

  async #settle(): Promise<void> {
    const transport = this.#transport;
    const settledBefore = performance.now() - (transport?.settleMs ?? 0);
    const index = this.#onTheWay.findLastIndex(({ sentAt }) => sentAt <= settledBefore);
    if (transport !== undefined && !(await transport.delivered())) return;
    const settled = this.#onTheWay.slice(0, index + 1);
    const last = settled.at(-1);
    if (last === undefined) return;
    const events = settled.reduce((sum, { count }) => sum + count, 0);
    await this.#progress({ position: last.upTo, events, flowsSent: 0, flowsLost: 0 });
    this.#onTheWay = this.#onTheWay.slice(index + 1);
  }

  #connected(): Transport {
    return (this.#transport ??= this.#ports.connect());
  }

  async #failed(error: unknown): Promise<void> {
    const { clock, logger } = this.#ports;
    this.#sent = undefined;
    this.#onTheWay = [];
    const transport = this.#transport;
    this.#transport = undefined;
    await transport?.close();
    if (this.#failures === 0) logger.warn({ err: error }, 'a receiver of events cannot be reached');
    this.#failures += 1;
    await this.#ports
      .saveFailure({ message: reasonOf(error), at: clock.now() })
      .catch((cause: unknown) =>
        logger.warn({ err: cause }, 'the state of a receiver of events could not be stored'),
      );
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    // Spread out, so that many do not come back at once.
    const { signal } = this.#stop;
    const ms = longest * (0.5 + Math.random() / 2);
    await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** In words. A name with several addresses fails once for each. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ');
  return error instanceof Error ? error.message : String(error);
}
