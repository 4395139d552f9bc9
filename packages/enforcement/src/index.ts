export type * from './plan/plan.ts';
