/** An explanation as lines of text for people: command line, logs and scenarios print these; the console renders the structure. */
import type { ConnectionEnd } from '../decision.ts';
import { conditionWords, suggestionWords, type NameOf } from './describe-failing.ts';
import type {
  DecidedEnd,
  EndExplanation,
  Explanation,
  MatchedCondition,
  MatchReason,
  NearestRule,
  ServiceMatch,
  StatementMatch,
  StatementRef,
} from './explanation.ts';
import {
  ESSENTIAL_WORDS,
  labelWords,
  nameWords,
  NETWORK_TYPE_WORDS,
  NO_SAY_WORDS,
  refWords,
  scopeWords,
  serviceWords,
} from './words.ts';

/**
 * The whole explanation, most general first; what belongs to a line is indented by two more blanks below it. `nameOf` gives names of
 * user groups by SID (the policy knows no others that the explanation does not hold); without it the SIDs stand.
 */
export function describeExplanation(
  explanation: Explanation,
  nameOf: NameOf = (id) => id,
): string[] {
  const { connection, decision, ends } = explanation;
  const { source, destination } = connection;
  const from = endWords(source, ends.outbound);
  const to = endWords(destination, ends.inbound);
  return [
    `${serviceWords(connection)} from ${from} to ${to}: ${decisionWords(decision.decision)}`,
    ...endLines('outbound', ends.outbound, nameOf),
    ...endLines('inbound', ends.inbound, nameOf),
  ];
}

function endWords({ address, fqdn }: ConnectionEnd, end: EndExplanation): string {
  const name = end.workload === null ? fqdn : nameWords(end.workload);
  return name === null ? address : `${name} (${address})`;
}

function decisionWords(decision: DecidedEnd['decision']): string {
  return decision.replace('_', ' ');
}

function endLines(direction: string, end: EndExplanation, nameOf: NameOf): string[] {
  if (end.kind === 'no_say') {
    const who = end.workload === null ? '' : ` at ${nameWords(end.workload)}`;
    return [`  ${direction}${who}: no say, ${NO_SAY_WORDS[end.why]}`];
  }
  const { workload, interfaceName, networkProfile, mode } = end;
  const place = `${interfaceName ?? 'no interface'}, ${networkProfile}, ${mode}`;
  const { workloads, lines } = end.policyClass;
  const below = [
    ...end.rules.flatMap((rule) => matchLines('rule', rule, nameOf)),
    ...end.boundaries.flatMap((boundary) => matchLines('boundary', boundary, nameOf)),
    ...end.nearest.flatMap((rule) => nearestLines(rule, nameOf)),
    ...(end.suggestion === null ? [] : [`or ${suggestionWords(end.suggestion, nameOf)}`]),
    `policy class: ${count(workloads, 'workload')}, ${count(lines, 'line')}`,
  ];
  return [
    `  ${direction} at ${nameWords(workload)} (${place}): ${decisionWords(end.decision)} ${whyWords(end)}`,
    ...below.map((line) => `    ${line}`),
  ];
}

function whyWords({ precedence, essential }: DecidedEnd): string {
  switch (precedence) {
    case 'essential':
      return `as essential traffic${essential === null ? '' : ` (${ESSENTIAL_WORDS[essential]})`}`;
    case 'ipv6_mode':
      return "by the organization's IPv6 mode";
    case 'override_deny':
      return 'by an override deny rule';
    case 'allow':
      return 'by a rule';
    case 'deny':
      return 'by an enforcement boundary, no rule allows it';
    case 'default':
      return 'by default, no rule allows it and no boundary matches';
  }
}

function statementWords(statement: StatementRef): string {
  const version = statement.version === 0 ? 'draft' : `version ${statement.version}`;
  const { ruleSet, scope } = statement;
  const within =
    ruleSet === null || scope === null
      ? ''
      : ` of ruleset "${nameWords(ruleSet)}", scope ${scope.index + 1} (${scopeWords(scope.entries)})`;
  return `${refWords(statement)}, ${version}${within}`;
}

function matchLines(what: string, match: StatementMatch, nameOf: NameOf): string[] {
  const groups = match.principals.map(nameOf).join(' or ');
  const below = [
    ...match.consumers.map((reason) => `consumers: ${reasonWords(reason)}`),
    ...match.providers.map((reason) => `providers: ${reasonWords(reason)}`),
    `service: ${serviceMatchWords(match.service)}`,
    `network profile: ${NETWORK_TYPE_WORDS[match.networkType]}`,
    ...(groups === '' ? [] : [`user groups: ${groups}`]),
  ];
  return [`${what} ${statementWords(match)}`, ...below.map((line) => `  ${line}`)];
}

function reasonWords(reason: MatchReason): string {
  switch (reason.kind) {
    case 'ams':
      return `${nameWords(reason.workload)} by All Workloads${withConditions(reason.conditions)}`;
    case 'label':
      return `${nameWords(reason.workload)} by labels${withConditions(reason.conditions)}`;
    case 'subnet':
      return `subnet ${reason.network} of ${nameWords(reason.workload)} by labels${withConditions(reason.conditions)}`;
    case 'workload':
      return `${nameWords(reason.workload)} by name`;
    case 'virtual_service': {
      const by =
        reason.workload === null
          ? `its address ${reason.range ?? ''}`
          : `${nameWords(reason.workload)}, which is bound to it`;
      return `virtual service ${nameWords(reason.virtualService)} by ${by}`;
    }
    case 'ip_list': {
      const entries = [reason.range, reason.fqdn].filter((entry) => entry !== null);
      return `IP list ${nameWords(reason.ipList)} by ${entries.join(' and ')}`;
    }
  }
}

function withConditions(conditions: readonly MatchedCondition[]): string {
  if (conditions.length === 0) return '';
  const words = conditions.map(({ key, from, test, label, through }) => {
    const own = label === null ? `no ${key}` : labelWords(label);
    const how = [
      ...(test === 'not' ? ['not left out'] : []),
      ...(through === null ? [] : [`group ${nameWords(through)}`]),
      ...(from === 'scope' ? ['scope'] : []),
    ];
    return how.length === 0 ? own : `${own} (${how.join(', ')})`;
  });
  return ` ${words.join(', ')}`;
}

function serviceMatchWords({ service, virtualService, port }: ServiceMatch): string {
  const of = [
    ...(service === null ? [] : [`service "${nameWords(service)}"`]),
    ...(virtualService === null ? [] : [`virtual service "${nameWords(virtualService)}"`]),
  ];
  return of.length === 0 ? serviceWords(port) : `${serviceWords(port)} of ${of.join(' of ')}`;
}

function nearestLines(rule: NearestRule, nameOf: NameOf): string[] {
  const fails =
    rule.failing.length === 1 ? '1 condition fails' : `${rule.failing.length} conditions fail`;
  return [
    `nearest rule ${statementWords(rule)}: ${fails}`,
    ...rule.failing.map((condition) => `  ${conditionWords(condition, nameOf)}`),
  ];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
