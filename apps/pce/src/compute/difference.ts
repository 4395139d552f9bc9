/** What one version decides otherwise than another. */
import { policyDifferenceSchema, withVersion, type PolicyDifferenceWire } from '@bulkhead/contract';
import type { DifferenceCause, DifferenceEntry, DifferenceOptions } from '@bulkhead/policy';
import { DomainError } from '../http/domain-error.ts';
import type { PolicyAt } from '../provisioning/policy-model.ts';
import type { Compute } from './compute.ts';
import { wireOf } from './wire.ts';

const MAX_ENTRIES = 2000;
const MAX_NAMES = 1000;

export interface AskedDifference extends Pick<DifferenceOptions, 'workload'> {
  readonly orgId: number;
  readonly from: PolicyAt;
  readonly to: PolicyAt;
  readonly limit: number | undefined;
  readonly names: number | undefined;
}

export async function difference(
  compute: Compute,
  { orgId, from, to, limit, names, workload }: AskedDifference,
): Promise<PolicyDifferenceWire> {
  atMost('limit', limit, MAX_ENTRIES);
  atMost('names', names, MAX_NAMES);
  const found = await compute.difference(
    orgId,
    { from, to },
    {
      ...(limit === undefined ? {} : { limit }),
      ...(names === undefined ? {} : { names }),
      ...(workload === undefined ? {} : { workload }),
    },
  );
  const entries = (list: readonly DifferenceEntry[]) =>
    list.map((entry) => ({
      ...entry,
      because: entry.because.map((cause) => placed(cause, { from, to })),
    }));
  return policyDifferenceSchema.parse({
    from: String(from),
    to: String(to),
    gained: wireOf(entries(found.gained)),
    lost: wireOf(entries(found.lost)),
    truncated: found.truncated,
    totals: wireOf(found.totals),
  });
}

function atMost(name: string, value: number | undefined, most: number): void {
  if (value !== undefined && value > most)
    throw new DomainError('input_validation_error', `${name}: must be ${most} or less`);
}

/** What is removed exists in the earlier state only. */
function placed(
  cause: DifferenceCause,
  { from, to }: { readonly from: PolicyAt; readonly to: PolicyAt },
): DifferenceCause {
  if (cause.kind !== 'rule' && cause.kind !== 'boundary') return cause;
  const state = cause.change === 'removed' ? from : to;
  return { ...cause, href: withVersion(cause.href, String(state)) };
}
