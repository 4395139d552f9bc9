/** Workloads that rules or sets name: each is a class of its own as long as it is named. */
import type { SetState } from './set-state.ts';
import type { Few } from './few.ts';
import type { TableUnit, Unit } from './graph.ts';

export class NamedWorkload {
  /** With the numbers of the parts that name it. */
  readonly providerUnits = new Map<Unit, Set<number>>();
  readonly consumerUnits = new Map<Unit, Set<number>>();
  readonly tables = new Set<TableUnit>();
  sets: Few<SetState> = null;

  get idle(): boolean {
    const { providerUnits, consumerUnits, tables, sets } = this;
    return sets === null && providerUnits.size + consumerUnits.size + tables.size === 0;
  }
}
