/** The worker thread as the main thread sees it: requests with answers, and a new thread when one dies. */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { WorkerAnswer, WorkerBody, WorkerRequest } from './protocol.ts';

export class WorkerLost extends Error {
  override readonly name = 'WorkerLost';
}

type Waiting = { resolve: (answer: WorkerAnswer) => void; reject: (error: Error) => void };

export class PolicyWorker {
  readonly #logger: Logger;
  /** Called after a thread died and another took its place: its cores are gone. */
  readonly #onLost: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #stopped = false;

  constructor(logger: Logger, onLost: () => void) {
    this.#logger = logger;
    this.#onLost = onLost;
  }

  /** Rejects with WorkerLost when the thread dies before it answers. */
  ask(body: WorkerBody): Promise<WorkerAnswer> {
    const worker = (this.#worker ??= this.#launch());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, body } satisfies WorkerRequest);
    });
  }

  /** Ends the thread as a crash would. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker?.terminate();
    this.#failAll(new WorkerLost('The policy worker is stopped'));
  }

  #launch(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { name: 'policy' });
    worker.on('message', (answer: WorkerAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      waiting?.resolve(answer);
    });
    worker.on('error', (error) => this.#logger.error({ err: error }, 'the policy worker failed'));
    worker.once('exit', (code) => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failAll(new WorkerLost(`The policy worker ended with ${code}`));
      if (this.#stopped) return;
      this.#logger.error(
        { code },
        'the policy worker ended; policy is computed again in a new one',
      );
      this.#onLost();
    });
    return worker;
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
