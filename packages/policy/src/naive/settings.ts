/** What the organization's settings and raw rules say of one host, by looking at every scope there is. */
import type { HostIpTablesRule } from '../host-policy.ts';
import type { PolicyModel, Scope, Workload } from '../model.ts';
import type { BlockedConnectionAction, FirewallCoexistence, Ipv6Mode } from '../vocabulary.ts';
import { resolveSide, satisfies } from './resolve.ts';

export interface NaiveHostSettings {
  readonly ipv6Mode: Ipv6Mode;
  readonly firewallCoexistence: FirewallCoexistence;
  readonly blockedConnectionAction: BlockedConnectionAction;
  /** In the order of their hrefs. */
  readonly ipTablesRules: readonly HostIpTablesRule[];
}

/** What a host's policy says beside its rules; undefined for workloads without one. */
export function naiveHostSettings(
  model: PolicyModel,
  workload: Workload,
): NaiveHostSettings | undefined {
  if (workload.type === 'unmanaged') return undefined;
  const { ipv6Mode, firewallCoexistence, blockedConnectionRejectScopes } = model.firewallSettings;
  const isIn = (scope: Scope) => satisfies(model, workload.labels, scope);
  const shared = firewallCoexistence.find(
    ({ scope, enforcementMode }) =>
      isIn(scope) &&
      (enforcementMode === undefined || enforcementMode === workload.enforcementMode),
  );
  const rejects =
    workload.blockedConnectionAction === 'reject' || blockedConnectionRejectScopes.some(isIn);
  return {
    ipv6Mode,
    firewallCoexistence:
      shared === undefined ? 'exclusive' : shared.illumioPrimary ? 'primary' : 'secondary',
    blockedConnectionAction: rejects ? 'reject' : 'drop',
    ipTablesRules: ipTablesRulesOf(model, workload),
  };
}

function ipTablesRulesOf(model: PolicyModel, workload: Workload): HostIpTablesRule[] {
  // a suspended host keeps its policy, to come back to
  if (workload.enforcementMode === 'idle' || workload.osFamily !== 'linux') return [];
  return model.ruleSets
    .filter((ruleSet) => ruleSet.enabled)
    .flatMap((ruleSet) => {
      const scopes = ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes;
      return ruleSet.ipTablesRules.filter(
        (rule) =>
          rule.enabled &&
          scopes.some((scope) => {
            const { byLabel, explicit } = resolveSide(model, rule.actors, scope, ['workloads']);
            return [...byLabel, ...explicit].some(({ href }) => href === workload.href);
          }),
      );
    })
    .toSorted((a, b) => (a.href < b.href ? -1 : 1))
    .map(({ href, version, ipVersion, statements }) => ({
      ipVersion,
      statements,
      origin: { href, version },
    }));
}
