import type { NetworkProfile } from '@bulkhead/policy';
import { canonicalAddress } from '@bulkhead/net';
import type { FirewallPlan, HostInterface, PlanInterfaces } from './plan.ts';

const NAME_BYTES = 15;

/**
 * Whether a firewall set can hold the name: at most 15 ASCII characters, without those that quote or widen a pattern.
 * Linux allows more; such an interface is in no set and gets what holds for interfaces that are not listed.
 */
export function isInterfaceName(name: string): boolean {
  return name.length <= NAME_BYTES && /^[!#-)+-[\]-~]+$/.test(name);
}

/** Sorts the interfaces of a host into those that a policy manages and the others. `manages`: whether any is managed. */
export function groupInterfaces(
  interfaces: readonly HostInterface[],
  otherInterfaces: NetworkProfile,
  managesExternal: boolean,
): { readonly groups: PlanInterfaces; readonly manages: boolean } {
  const groupOf = (profile: NetworkProfile) =>
    profile === 'external' && !managesExternal ? 'unmanaged' : profile;
  const named = interfaces.filter(({ name }) => name !== 'lo' && isInterfaceName(name));
  const namesIn = (group: NetworkProfile | 'unmanaged') =>
    named
      .filter(({ profile }) => groupOf(profile) === group)
      .map(({ name }) => name)
      .sort();
  const other = groupOf(otherInterfaces);
  const corporate = namesIn('corporate');
  const external = namesIn('external');
  return {
    groups: {
      corporate,
      external,
      unmanaged: namesIn('unmanaged'),
      other,
      byAddress: new Map(
        interfaces.flatMap(({ name, addresses }) =>
          addresses.map((text) => [canonicalAddress(text) ?? text, name] as const),
        ),
      ),
    },
    manages: other !== 'unmanaged' || corporate.length > 0 || external.length > 0,
  };
}

/** What the plan does with an interface. */
export function groupOfInterface(
  { interfaces }: FirewallPlan,
  name: string | null,
): NetworkProfile | 'unmanaged' {
  if (name === null) return interfaces.other;
  if (interfaces.unmanaged.includes(name)) return 'unmanaged';
  if (interfaces.corporate.includes(name)) return 'corporate';
  return interfaces.external.includes(name) ? 'external' : interfaces.other;
}
