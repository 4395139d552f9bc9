/** A policy, set or fact that no plan can be made from. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}
