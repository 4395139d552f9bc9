/**
 * Cores that answer questions beside the active policy: the draft, provisioned versions, and the active policy to try changes on. They
 * are built when they are asked for and then follow the change log, so that a later question costs what has changed since.
 */
import { changesOf, type PolicyChange } from '@bulkhead/policy';
import type { Db } from '../db/database.ts';
import type { PolicyLoader, QuestionState } from './policy-loader.ts';
import type { PolicyWorker } from './policy-worker.ts';
import { answerOf, type CoreQuestion, type WorkerAnswer } from './protocol.ts';

export interface CorePlace {
  readonly orgId: number;
  readonly state: QuestionState;
}

/** Asks one core, which stays as it is until the work that was given this is done. */
export interface CoreSession {
  ask(make: (core: string) => CoreQuestion): Promise<WorkerAnswer>;
  /** The same for what asks more than this core. */
  run(work: (core: string) => Promise<WorkerAnswer>): Promise<WorkerAnswer>;
  /** Applies changes, runs the work, and takes them back: `undo` must restore what `changes` replaced. */
  trying<T>(
    changes: { readonly apply: readonly PolicyChange[]; readonly undo: readonly PolicyChange[] },
    work: () => Promise<T>,
  ): Promise<T>;
}

class CoreMissing extends Error {
  override readonly name = 'CoreMissing';
}

export class QuestionCores {
  readonly #worker: PolicyWorker;
  readonly #loader: PolicyLoader;
  readonly #db: Db;
  /** Change log sequence up to which each core has followed. */
  readonly #sequences = new Map<string, number>();
  /** Work on a core waits for the work before it. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(worker: PolicyWorker, loader: PolicyLoader, db: Db) {
    this.#worker = worker;
    this.#loader = loader;
    this.#db = db;
  }

  /** The worker thread is another one: all cores are gone. */
  forget(): void {
    this.#sequences.clear();
  }

  /**
   * Runs work on a core that holds everything committed before. Rejects with WorkerLost when the worker dies meanwhile.
   * `db`: the caller's transaction; without one a connection is taken before the core, so that nobody who holds the core waits for one.
   */
  use<T>(place: CorePlace, work: (session: CoreSession) => Promise<T>, db?: Db): Promise<T> {
    if (db !== undefined) return this.#inTurn(place, db, work);
    return this.#db.connection().execute((connection) => this.#inTurn(place, connection, work));
  }

  #inTurn<T>(place: CorePlace, db: Db, work: (session: CoreSession) => Promise<T>): Promise<T> {
    const core = nameOf(place);
    const before = this.#queues.get(core) ?? Promise.resolve();
    const turn = before.then(() => this.#attempts(place, db, work));
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(core, settled);
    void settled.then(() => {
      if (this.#queues.get(core) === settled) this.#queues.delete(core);
    });
    return turn;
  }

  async #attempts<T>(
    place: CorePlace,
    db: Db,
    work: (session: CoreSession) => Promise<T>,
  ): Promise<T> {
    const core = nameOf(place);
    for (let attempt = 0; ; attempt += 1) {
      await this.#bringUp(place, db);
      try {
        return await work(this.#session(core));
      } catch (error) {
        // Others may have been asked since and taken its place.
        if (!(error instanceof CoreMissing) || attempt >= 3) throw error;
        this.#sequences.delete(core);
      }
    }
  }

  #session(core: string): CoreSession {
    const run: CoreSession['run'] = async (work) => {
      const answer = await work(core);
      if (answer.type === 'missing') throw new CoreMissing(core);
      return answer;
    };
    return {
      run,
      ask: (make) => run((name) => this.#worker.ask(make(name))),
      trying: async (changes, work) => {
        const sequence = this.#sequences.get(core);
        // Not known until the changes are taken back for certain: what is left of them must never answer the next question.
        this.#sequences.delete(core);
        await this.#follow(core, changes.apply);
        const result = await work();
        await this.#follow(core, changes.undo);
        if (sequence !== undefined) this.#sequences.set(core, sequence);
        return result;
      },
    };
  }

  async #follow(core: string, changes: readonly PolicyChange[]): Promise<void> {
    if (changes.length === 0) return;
    const answer = await this.#worker.ask({ type: 'follow', core, changes });
    if (answer.type === 'missing') throw new CoreMissing(core);
    answerOf(answer, 'done');
  }

  async #bringUp(place: CorePlace, db: Db): Promise<void> {
    const core = nameOf(place);
    const known = this.#sequences.get(core);
    if (known !== undefined && (await this.#catchUp(place, known, db))) return;
    this.#sequences.delete(core);
    // Read first: what is committed while the model is read is followed once more, which is the same as once.
    const sequence = await this.#loader.newestSequence(db);
    const at = place.state === 'trial' ? 'active' : place.state;
    const changes = changesOf(await this.#loader.model(place.orgId, at, db));
    answerOf(await this.#worker.ask({ type: 'prepare', core, changes }), 'done');
    this.#sequences.set(core, sequence);
  }

  /** False: it has to be built anew. */
  async #catchUp(place: CorePlace, known: number, db: Db): Promise<boolean> {
    const core = nameOf(place);
    const logged = await this.#loader.rowsSince(place.orgId, known, db);
    if (logged === undefined) return false;
    const changes = await this.#loader.changesOf(place, logged.rows, db);
    if (changes === undefined) return false;
    try {
      await this.#follow(core, changes);
    } catch (error) {
      if (error instanceof CoreMissing) return false;
      throw error;
    }
    this.#sequences.set(core, logged.sequence);
    return true;
  }
}

function nameOf({ orgId, state }: CorePlace): string {
  return `${state} ${orgId}`;
}
