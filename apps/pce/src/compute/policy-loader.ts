/** Where compute gets what it computes from: the objects of an organization, whole or as named by change log rows. */
import type { PolicyChange, PolicyModel } from '@bulkhead/policy';
import type { ChangeRow } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import type { PolicyAt } from '../provisioning/policy-model.ts';

/** What a question core holds: the draft, a provisioned version, or the active policy to try changes on. */
export type QuestionState = 'draft' | 'trial' | number;

export interface LoggedChanges {
  readonly rows: readonly ChangeRow[];
  /** Of the newest row of any organization. */
  readonly sequence: number;
}

/**
 * Hrefs of policy objects carry the word `active` at every state, so that states can be compared.
 * `db`: the transaction or connection to read with; absent: any of the pool.
 */
export interface PolicyLoader {
  /** Every organization that there is. */
  organizations(): Promise<number[]>;
  /** All objects of one state, read in one snapshot. Labels and workloads are as they are now at every version. */
  model(orgId: number, at: PolicyAt, db?: Db): Promise<PolicyModel>;
  /** Active objects that the rows name, as they are now; null for those that are gone. Rows that are not about policy give nothing. */
  changes(orgId: number, rows: readonly ChangeRow[]): Promise<PolicyChange[]>;
  /** The same for another state; undefined when the rows say too much to follow, so that the state is loaded anew. */
  changesOf(
    place: { readonly orgId: number; readonly state: QuestionState },
    rows: readonly ChangeRow[],
    db: Db,
  ): Promise<PolicyChange[] | undefined>;
  /** Rows of an organization after a sequence; undefined when the log does not reach back that far, or holds very many. */
  rowsSince(orgId: number, sequence: number, db: Db): Promise<LoggedChanges | undefined>;
  /** Sequence of the newest row, 0 when there is none. */
  newestSequence(db: Db): Promise<number>;
  /** Names of rules and boundaries by href. */
  ruleNames(orgId: number, at: PolicyAt): Promise<ReadonlyMap<string, string>>;
  /** Provisioned version, 0 before the first. */
  version(orgId: number): Promise<number>;
}
