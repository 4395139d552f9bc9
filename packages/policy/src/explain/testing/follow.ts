/** The model after somebody followed a suggestion: one for each way of following it. */
import type { Actor, PolicyModel, Rule, RuleSet, Workload } from '../../model.ts';
import type { SuggestedActor, Suggestion } from '../explanation.ts';

export function followed(model: PolicyModel, suggestion: Suggestion): PolicyModel[] {
  switch (suggestion.kind) {
    case 'label':
      return relabelled(model, suggestion);
    case 'service':
      return [withService(model, suggestion)];
    case 'enable':
      return [
        suggestion.what.kind === 'rule_set'
          ? changeRuleSets(model, suggestion.what.href, (item) => ({ ...item, enabled: true }))
          : changeRule(model, suggestion.what.href, (rule) => ({ ...rule, enabled: true })),
      ];
    case 'network_type':
      return [
        changeRule(model, suggestion.rule.href, (rule) => ({
          ...rule,
          networkType: suggestion.to,
        })),
      ];
    case 'actor': {
      const { side, workload } = suggestion;
      return [
        changeRule(model, suggestion.rule.href, (rule) => ({
          ...rule,
          [side]: [...rule[side], { kind: 'workload', href: workload.href }],
        })),
      ];
    }
    case 'address': {
      const range = { from: suggestion.add, to: null, exclusion: false };
      return [
        {
          ...model,
          ipLists: changed(model.ipLists, suggestion.ipList.href, (list) => ({
            ...list,
            ranges: [...list.ranges, range],
          })),
        },
      ];
    }
    case 'online':
      return [
        changeWorkload(model, suggestion.workload.href, (item) => ({ ...item, online: true })),
      ];
    case 'user_groups':
      return [
        changeRule(model, suggestion.rule.href, (rule) => ({
          ...rule,
          consumingSecurityPrincipals: [...rule.consumingSecurityPrincipals, ...suggestion.add],
        })),
      ];
    case 'ipv6_mode':
      return [
        { ...model, firewallSettings: { ...model.firewallSettings, ipv6Mode: suggestion.to } },
      ];
    case 'new_rule':
      return [withRule(model, suggestion)];
  }
}

function relabelled(
  model: PolicyModel,
  { workload, key, wants, unwanted }: Extract<Suggestion, { kind: 'label' }>,
): PolicyModel[] {
  const ofKey = model.labels.filter((label) => label.key === key).map(({ href }) => href);
  const avoided = new Set(unwanted.map(({ href }) => href));
  const choices =
    wants.length > 0
      ? wants.map(({ href }) => [href])
      : [[], ...ofKey.filter((href) => !avoided.has(href)).map((href) => [href])];
  return choices.map((given) =>
    changeWorkload(model, workload.href, (item) => ({
      ...item,
      labels: [...item.labels.filter((href) => !ofKey.includes(href)), ...given],
    })),
  );
}

function withService(
  model: PolicyModel,
  { to, add }: Extract<Suggestion, { kind: 'service' }>,
): PolicyModel {
  switch (to.kind) {
    case 'rule':
      return changeRule(model, to.href, (rule) => ({
        ...rule,
        ingressServices: [...rule.ingressServices, { port: add }],
      }));
    case 'service':
      return {
        ...model,
        services: changed(model.services, to.href, (item) => ({
          ...item,
          ports: [...item.ports, add],
        })),
      };
    case 'virtual_service':
      return {
        ...model,
        virtualServices: changed(model.virtualServices, to.href, (item) => ({
          ...item,
          service: 'ports' in item.service ? { ports: [...item.service.ports, add] } : item.service,
        })),
      };
  }
}

function withRule(
  model: PolicyModel,
  { providers, consumers, service, networkType }: Extract<Suggestion, { kind: 'new_rule' }>,
): PolicyModel {
  const named = [...providers, ...consumers].flatMap((actor) =>
    actor.kind === 'address' && actor.ipList === null ? [actor.address] : [],
  );
  const ipLists = named.map((address) => ({
    href: `/ip_lists/for-${address}`,
    name: address,
    ranges: [{ from: address, to: null, exclusion: false }],
    fqdns: [],
  }));
  const rule: Rule = {
    href: '/rule_sets/new/sec_rules/new',
    name: 'new',
    version: 0,
    enabled: true,
    providers: providers.map(actorOf),
    consumers: consumers.map(actorOf),
    ingressServices: [{ port: service }],
    resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
    consumingSecurityPrincipals: [],
    unscopedConsumers: false,
    useWorkloadSubnets: [],
    networkType,
    stateless: false,
  };
  const ruleSet: RuleSet = {
    href: '/rule_sets/new',
    name: 'new',
    enabled: true,
    scopes: [],
    rules: [rule],
    ipTablesRules: [],
  };
  return {
    ...model,
    ipLists: [...model.ipLists, ...ipLists],
    ruleSets: [...model.ruleSets, ruleSet],
  };
}

function actorOf(actor: SuggestedActor): Actor {
  switch (actor.kind) {
    case 'label':
      return { kind: 'label', href: actor.label.href, exclusion: false };
    case 'workload':
      return { kind: 'workload', href: actor.workload.href };
    case 'address':
      return { kind: 'ip_list', href: actor.ipList?.href ?? `/ip_lists/for-${actor.address}` };
  }
}

function changed<T extends { readonly href: string }>(
  items: readonly T[],
  href: string,
  change: (item: T) => T,
): T[] {
  return items.map((item) => (item.href === href ? change(item) : item));
}

function changeWorkload(
  model: PolicyModel,
  href: string,
  change: (item: Workload) => Workload,
): PolicyModel {
  return { ...model, workloads: changed(model.workloads, href, change) };
}

function changeRuleSets(
  model: PolicyModel,
  href: string,
  change: (item: RuleSet) => RuleSet,
): PolicyModel {
  return { ...model, ruleSets: changed(model.ruleSets, href, change) };
}

function changeRule(model: PolicyModel, href: string, change: (item: Rule) => Rule): PolicyModel {
  const ruleSets = model.ruleSets.map((item) => ({
    ...item,
    rules: changed(item.rules, href, change),
  }));
  return { ...model, ruleSets };
}
