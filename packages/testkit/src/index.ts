export { connection, policyChange, policyModel, SMALL_WORLD } from './policy-arbitraries.ts';
export { applyToModel, EMPTY_MODEL } from './model-changes.ts';
export { PolicyMirror } from './policy-mirror.ts';
