/** Where compute gets what it computes from: the objects of an organization, whole or as named by change log rows. */
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import type { ChangeRow } from '../db/change-log.ts';

export type PolicyState = 'draft' | 'active';

export interface PolicyLoader {
  /** Every organization that there is. */
  organizations(): Promise<number[]>;
  /** All objects of one state, read in one snapshot. */
  model(orgId: number, state: PolicyState): Promise<PolicyModel>;
  /** Active objects that the rows name, as they are now; null for those that are gone. Rows that are not about policy give nothing. */
  changes(orgId: number, rows: readonly ChangeRow[]): Promise<PolicyChange[]>;
  /** Provisioned version, 0 before the first. */
  version(orgId: number): Promise<number>;
}
