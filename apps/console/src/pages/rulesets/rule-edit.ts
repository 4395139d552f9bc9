/** A rule while it is edited, and its way to the API. */
import type { ActorWire, IngressServiceWire, SecRuleWire } from '@bulkhead/contract';
import type { NetworkType, RuleSide } from '@bulkhead/policy';
import { toActorWrite, toServiceWrite } from '../../format/actors.ts';
import type { UserGroup } from '../../ui/UserGroupsField.tsx';

/** What the labels of a side stand for. */
export type ResolveAs = SecRuleWire['resolve_labels_as']['providers'][number];

export interface RuleForm {
  readonly consumers: readonly ActorWire[];
  readonly providers: readonly ActorWire[];
  readonly services: readonly IngressServiceWire[];
  readonly subnets: readonly RuleSide[];
  readonly extraScope: boolean;
  readonly networkType: NetworkType;
  /** User groups that the consumers are narrowed to. */
  readonly userGroups: readonly UserGroup[];
  readonly resolveAs: Readonly<Record<RuleSide, readonly ResolveAs[]>>;
}
export const EMPTY_RULE: RuleForm = {
  consumers: [],
  providers: [],
  services: [],
  subnets: [],
  extraScope: false,
  networkType: 'brn',
  userGroups: [],
  resolveAs: { providers: ['workloads'], consumers: ['workloads'] },
};

export function ruleToForm(rule: SecRuleWire): RuleForm {
  return {
    consumers: rule.consumers,
    providers: rule.providers,
    services: rule.ingress_services,
    subnets: rule.use_workload_subnets,
    extraScope: rule.unscoped_consumers,
    networkType: rule.network_type,
    userGroups: rule.consuming_security_principals,
    resolveAs: rule.resolve_labels_as,
  };
}

/** Virtual services bring their services with them. */
export function bringServices({
  providers,
  resolveAs,
}: Pick<RuleForm, 'providers' | 'resolveAs'>): boolean {
  return (
    providers.some((actor) => actor.virtual_service !== undefined) ||
    resolveAs.providers.includes('virtual_services')
  );
}

/** What is missing before a rule can be saved, as one sentence; null when it is whole. */
export function missingPart(
  rule: Pick<RuleForm, 'consumers' | 'providers' | 'services'> & Partial<RuleForm>,
): string | null {
  const missing = [
    rule.consumers.length === 0 ? 'consumers' : '',
    rule.services.length === 0 && !bringServices({ ...EMPTY_RULE, ...rule })
      ? 'providing services'
      : '',
    rule.providers.length === 0 ? 'providers' : '',
  ].filter((text) => text !== '');
  return missing.length === 0
    ? null
    : `Choose ${missing.join(', ').replace(/, ([^,]*)$/, ' and $1')} first.`;
}

export function ruleBody(rule: RuleForm) {
  return {
    enabled: true,
    consumers: rule.consumers.map(toActorWrite),
    providers: rule.providers.map(toActorWrite),
    ingress_services: rule.services.map(toServiceWrite),
    resolve_labels_as: {
      providers: [...rule.resolveAs.providers],
      consumers: [...rule.resolveAs.consumers],
    },
    use_workload_subnets: [...rule.subnets],
    unscoped_consumers: rule.extraScope,
    network_type: rule.networkType,
    consuming_security_principals: rule.userGroups.map(({ href }) => ({ href })),
  };
}

export function withSide(subnets: readonly RuleSide[], side: RuleSide, on: boolean): RuleSide[] {
  const rest = subnets.filter((one) => one !== side);
  return on ? [...rest, side] : rest;
}

/** The side that a warning of R-POL-4 is about: the one-click remedy switches it to Use Workload Subnets. Null for other warnings. */
export function broadSide(warning: {
  readonly token: string;
  readonly message: string;
}): RuleSide | null {
  if (warning.token !== 'broad_rule_with_endpoints') return null;
  const named = /^The (providers|consumers)\b/.exec(warning.message)?.[1];
  return named === 'providers' || named === 'consumers' ? named : null;
}
