/** What the main thread and the policy worker say to each other. Plain data, cloned on the way. */
import type {
  AddressSet,
  Connection,
  CoreSizes,
  Decision,
  Diagnostic,
  DifferenceOptions,
  Explanation,
  HostPolicy,
  PolicyChange,
  PolicyDelta,
  PolicyDifference,
} from '@bulkhead/policy';
import type { CheckOutcome, CheckPart } from '../policy-tests/evaluate.ts';
import type { Impact, ImpactQuestion } from './impact.ts';

export type CoreChange =
  /** A core of that name from nothing; one that was there is given up. */
  | { readonly type: 'build'; readonly core: string; readonly changes: readonly PolicyChange[] }
  | { readonly type: 'apply'; readonly core: string; readonly changes: readonly PolicyChange[] };

/** The same for cores that only answer questions: nobody needs to hear what moved. */
export type QuestionCoreChange =
  | { readonly type: 'prepare'; readonly core: string; readonly changes: readonly PolicyChange[] }
  | { readonly type: 'follow'; readonly core: string; readonly changes: readonly PolicyChange[] };

export type CoreQuestion =
  | { readonly type: 'decide'; readonly core: string; readonly connection: Connection }
  | {
      readonly type: 'decide_each';
      readonly core: string;
      readonly connections: readonly Connection[];
    }
  | { readonly type: 'diagnose'; readonly core: string }
  | { readonly type: 'explain'; readonly core: string; readonly connection: Connection }
  | {
      readonly type: 'difference';
      readonly core: string;
      readonly after: string;
      readonly options: DifferenceOptions;
    }
  | { readonly type: 'host'; readonly core: string; readonly workload: string }
  | ({ readonly type: 'impact'; readonly core: string } & ImpactQuestion)
  | { readonly type: 'check'; readonly core: string; readonly parts: readonly CheckPart[] }
  | { readonly type: 'sizes'; readonly core: string };

export type WorkerBody = CoreChange | QuestionCoreChange | CoreQuestion;
export type WorkerRequest = { readonly id: number; readonly body: WorkerBody };

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
  | { readonly id: number; readonly type: 'done' }
  | { readonly id: number; readonly type: 'decision'; readonly decision: Decision }
  | { readonly id: number; readonly type: 'decisions'; readonly decisions: readonly Decision[] }
  | {
      readonly id: number;
      readonly type: 'explanation';
      readonly explanation: Explanation;
      readonly sizes: CoreSizes;
    }
  | { readonly id: number; readonly type: 'diagnosed'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly id: number; readonly type: 'difference'; readonly difference: PolicyDifference }
  | { readonly id: number; readonly type: 'host'; readonly view: HostView | null }
  | { readonly id: number; readonly type: 'checked'; readonly outcomes: readonly CheckOutcome[] }
  | { readonly id: number; readonly type: 'impact'; readonly impact: Impact }
  | { readonly id: number; readonly type: 'sizes'; readonly sizes: CoreSizes }
  /** There is no core of that name (any more). */
  | { readonly id: number; readonly type: 'missing' }
  | { readonly id: number; readonly type: 'failed'; readonly message: string };

/** The answer of a type that was asked for. Throws what the worker said instead. */
export function answerOf<T extends WorkerAnswer['type']>(
  answer: WorkerAnswer,
  type: T,
): Extract<WorkerAnswer, { type: T }> {
  if (answer.type === 'failed') throw new Error(answer.message);
  if (answer.type !== type) throw new Error(`The policy worker answered ${answer.type}`);
  // `type` says which member of the union it is
  return answer as Extract<WorkerAnswer, { type: T }>;
}
