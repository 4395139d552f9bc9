/** Workloads that rules or sets name: each is a class of its own as long as it is named. */
import type { TableUnit, Unit } from './compile.ts';
import type { SetState } from './set-state.ts';
import { SmallSet } from './small-set.ts';

export class NamedWorkload {
  /** With the numbers of the parts that name it. */
  readonly providerUnits = new Map<Unit, Set<number>>();
  readonly consumerUnits = new Map<Unit, Set<number>>();
  readonly tables = new Set<TableUnit>();
  readonly sets = new SmallSet<SetState>();

  get idle(): boolean {
    const { providerUnits, consumerUnits, tables, sets } = this;
    return providerUnits.size + consumerUnits.size + tables.size + sets.size === 0;
  }
}
