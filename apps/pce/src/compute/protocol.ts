/** What the main thread and the policy worker say to each other. Plain data, cloned on the way. */
import type {
  AddressSet,
  Connection,
  Decision,
  HostPolicy,
  PolicyChange,
  PolicyDelta,
} from '@bulkhead/policy';

export type CoreChange =
  /** A core of that name from nothing; one that was there is given up. */
  | { readonly type: 'build'; readonly core: string; readonly changes: readonly PolicyChange[] }
  | { readonly type: 'apply'; readonly core: string; readonly changes: readonly PolicyChange[] };

export type CoreQuestion =
  | { readonly type: 'decide'; readonly core: string; readonly connection: Connection }
  | { readonly type: 'host'; readonly core: string; readonly workload: string };

export type WorkerRequest = { readonly id: number; readonly body: CoreChange | CoreQuestion };

/** What a change moved, with the whole content of each host policy that it names. */
export interface CoreUpdate {
  readonly delta: PolicyDelta;
  readonly policies: readonly HostPolicy[];
}

/** Policy of one host with the members of the sets that it names. */
export interface HostView {
  readonly policy: HostPolicy;
  readonly sets: readonly AddressSet[];
}

export type WorkerAnswer =
  | { readonly id: number; readonly type: 'update'; readonly update: CoreUpdate }
  | { readonly id: number; readonly type: 'decision'; readonly decision: Decision }
  | { readonly id: number; readonly type: 'host'; readonly view: HostView | null }
  /** There is no core of that name (any more). */
  | { readonly id: number; readonly type: 'missing' }
  | { readonly id: number; readonly type: 'failed'; readonly message: string };
