/** One way to a receiver. After a rejection it is closed and another one is made. */
import type { Message } from '../formats/message.ts';

export interface Transport {
  /** Resolves when they are on their way, in this order. Rejects when the receiver cannot be reached or refuses them. */
  send(messages: readonly Message[]): Promise<void>;
  /**
   * Whether the receiver has all that was sent at least `settleMs` ago. Rejects when the connection broke since: then what was not
   * delivered has to be sent again.
   */
  delivered(): Promise<boolean>;
  /** From sending to the moment from which `delivered` speaks of it. */
  readonly settleMs: number;
  /** Nothing is on its way afterwards. */
  close(): Promise<void>;
}
