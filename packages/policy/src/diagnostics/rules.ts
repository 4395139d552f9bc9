/** What is probably wrong in rules, but one rule in the shadow of another (see `shadows.ts`). */
import type { Rule, RuleSet } from '../model.ts';
import { RULE_SIDES, type RuleSide } from '../vocabulary.ts';
import type { Diagnostic, DiagnosticPlace } from './diagnostic.ts';
import { hindranceOfRule, type Hindrance } from './effects.ts';
import type { Facts } from './facts.ts';
import { counted, finding, idleExclusions, listed } from './finding.ts';
import { hasLabelPart, resolveRule, scopesOf, type ResolvedStatement } from './statements.ts';

/** A rule whose other side has this many servers makes every move of a laptop reach all of them (R-POL-4). */
const MANY_SERVERS = 50;

/** Of rules in force; disabled ones mean nothing. */
export function ruleFindings(ruleSet: RuleSet, facts: Facts): Diagnostic[] {
  if (!ruleSet.enabled) return [];
  const scopes = scopesOf(ruleSet);
  return ruleSet.rules
    .filter(({ enabled }) => enabled)
    .flatMap((rule) => {
      const statements = scopes.map((scope) => resolveRule(rule, scope, facts));
      return [
        ...matchesNobody(ruleSet, rule, { statements, facts }),
        ...RULE_SIDES.flatMap((side) => [
          ...idleExclusions(place(rule, side), `rule "${rule.name}"`, {
            name: side,
            actors: rule[side],
          }),
          ...sideFindings(rule, side, { statements, facts }),
        ]),
      ];
    });
}

interface InScopes {
  readonly statements: readonly ResolvedStatement[];
  readonly facts: Facts;
}

function place(rule: Rule, field: string | null): DiagnosticPlace {
  return { type: 'rule', href: rule.href, name: rule.name, field };
}

const WHY: Readonly<Record<Hindrance, string>> = {
  providers: 'no workload and no address is a provider',
  consumers: 'no workload and no address is a consumer',
  ingressServices: 'its services are of no protocol and port',
  no_endpoints:
    'it is for Non-Corporate Networks, and none of its workloads is an endpoint whose VEN manages external interfaces (22.3.0 or later)',
  unenforced:
    'none of its workloads has a VEN that could enforce it towards an address of the other side',
};

const WHAT_TO_DO: Readonly<Record<Hindrance, string>> = {
  providers:
    'Give workloads the labels that the providers and the scope ask for, choose other providers, or delete the rule.',
  consumers:
    'Give workloads the labels that the consumers and the scope ask for, choose other consumers, or delete the rule.',
  ingressServices: 'Give the service ports, or choose another service.',
  no_endpoints:
    'Choose Corporate or All Networks as network profile, or name endpoints on the side that is not IP lists.',
  unenforced:
    'Pair a VEN with the workloads of one side, or delete the rule; user groups and programs need Windows hosts.',
};

function matchesNobody(
  ruleSet: RuleSet,
  rule: Rule,
  { statements, facts }: InScopes,
): Diagnostic[] {
  const hindrances = statements.map((statement) => hindranceOfRule(statement, facts));
  const [first] = hindrances;
  if (first === null || first === undefined || hindrances.includes(null)) return [];
  const isSide = first === 'providers' || first === 'consumers' || first === 'ingressServices';
  const within = ruleSet.scopes.length > 1 ? ` in each of the ${ruleSet.scopes.length} scopes` : '';
  const code = first === 'no_endpoints' ? 'non_brn_rule_without_endpoints' : 'rule_matches_nobody';
  return [
    finding(code, place(rule, isSide ? first : first === 'no_endpoints' ? 'networkType' : null), {
      message: `The rule "${rule.name}" of the ruleset "${ruleSet.name}" matches nobody${within}: ${WHY[first]}.`,
      remedy: WHAT_TO_DO[first],
      related: [ruleSet.href],
      counts: { scopes: statements.length },
    }),
  ];
}

function sideFindings(rule: Rule, side: RuleSide, found: InScopes): Diagnostic[] {
  const usesSubnets = rule.useWorkloadSubnets.includes(side);
  if (usesSubnets && !hasLabelPart(rule[side])) return [subnetsWithoutLabels(rule, side)];
  return [
    ...(usesSubnets ? hostPrefixes(rule, side, found) : broadWithEndpoints(rule, side, found)),
    ...(side === 'consumers' ? namesOfConsumers(rule, found.facts) : []),
  ];
}

function subnetsWithoutLabels(rule: Rule, side: RuleSide): Diagnostic {
  return finding('use_workload_subnets_without_labels', place(rule, side), {
    message: `Use Workload Subnets has no effect on the ${side} of the rule "${rule.name}": it stands for workloads that labels or All Workloads name, and there are none on that side.`,
    remedy: `Switch Use Workload Subnets off for the ${side}, or name them by labels.`,
  });
}

/** R-POL-4 */
function broadWithEndpoints(
  rule: Rule,
  side: RuleSide,
  { statements, facts }: InScopes,
): Diagnostic[] {
  const other = side === 'providers' ? 'consumers' : 'providers';
  if (rule.networkType === 'non_brn') return [];
  if (!hasLabelPart(rule[side]) || !hasLabelPart(rule[other])) return [];
  const isAll = rule[other].some(({ kind }) => kind === 'ams');
  let endpoints = 0;
  let servers = 0;
  for (const statement of statements) {
    const [own, opposite] = [statement[side].selector, statement[other].selector];
    if (own !== null) endpoints += facts.crowdOf(own).endpoints;
    if (opposite !== null) servers += facts.crowdOf(opposite).servers;
  }
  if (endpoints === 0 || (!isAll && servers < MANY_SERVERS)) return [];
  return [
    finding('broad_rule_with_endpoints', place(rule, side), {
      message: `The ${side} of the rule "${rule.name}" include ${counted(endpoints, 'endpoint')}, and every address that one of them gets is sent to ${isAll ? 'all workloads' : counted(servers, 'server')}.`,
      remedy: `Choose Use Workload Subnets for the ${side}, or narrow the rule.`,
      counts: { endpoints, servers },
    }),
  ];
}

function namesOfConsumers(rule: Rule, facts: Facts): Diagnostic[] {
  return rule.consumers.flatMap((actor, at) => {
    const list = actor.kind === 'ip_list' ? facts.ipList(actor.href) : undefined;
    if (list === undefined || list.fqdns.length === 0) return [];
    return [
      finding('fqdn_dropped', place(rule, `consumers[${at}]`), {
        message: `The rule "${rule.name}" lets in the addresses of the IP list "${list.name}" and not its names: ${listed(list.fqdns)}. Names count for providers only.`,
        remedy: 'Add the addresses of these names to the IP list.',
        related: [list.href],
        counts: { names: list.fqdns.length },
      }),
    ];
  });
}

/** Host prefixes bring a rule with Use Workload Subnets nothing: every move is still sent to the other side (PS-24). */
function hostPrefixes(rule: Rule, side: RuleSide, { statements, facts }: InScopes): Diagnostic[] {
  const found = new Set<string>();
  for (const statement of statements) {
    const { selector } = statement[side];
    if (selector === null) continue;
    for (const href of facts.hostPrefixed(selector)) found.add(href);
  }
  if (found.size === 0) return [];
  const names = [...found].map((href) => facts.workload(href)?.name ?? href);
  return [
    finding('host_prefix_without_pool', place(rule, side), {
      message: `Use Workload Subnets brings the rule "${rule.name}" nothing for ${counted(found.size, 'workload')} of its ${side}, which report a host prefix (/32 or /128) that is in no VPN pool: ${listed(names)}.`,
      remedy:
        'Add the prefix that the VPN gives addresses from to the VPN pools of the organization.',
      related: found,
      counts: { workloads: found.size },
    }),
  ];
}
