/**
 * Events by HTTPS POST: `{"events": [...]}`, signed. The signature is HMAC-SHA-256 of `<time>.<body>` under the webhook's secret; the time
 * is in the header, so that a receiver can refuse what was recorded and sent again.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import type { Clock } from '../../deps.ts';
import type { Message } from '../formats/message.ts';
import type { Transport } from './transport.ts';

const ANSWER_MS = 15_000;

export interface WebhookReceiver {
  readonly url: string;
  readonly ca: string | null;
  readonly secret: string;
}

export class Webhook implements Transport {
  readonly settleMs = 0;
  readonly #receiver: WebhookReceiver;
  readonly #clock: Clock;
  readonly #agent: Agent;

  constructor(receiver: WebhookReceiver, clock: Clock) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, minVersion: 'TLSv1.2' });
  }

  async send(messages: readonly Message[]): Promise<void> {
    const body = JSON.stringify({ events: messages.map(({ content }) => content) });
    const status = await this.#post(body);
    if (status < 200 || status > 299)
      throw new Error(
        `the receiver answered ${status}; 200 to 299 would say that it has the events`,
      );
  }

  delivered(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #post(body: string): Promise<number> {
    const { url, ca, secret } = this.#receiver;
    const time = Math.floor(this.#clock.now().getTime() / 1000);
    return new Promise((resolve, reject) => {
      const call = request(
        url,
        {
          method: 'POST',
          agent: this.#agent,
          ...(ca === null ? {} : { ca }),
          signal: AbortSignal.timeout(ANSWER_MS),
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'x-bulkhead-delivery': randomUUID(),
            'x-bulkhead-signature': signature(secret, time, body),
          },
        },
        (response) => {
          response.resume();
          response.once('end', () => resolve(response.statusCode ?? 0));
          response.once('error', reject);
        },
      );
      call.once('error', (error) =>
        reject(
          error.name === 'AbortError' || error.name === 'TimeoutError'
            ? new Error(`no answer within ${ANSWER_MS / 1000} s`)
            : error,
        ),
      );
      call.end(body);
    });
  }
}

/** `t=<Unix seconds>,v1=<hex>`, as the receiver computes it too. */
export function signature(secret: string, time: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return `t=${time},v1=${digest}`;
}
