/** Labels of workloads, and what is asked of them. */
import { selects, type Condition, type Selector } from '../engine/conditions.ts';
import type { Workload } from '../model.ts';
import type { ExplainLookup } from './lookup.ts';

/** Label hrefs by key. */
export type LabelsByKey = ReadonlyMap<string, string>;

/** Labels of a workload that exist, by key. */
export function labelsOf(
  workload: Workload,
  find: Pick<ExplainLookup, 'label'>,
): Map<string, string> {
  const labels = new Map<string, string>();
  for (const href of workload.labels) {
    const label = find.label(href);
    if (label !== undefined) labels.set(label.key, href);
  }
  return labels;
}

/** Whether a workload with these labels is selected. */
export function selectsWorkload(selector: Selector, labels: LabelsByKey): boolean {
  return selects(selector, (key) => labels.get(key));
}

/** Whether a workload's label of the key is what the condition asks for. */
export function conditionHolds(condition: Condition, label: string | undefined): boolean {
  const among = label !== undefined && condition.labels.includes(label);
  return condition.kind === 'in' ? among : !among;
}
