/** What a policy may hold and the format of scenarios cannot say: put on a model that was made from a scenario. */
import {
  BLOCKED_CONNECTION_ACTIONS,
  IPV6_MODES,
  RULE_SIDES,
  type Actor,
  type Ipv6Mode,
  type PolicyModel,
  type ResolveLabelsAs,
  type Rule,
  type RuleSide,
} from '@bulkhead/policy';
import type { Random } from './random.ts';

/** Each statement stands for itself, so that any can be left out. Those about things that are not there mean nothing. */
export type BeyondStatement =
  | {
      readonly kind: 'exclusion';
      readonly rule: string;
      readonly side: RuleSide;
      readonly of: string;
    }
  | { readonly kind: 'scope_exclusion'; readonly ruleSet: string; readonly of: string }
  | {
      readonly kind: 'resolve';
      readonly rule: string;
      readonly side: RuleSide;
      readonly as: ResolveLabelsAs;
    }
  | {
      readonly kind: 'virtual_labels';
      readonly service: string;
      readonly labels: readonly string[];
    }
  | { readonly kind: 'reject' | 'suspended'; readonly workload: string }
  | { readonly kind: 'reject_scope'; readonly label: string }
  | { readonly kind: 'ipv6_mode'; readonly mode: Ipv6Mode }
  | { readonly kind: 'vpn_pool'; readonly prefix: string };

const POOLS = ['10.1.0.0/23', '10.2.0.0/16', '10.2.0.0/25', '2001:db8:1::/48'];

function isLabelActor(actor: Actor): actor is Extract<Actor, { readonly exclusion: boolean }> {
  return actor.kind === 'label' || actor.kind === 'label_group';
}

/** Random statements about what the model holds. */
export function randomBeyond(random: Random, model: PolicyModel): BeyondStatement[] {
  const statements: BeyondStatement[] = [];
  const maybe = (probability: number, make: () => BeyondStatement): void => {
    if (random.chance(probability)) statements.push(make());
  };
  for (const ruleSet of model.ruleSets) {
    for (const entry of ruleSet.scopes.flat()) {
      maybe(0.15, () => ({ kind: 'scope_exclusion', ruleSet: ruleSet.name, of: entry.href }));
    }
    for (const rule of ruleSet.rules) {
      for (const side of RULE_SIDES) {
        for (const actor of rule[side].filter(isLabelActor)) {
          maybe(0.15, () => ({ kind: 'exclusion', rule: rule.name, side, of: actor.href }));
        }
        const as = random.pick<ResolveLabelsAs>([
          ['virtual_services'],
          ['workloads', 'virtual_services'],
        ]);
        maybe(0.1, () => ({ kind: 'resolve', rule: rule.name, side, as }));
      }
    }
  }
  for (const { name } of model.virtualServices) {
    const labels = random.some(model.labels, 0, 2).map(({ href }) => href);
    maybe(0.6, () => ({ kind: 'virtual_labels', service: name, labels: oneOfEachKey(labels) }));
  }
  for (const { name, type } of model.workloads) {
    if (type === 'unmanaged') continue;
    maybe(0.15, () => ({ kind: 'reject', workload: name }));
    maybe(0.05, () => ({ kind: 'suspended', workload: name }));
  }
  maybe(0.08, () => ({ kind: 'ipv6_mode', mode: random.pick(IPV6_MODES) }));
  maybe(0.15, () => ({ kind: 'vpn_pool', prefix: random.pick(POOLS) }));
  maybe(0.1, () => ({ kind: 'vpn_pool', prefix: random.pick(POOLS) }));
  const [label] = model.labels;
  if (label !== undefined) maybe(0.1, () => ({ kind: 'reject_scope', label: label.href }));
  return statements;
}

function oneOfEachKey(hrefs: readonly string[]): string[] {
  return [...new Map(hrefs.map((href) => [href.split('=')[0], href])).values()];
}

/** The model with the statements. */
export function withBeyond(
  model: PolicyModel,
  statements: readonly BeyondStatement[],
): PolicyModel {
  return statements.reduce(withStatement, model);
}

function withStatement(model: PolicyModel, statement: BeyondStatement): PolicyModel {
  const { firewallSettings } = model;
  switch (statement.kind) {
    case 'exclusion':
      return onRule(model, statement.rule, (rule) => ({
        ...rule,
        [statement.side]: rule[statement.side].map((actor) =>
          isLabelActor(actor) && actor.href === statement.of
            ? { ...actor, exclusion: true }
            : actor,
        ),
      }));
    case 'resolve':
      return onRule(model, statement.rule, (rule) => ({
        ...rule,
        resolveLabelsAs: { ...rule.resolveLabelsAs, [statement.side]: statement.as },
      }));
    case 'scope_exclusion':
      return {
        ...model,
        ruleSets: model.ruleSets.map((ruleSet) =>
          ruleSet.name !== statement.ruleSet
            ? ruleSet
            : {
                ...ruleSet,
                scopes: ruleSet.scopes.map((scope) =>
                  scope.map((entry) =>
                    entry.href === statement.of ? { ...entry, exclusion: true } : entry,
                  ),
                ),
              },
        ),
      };
    case 'virtual_labels':
      return {
        ...model,
        virtualServices: model.virtualServices.map((item) =>
          item.name === statement.service ? { ...item, labels: statement.labels } : item,
        ),
      };
    case 'reject':
    case 'suspended': {
      const change =
        statement.kind === 'suspended'
          ? { suspended: true }
          : { blockedConnectionAction: BLOCKED_CONNECTION_ACTIONS[1] };
      return {
        ...model,
        workloads: model.workloads.map((item) =>
          item.name === statement.workload ? { ...item, ...change } : item,
        ),
      };
    }
    case 'reject_scope': {
      const scope = [{ kind: 'label', href: statement.label, exclusion: false } as const];
      const blockedConnectionRejectScopes = [
        ...firewallSettings.blockedConnectionRejectScopes,
        scope,
      ];
      return { ...model, firewallSettings: { ...firewallSettings, blockedConnectionRejectScopes } };
    }
    case 'ipv6_mode':
      return { ...model, firewallSettings: { ...firewallSettings, ipv6Mode: statement.mode } };
    case 'vpn_pool': {
      const vpnPools = [...new Set([...firewallSettings.vpnPools, statement.prefix])];
      return { ...model, firewallSettings: { ...firewallSettings, vpnPools } };
    }
  }
}

function onRule(model: PolicyModel, name: string, change: (rule: Rule) => Rule): PolicyModel {
  return {
    ...model,
    ruleSets: model.ruleSets.map((ruleSet) => ({
      ...ruleSet,
      rules: ruleSet.rules.map((rule) => (rule.name === name ? change(rule) : rule)),
    })),
  };
}

/** A statement in words. */
export function beyondText(statement: BeyondStatement): string {
  switch (statement.kind) {
    case 'exclusion':
      return `${statement.rule}: ${statement.of} among its ${statement.side} is excluded`;
    case 'resolve':
      return `${statement.rule}: labels of its ${statement.side} stand for ${statement.as.join(' and ')}`;
    case 'scope_exclusion':
      return `${statement.ruleSet}: ${statement.of} in its scopes is excluded`;
    case 'virtual_labels':
      return `virtual service ${statement.service} has the labels ${statement.labels.join(', ') || 'none'}`;
    case 'reject':
      return `${statement.workload} rejects blocked connections`;
    case 'suspended':
      return `${statement.workload} is suspended`;
    case 'reject_scope':
      return `blocked connections are rejected on ${statement.label}`;
    case 'ipv6_mode':
      return `IPv6 mode ${statement.mode}`;
    case 'vpn_pool':
      return `VPN pool ${statement.prefix}`;
  }
}
