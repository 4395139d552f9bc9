/** Which rule options the sides of a rule or boundary allow, and why not. */
import type { ActorWire } from '@bulkhead/contract';
import type { NetworkType } from '@bulkhead/policy';

type Side = readonly Pick<ActorWire, 'ip_list' | 'actors' | 'label' | 'label_group' | 'workload'>[];
export interface Sides {
  readonly consumers: Side;
  readonly providers: Side;
}

export function isIpListsOnly(side: Side): boolean {
  return side.length > 0 && side.every((actor) => actor.ip_list !== undefined);
}

export type OptionState =
  | { readonly allowed: true; readonly note: string }
  | { readonly allowed: false; readonly reason: string };

const NOTES: Record<NetworkType, string> = {
  brn: 'All servers, and corporate interfaces of endpoints',
  non_brn: 'External interfaces of endpoints.',
  all: 'Both.',
};

/** R-POL-6: off the corporate network one side must be IP lists only. */
export function networkProfileState(
  type: NetworkType,
  { consumers, providers }: Sides,
): OptionState {
  if (type === 'brn') return { allowed: true, note: NOTES.brn };
  const sides = [
    isIpListsOnly(consumers) ? 'Consumers is' : '',
    isIpListsOnly(providers) ? 'Providers is' : '',
  ].filter((text) => text !== '');
  if (sides.length === 0)
    return { allowed: false, reason: 'One side must be IP lists only: neither is.' };
  return {
    allowed: true,
    note: `${NOTES[type]} One side must be IP lists only: ${sides[0] ?? ''}.`,
  };
}

/** Use Workload Subnets is about labels: IP lists have no workloads. */
export function subnetsState(side: Side): OptionState {
  return isIpListsOnly(side)
    ? { allowed: false, reason: 'This side is IP lists only. They have no workloads.' }
    : {
        allowed: true,
        note: 'Peers get the subnets that these workloads are in, not their addresses.',
      };
}

/** Extra-scope: the consumers of the rule may be outside the scopes of its ruleset. */
export function isExtraScope(rule: { readonly unscoped_consumers: boolean }): boolean {
  return rule.unscoped_consumers;
}
