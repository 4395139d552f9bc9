/** What happens to a policy over time, in the steps that operators and hosts take. */
import { changesOf, type PolicyChange, type PolicyModel, type Workload } from '@bulkhead/policy';
import fc from 'fast-check';
import { interfacesOf, labelSet } from './object-arbitraries.ts';
import { policyChange, policyModel } from './policy-arbitraries.ts';
import { oneOf, EVERYTHING, SMALL_WORLD, type PolicyOptions } from './small-world.ts';

/** One step; `changesOfStep` says what it is for a core. Steps on a workload that is not there are nothing. */
export type HistoryStep =
  /** One object created, changed or deleted. */
  | { readonly kind: 'change'; readonly change: PolicyChange }
  /** Several at once, as when a draft becomes active. */
  | { readonly kind: 'provision'; readonly changes: readonly PolicyChange[] }
  /** Back to an earlier state in one batch; `back` counts from the state before this step. */
  | { readonly kind: 'restore'; readonly back: number }
  | { readonly kind: 'relabel'; readonly workload: string; readonly labels: readonly string[] }
  /** Other addresses and profiles; hosts that are no endpoints keep theirs corporate. */
  | { readonly kind: 'roam'; readonly workload: string; readonly to: Workload['interfaces'] }
  | { readonly kind: 'go'; readonly workload: string; readonly online: boolean };

export interface PolicyHistory {
  readonly start: PolicyModel;
  readonly steps: readonly HistoryStep[];
}

/** A policy and what becomes of it. */
export function policyHistory(options: PolicyOptions = EVERYTHING): fc.Arbitrary<PolicyHistory> {
  const change = policyChange(options);
  const workload = oneOf(SMALL_WORLD.workloads);
  const of = <K extends HistoryStep['kind']>(kind: K) => fc.constant(kind);
  const step: fc.Arbitrary<HistoryStep> = fc.oneof(
    fc.record({ kind: of('change'), change }),
    fc.record({
      kind: of('provision'),
      changes: fc.array(change, { minLength: 2, maxLength: 6 }),
    }),
    fc.record({ kind: of('restore'), back: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: of('relabel'), workload, labels: labelSet }),
    fc.record({ kind: of('roam'), workload, to: interfacesOf('endpoint') }),
    fc.record({ kind: of('go'), workload, online: fc.boolean() }),
  );
  return fc.record({ start: policyModel(options), steps: fc.array(step, { maxLength: 10 }) });
}

/** A step as one batch of changes. `past` holds every state so far, the newest last. */
export function changesOfStep(
  step: HistoryStep,
  past: readonly [PolicyModel, ...PolicyModel[]],
): readonly PolicyChange[] {
  const now = past.at(-1) ?? past[0];
  switch (step.kind) {
    case 'change':
      return [step.change];
    case 'provision':
      return step.changes;
    case 'restore':
      return changesBetween(now, past.at(-1 - step.back) ?? past[0]);
    case 'relabel':
      return alter(now, step.workload, () => ({ labels: step.labels }));
    case 'roam':
      return alter(now, step.workload, ({ type }) => ({
        interfaces: step.to.map((entry) =>
          type === 'endpoint' ? entry : { ...entry, networkProfile: 'corporate' },
        ),
      }));
    case 'go':
      return alter(now, step.workload, () => ({ online: step.online }));
  }
}

function alter(
  model: PolicyModel,
  href: string,
  change: (workload: Workload) => Partial<Workload>,
): PolicyChange[] {
  return model.workloads
    .filter((workload) => workload.href === href)
    .map((value) => ({ type: 'workload', href, value: { ...value, ...change(value) } }));
}

/** What has to be put in place and taken away to come from one state to another. */
function changesBetween(from: PolicyModel, to: PolicyModel): PolicyChange[] {
  const place = ({ type, href }: PolicyChange) => `${type} ${href}`;
  const before = new Map(changesOf(from).map((change) => [place(change), JSON.stringify(change)]));
  const wanted = changesOf(to);
  const kept = new Set(wanted.map(place));
  return [
    ...changesOf(from)
      .filter((change) => !kept.has(place(change)))
      // a value of null takes away whatever the type is
      .map((change) => ({ ...change, value: null }) as PolicyChange),
    ...wanted.filter((change) => before.get(place(change)) !== JSON.stringify(change)),
  ];
}
