/** What the organization's firewall settings say of a class of hosts. */
import type { FirewallSettings, Scope } from '../model.ts';
import type { BlockedConnectionAction, FirewallCoexistence, Ipv6Mode } from '../vocabulary.ts';
import { conditionsOf, selects, type LabelLookup, type Selector } from './conditions.ts';
import type { ClassState } from './graph.ts';

export interface HostSettings {
  readonly ipv6Mode: Ipv6Mode;
  readonly firewallCoexistence: FirewallCoexistence;
  readonly blockedConnectionAction: BlockedConnectionAction;
}

/** Settings with their scopes resolved, as long as labels and groups stay as they are. Equal answers are the same object. */
export function compileHostSettings(
  settings: FirewallSettings,
  find: LabelLookup,
): (of: ClassState) => HostSettings {
  const selector = (scope: Scope) => conditionsOf(scope, find);
  const rejectScopes = settings.blockedConnectionRejectScopes.map(selector);
  const shared = settings.firewallCoexistence.map(({ scope, illumioPrimary, enforcementMode }) => ({
    scope: selector(scope),
    enforcementMode,
    coexistence: illumioPrimary ? ('primary' as const) : ('secondary' as const),
  }));
  const known = new Map<string, HostSettings>();
  return (of) => {
    const holds = (scope: Selector) => selects(scope, (key) => of.label(key));
    const rejects = of.sample.blockedConnectionAction === 'reject' || rejectScopes.some(holds);
    const blockedConnectionAction = rejects ? 'reject' : 'drop';
    const { enforcementMode: mode } = of.sample;
    const entry = shared.find(
      ({ scope, enforcementMode = mode }) => enforcementMode === mode && holds(scope),
    );
    const firewallCoexistence = entry?.coexistence ?? 'exclusive';
    const key = `${blockedConnectionAction} ${firewallCoexistence}`;
    let found = known.get(key);
    if (found === undefined) {
      found = { ipv6Mode: settings.ipv6Mode, firewallCoexistence, blockedConnectionAction };
      known.set(key, found);
    }
    return found;
  };
}

/** Whether a label or group has a part in who the settings are for. A group may stand for others, so that each counts. */
export function settingsDependOn(
  settings: FirewallSettings,
  changed: { readonly type: 'label' | 'label_group'; readonly href: string },
): boolean {
  const scopes = [
    ...settings.blockedConnectionRejectScopes,
    ...settings.firewallCoexistence.map(({ scope }) => scope),
  ];
  if (changed.type === 'label_group') return scopes.length > 0;
  return scopes.some((scope) => scope.some(({ href }) => href === changed.href));
}
