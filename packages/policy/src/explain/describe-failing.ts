/** Failing conditions and suggestions in words. */
import type { FailingCondition, ObjectRef, SuggestedActor, Suggestion } from './explanation.ts';
import {
  labelsWords,
  labelWords,
  nameWords,
  NETWORK_TYPE_WORDS,
  refWords,
  servicesWords,
  serviceWords,
} from './words.ts';

/** What is called how: SIDs of user groups, which the policy does not name itself. */
export type NameOf = (id: string) => string;

/** One sentence: what fails, and after a semicolon what would let it hold. */
export function conditionWords(condition: FailingCondition, nameOf: NameOf): string {
  const fails = failureWords(condition, nameOf);
  const { suggestion } = condition;
  return suggestion === null ? fails : `${fails}; ${suggestionWords(suggestion, nameOf)}`;
}

function failureWords(condition: FailingCondition, nameOf: NameOf): string {
  switch (condition.kind) {
    case 'label':
      return labelFailure(condition);
    case 'nobody': {
      const by = condition.key === null ? '' : ` by its labels of "${condition.key}"`;
      return `${condition.side}: resolves to nobody${by}`;
    }
    case 'not_named': {
      const { side, workload, address } = condition;
      const who = workload === null ? address : `${nameWords(workload)} (${address})`;
      return `${side}: names other workloads and addresses than ${who}`;
    }
    case 'no_workload':
      return `${condition.side}: asks for labels, and ${condition.address} is no workload's address`;
    case 'offline':
      return `${condition.side}: ${nameWords(condition.workload)} is offline, its addresses are out of the sets`;
    case 'no_peer_address':
      return addressFailure(condition);
    case 'service': {
      const whose = servicesOwner(condition.virtualService);
      return `service: asked ${serviceWords(condition.asked)}, ${whose} has ${servicesWords(condition.has)}`;
    }
    case 'program':
      return programFailure(condition);
    case 'network_profile': {
      const { interfaceName, networkProfile, networkType } = condition;
      const where = interfaceName === null ? 'the interface' : `interface ${interfaceName}`;
      return `network profile: ${where} is ${networkProfile}, the rule is for ${NETWORK_TYPE_WORDS[networkType]}`;
    }
    case 'disabled':
      return `${condition.what.kind === 'rule' ? 'rule' : 'ruleset'}: disabled`;
    case 'user_groups': {
      const { wants, has } = condition;
      const user =
        has === null ? 'the user is not known' : `the user is in ${groupsWords(has, nameOf)}`;
      return `user groups: the rule is for ${groupsWords(wants, nameOf)}, ${user}`;
    }
    case 'user_groups_unsupported': {
      const { workload, osFamily } = condition;
      return `user groups: ${nameWords(workload)} (${osFamily ?? 'unknown system'}) cannot tell users apart`;
    }
    case 'ipv6_mode':
      return 'IPv6 mode: all IPv6 but essential traffic is blocked';
  }
}

function labelFailure({
  side,
  from,
  workload,
  key,
  test,
  has,
  labels,
}: Extract<FailingCondition, { kind: 'label' }>): string {
  const who = from.includes('actors')
    ? from.includes('scope')
      ? 'side and scope'
      : 'side'
    : 'scope';
  const own = has === null ? `has no ${key}` : `has ${labelWords(has)}`;
  const wants =
    test === 'in' ? `asks for ${labelsWords(labels)}` : `leaves out ${labelsWords(labels)}`;
  return `${side}: ${nameWords(workload)} ${own}, the ${who} ${wants}`;
}

const ADDRESS_FAILURES = {
  external_interface: 'is on an external interface, and such are never a peer address',
  never_a_peer: 'is an address that is never a peer (link-local, loopback, multicast)',
  not_reported: 'is not among the addresses that it reports',
} as const;

function addressFailure({
  side,
  workload,
  address,
  why,
}: Extract<FailingCondition, { kind: 'no_peer_address' }>): string {
  return `${side}: ${address} of ${nameWords(workload)} ${ADDRESS_FAILURES[why]}`;
}

function programFailure({
  process,
  windowsService,
  osFamily,
  has,
  virtualService,
}: Extract<FailingCondition, { kind: 'program' }>): string {
  const answers = [process, windowsService].filter((name) => name !== null).join(', ');
  const asked =
    osFamily === 'windows'
      ? `${answers === '' ? 'a program that is not known' : answers} answers`
      : `the provider (${osFamily ?? 'unknown system'}) cannot tell programs apart`;
  return `program: ${asked}, ${servicesOwner(virtualService)} has ${servicesWords(has)}`;
}

function servicesOwner(virtualService: ObjectRef | null): string {
  return virtualService === null ? 'the rule' : `the virtual service ${nameWords(virtualService)}`;
}

function groupsWords(sids: readonly string[], nameOf: NameOf): string {
  return sids.length === 0 ? 'no group' : sids.map(nameOf).join(' or ');
}

/** What to do, as one clause. */
export function suggestionWords(suggestion: Suggestion, nameOf: NameOf): string {
  switch (suggestion.kind) {
    case 'label': {
      const { workload, key, wants, unwanted } = suggestion;
      return wants.length > 0
        ? `label ${nameWords(workload)} ${labelsWords(wants)}`
        : `give ${nameWords(workload)} another ${key} than ${labelsWords(unwanted)}, or none`;
    }
    case 'service':
      return `add ${serviceWords(suggestion.add)} to ${suggestion.to.kind.replace('_', ' ')} ${refWords(suggestion.to)}`;
    case 'enable': {
      const { what } = suggestion;
      return `enable ${what.kind === 'rule' ? 'rule' : 'ruleset'} ${refWords(what)}`;
    }
    case 'network_type':
      return `set the network profile of ${refWords(suggestion.rule)} to ${NETWORK_TYPE_WORDS[suggestion.to]}`;
    case 'actor':
      return `add workload ${nameWords(suggestion.workload)} to the ${suggestion.side} of ${refWords(suggestion.rule)}`;
    case 'address':
      return `add ${suggestion.add} to IP list ${refWords(suggestion.ipList)}`;
    case 'online':
      return `bring ${nameWords(suggestion.workload)} online`;
    case 'user_groups':
      return `add ${groupsWords(suggestion.add, nameOf)} to ${refWords(suggestion.rule)}`;
    case 'ipv6_mode':
      return `set the IPv6 mode to ${suggestion.to}`;
    case 'new_rule':
      return `add a rule: consumers ${actorsWords(suggestion.consumers)}, providers ${actorsWords(suggestion.providers)}, service ${serviceWords(suggestion.service)}, ${NETWORK_TYPE_WORDS[suggestion.networkType]}`;
  }
}

function actorsWords(actors: readonly SuggestedActor[]): string {
  return actors.map(actorWords).join(', ');
}

function actorWords(actor: SuggestedActor): string {
  switch (actor.kind) {
    case 'label':
      return labelWords(actor.label);
    case 'workload':
      return nameWords(actor.workload);
    case 'address':
      return actor.ipList === null
        ? `an IP list with ${actor.address}`
        : `IP list ${nameWords(actor.ipList)}`;
  }
}
