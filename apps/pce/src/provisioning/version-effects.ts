/** How many hosts each version reached, written down once the policy core has computed it. */
import type { Compute, VersionEffect } from '../compute/compute.ts';
import type { Deps } from '../deps.ts';

export class VersionEffects {
  readonly #deps: Pick<Deps, 'db' | 'logger'>;
  readonly #compute: Pick<Compute, 'subscribeEffects'>;
  readonly #writing = new Set<Promise<void>>();
  #unsubscribe: (() => void) | undefined;

  constructor(deps: Pick<Deps, 'db' | 'logger'>, compute: Pick<Compute, 'subscribeEffects'>) {
    this.#deps = deps;
    this.#compute = compute;
  }

  start(): Promise<void> {
    this.#unsubscribe = this.#compute.subscribeEffects((effect) => {
      const writing = this.#write(effect).finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await Promise.all(this.#writing);
  }

  /** Every node computes the same; the first one writes. What cannot be written stays unknown. */
  async #write({ orgId, version, workloads }: VersionEffect): Promise<void> {
    await this.#deps.db
      .updateTable('policy_versions')
      .set({ workloads_affected: workloads })
      .where('org_id', '=', orgId)
      .where('version', '=', version)
      .where('workloads_affected', 'is', null)
      .execute()
      .catch((error: unknown) =>
        this.#deps.logger.warn(
          { err: error, version },
          'how many hosts a version reached is not kept',
        ),
      );
  }
}
