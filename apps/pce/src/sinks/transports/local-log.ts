/** The log of this PCE, which the host's log service keeps. */
import type { Logger } from 'pino';
import type { Message } from '../formats/message.ts';
import type { Transport } from './transport.ts';

const LEVEL = { err: 'error', warning: 'warn', info: 'info' } as const;

export class LocalLog implements Transport {
  readonly settleMs = 0;
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  send(messages: readonly Message[]): Promise<void> {
    for (const { type, kind, severity, text } of messages)
      this.#logger[LEVEL[severity]]({ type, kind, syslog: text }, 'an event for the log');
    return Promise.resolve();
  }

  delivered(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
