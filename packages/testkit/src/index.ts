export { connection, policyChange, policyModel } from './policy-arbitraries.ts';
export { SMALL_WORLD, type PolicyOptions } from './small-world.ts';
export {
  changesOfStep,
  policyHistory,
  type HistoryStep,
  type PolicyHistory,
} from './policy-history.ts';
export { applyToModel, EMPTY_MODEL } from './model-changes.ts';
export { PolicyMirror } from './policy-mirror.ts';
