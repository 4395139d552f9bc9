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
export {
  aBoundary,
  anInterface,
  anIpList,
  aPolicy,
  aRule,
  aRuleSet,
  aVirtualService,
  aWorkload,
  named,
  tcp,
} from './builders.ts';
export { ask, connectionOf, verdict, type Question } from './questions.ts';
