/** An explanation of the PCE in the console's words. */
import type { ExplanationWire } from '@bulkhead/contract';
import type { NetworkProfile } from '@bulkhead/policy';
import { portsText } from './services.ts';
import { code, joined, label, object, type Part, type Sentence } from './words-and-links.ts';
import { DECISION_NAMES, KEY_NAMES, NETWORK_PROFILE_NAMES } from './words.ts';

export type ExplainedEnd = ExplanationWire['ends']['outbound'];
export type DecidedEnd = Extract<ExplainedEnd, { kind: 'decided' }>;
export type StatementMatch = DecidedEnd['rules'][number];
export type MatchReason = StatementMatch['providers'][number];
export type NearestRule = DecidedEnd['nearest'][number];
export type FailingCondition = NearestRule['failing'][number];
export type Suggestion = NonNullable<DecidedEnd['suggestion']>;
type PolicyPort = StatementMatch['service']['port'];
type Named = { readonly href: string; readonly name: string };

export const PROFILE_NAMES: Record<NetworkProfile, string> = {
  corporate: 'Corporate',
  external: 'External',
};

/** `TCP 443`, `ICMP type 8`, `TCP 80 of C:\httpd.exe`. */
export function policyPortText(
  port: Omit<PolicyPort, 'to_port'> & Partial<Pick<PolicyPort, 'to_port'>>,
): string {
  const ports = portsText([{ ...port, proto: port.protocol }]);
  const programs = [port.process, port.windows_service].filter((name) => name !== undefined);
  const what = ports === 'All' ? 'all traffic' : ports;
  return programs.length === 0 ? what : `${what} of ${programs.join(', ')}`;
}

function portsWords(ports: readonly PolicyPort[]): Part {
  return code(ports.length === 0 ? 'nothing' : ports.map(policyPortText).join(', '));
}

/** How the end at this address is called. */
export function endName(
  end: ExplainedEnd,
  connection: ExplanationWire['connection']['source'],
): string {
  return end.workload?.name ?? connection.fqdn ?? connection.address;
}

/** "Blocked at the provider, db-1". */
export function titleOf({ decision, ends, connection }: ExplanationWire): string {
  const at = (end: ExplainedEnd): boolean => end.kind === 'decided' && end.decision === decision;
  if (decision === 'allowed') return DECISION_NAMES.allowed;
  const word = DECISION_NAMES[decision];
  if (at(ends.inbound) && at(ends.outbound)) return `${word} at both ends`;
  if (at(ends.inbound))
    return `${word} at the provider, ${endName(ends.inbound, connection.destination)}`;
  return `${word} at the consumer, ${endName(ends.outbound, connection.source)}`;
}

const DEFAULTS: Record<DecidedEnd['mode'], string> = {
  full: 'Full enforcement, and no rule allows it.',
  selective: 'Selective enforcement, and no enforcement boundary names it.',
  visibility_only: 'No rule allows it. Visibility Only blocks nothing.',
  idle: 'Idle: the VEN touches no firewall.',
};
const ESSENTIAL_NAMES = {
  loopback: 'the host to itself',
  icmp_error: 'ICMP errors',
  neighbour_discovery: 'IPv6 neighbour and router discovery',
  multicast_listener_discovery: 'multicast listener discovery',
} as const;

/** What decided at an end, by precedence. */
export function precedenceText(end: DecidedEnd): string {
  switch (end.precedence) {
    case 'essential':
      return end.essential === null
        ? 'Essential traffic, always allowed.'
        : `Essential traffic, always allowed: ${ESSENTIAL_NAMES[end.essential]}.`;
    case 'ipv6_mode':
      return 'The IPv6 mode of the organization decides; rules and boundaries are not asked.';
    case 'override_deny':
      return 'An override deny rule blocks it, whatever rules allow.';
    case 'allow':
      return end.rules.length > 1 ? `${end.rules.length} rules allow it.` : 'A rule allows it.';
    case 'deny':
      return 'An enforcement boundary names it, and no rule lets it cross.';
    case 'default':
      return DEFAULTS[end.mode];
  }
}

const NO_SAY: Record<Extract<ExplainedEnd, { kind: 'no_say' }>['why'], string> = {
  external: 'No workload has this address, so no VEN decides here.',
  unknown_workload: 'There is no such workload, so no VEN decides here.',
  unmanaged: 'The workload is unmanaged, so no VEN decides here.',
  idle: 'The workload is Idle. Its VEN touches no firewall.',
  suspended: 'The VEN is suspended. It decides nothing while it is.',
  interface_not_managed: 'VENs before 22.3 do not manage external interfaces.',
};
export function noSayText(why: keyof typeof NO_SAY): string {
  return NO_SAY[why];
}

function conditionWords(condition: Extract<MatchReason, { kind: 'label' }>['conditions'][number]) {
  const { key, from, test, label: own, through } = condition;
  const notes: Part[][] = [
    ...(test === 'not' ? [['is not left out']] : []),
    ...(through === null ? [] : [['through group ', object(through)]]),
    ...(from === 'scope' ? [['for the scope']] : []),
  ];
  const who: Part = own === null ? `no ${keyName(key)}` : label(own);
  return notes.length === 0 ? [who] : [who, ' (', ...joined(notes, 'and'), ')'];
}

function keyName(key: string): string {
  return (KEY_NAMES[key] ?? key).toLowerCase();
}

/** Through what one side matched. */
export function reasonWords(reason: MatchReason): Sentence {
  switch (reason.kind) {
    case 'ams':
      return [object(reason.workload), ' as one of All Workloads', ...by(reason.conditions)];
    case 'label':
      return [object(reason.workload), ...by(reason.conditions)];
    case 'subnet':
      return [
        'subnet ',
        code(reason.network),
        ' of ',
        object(reason.workload),
        ...by(reason.conditions),
      ];
    case 'workload':
      return [object(reason.workload), ' by name'];
    case 'virtual_service':
      return [
        'virtual service ',
        object(reason.virtual_service),
        ...(reason.workload === null
          ? [' by its address ', code(reason.range ?? '')]
          : [', which ', object(reason.workload), ' is bound to']),
      ];
    case 'ip_list':
      return [
        'IP list ',
        object(reason.ip_list),
        ' by ',
        ...joined(
          [reason.range, reason.fqdn].filter((one) => one !== null).map((one) => [code(one)]),
          'and',
        ),
      ];
  }
}

function by(conditions: Extract<MatchReason, { kind: 'label' }>['conditions']): Part[] {
  if (conditions.length === 0) return [];
  return [' by ', ...joined(conditions.map(conditionWords), 'and')];
}

export function serviceWords({ service, virtual_service, port }: StatementMatch['service']) {
  const of = [service, virtual_service].filter((one) => one !== null).map((one) => [object(one)]);
  return of.length === 0
    ? [code(policyPortText(port))]
    : [code(policyPortText(port)), ' of ', ...joined(of, 'and')];
}

const SIDES = { consumers: 'Consumers', providers: 'Providers' } as const;
const ADDRESS_FAILURES = {
  external_interface: 'is on an external interface, and such are never a peer address',
  never_a_peer: 'is never a peer address: link-local, loopback or multicast',
  not_reported: 'is not among the addresses that it reports',
} as const;

function owner(virtualService: Named | null): Part[] {
  return virtualService === null ? ['the rule'] : ['virtual service ', object(virtualService)];
}

/** Why one condition of a rule fails, as one sentence. */
export function failingWords(failing: FailingCondition): Sentence {
  switch (failing.kind) {
    case 'label':
      return labelFailure(failing);
    case 'nobody':
      return [
        `${SIDES[failing.side]}: they stand for nobody`,
        failing.key === null ? '.' : `, by their labels of ${keyName(failing.key)}.`,
      ];
    case 'not_named':
      return [
        `${SIDES[failing.side]}: `,
        ...(failing.workload === null
          ? [code(failing.address)]
          : [object(failing.workload), ' (', code(failing.address), ')']),
        ' is not among them.',
      ];
    case 'no_workload':
      return [
        `${SIDES[failing.side]}: they ask for labels, and `,
        code(failing.address),
        ' is no workload.',
      ];
    case 'offline':
      return [
        `${SIDES[failing.side]}: `,
        object(failing.workload),
        ' is offline, so that its addresses are left out.',
      ];
    case 'no_peer_address':
      return [
        `${SIDES[failing.side]}: `,
        code(failing.address),
        ' of ',
        object(failing.workload),
        ` ${ADDRESS_FAILURES[failing.why]}.`,
      ];
    case 'service':
      return [
        'Service: ',
        ...owner(failing.virtual_service),
        ' has ',
        portsWords(failing.has),
        ', not ',
        code(policyPortText(failing.asked)),
        '.',
      ];
    case 'program':
      return programFailure(failing);
    case 'network_profile':
      return [
        'Network profile: ',
        ...(failing.interface_name === null ? ['the interface'] : [code(failing.interface_name)]),
        ` is ${PROFILE_NAMES[failing.network_profile]}, the rule is for ${NETWORK_PROFILE_NAMES[failing.network_type]}.`,
      ];
    case 'disabled':
      return [failing.what.kind === 'rule' ? 'The rule is disabled.' : 'The ruleset is disabled.'];
    case 'user_groups':
      return [
        `User groups: the rule is for ${failing.wants.join(' or ')}, and the user `,
        failing.has === null
          ? 'is not known.'
          : failing.has.length === 0
            ? 'is in none.'
            : `is in ${failing.has.join(', ')}.`,
      ];
    case 'user_groups_unsupported':
      return [
        'User groups: ',
        object(failing.workload),
        ` (${failing.os_family ?? 'unknown system'}) cannot tell users apart.`,
      ];
    case 'ipv6_mode':
      return ['IPv6 mode: all IPv6 but essential traffic is blocked.'];
  }
}

function labelFailure(failing: Extract<FailingCondition, { kind: 'label' }>): Sentence {
  const { side, from, workload, key, test, has, labels } = failing;
  const who = from.includes('actors')
    ? from.includes('scope')
      ? 'the rule and its scope'
      : 'the rule'
    : 'the scope';
  const verb = from.length > 1 ? (test === 'in' ? 'ask for' : 'leave out') : undefined;
  return [
    `${SIDES[side]}: `,
    object(workload),
    ...(has === null ? [` has no ${keyName(key)}, `] : [' has ', label(has), ', ']),
    `${who} ${verb ?? (test === 'in' ? 'asks for' : 'leaves out')} `,
    ...joined(labels.map((one) => [label(one)])),
    '.',
  ];
}

function programFailure(failing: Extract<FailingCondition, { kind: 'program' }>): Sentence {
  const answers = [failing.process, failing.windows_service].filter((name) => name !== null);
  const has: Part[] = [...owner(failing.virtual_service), ' has ', portsWords(failing.has), '.'];
  if (failing.os_family !== 'windows')
    return [
      `Program: the provider (${failing.os_family ?? 'unknown system'}) cannot tell programs apart, `,
      ...has,
    ];
  return answers.length === 0
    ? ['Program: it is not known which one answers, ', ...has]
    : ['Program: ', code(answers.join(', ')), ' answers, ', ...has];
}

/** What to do, as a sentence; a new rule is drawn instead. */
export function suggestionWords(suggestion: Exclude<Suggestion, { kind: 'new_rule' }>): Sentence {
  switch (suggestion.kind) {
    case 'label':
      return suggestion.wants.length > 0
        ? [
            'Label ',
            object(suggestion.workload),
            ' ',
            ...joined(suggestion.wants.map((one) => [label(one)])),
          ]
        : [
            'Give ',
            object(suggestion.workload),
            ` another ${keyName(suggestion.key)} than `,
            ...joined(suggestion.unwanted.map((one) => [label(one)])),
          ];
    case 'service':
      return ['Add ', code(policyPortText(suggestion.add)), ' to ', object(suggestion.to)];
    case 'enable':
      return ['Enable ', object(suggestion.what)];
    case 'network_type':
      return [
        'Set the network profile of ',
        object(suggestion.rule),
        ` to ${NETWORK_PROFILE_NAMES[suggestion.to]}`,
      ];
    case 'actor':
      return [
        'Add ',
        object(suggestion.workload),
        ` to the ${suggestion.side} of `,
        object(suggestion.rule),
      ];
    case 'address':
      return ['Add ', code(suggestion.add), ' to IP list ', object(suggestion.ip_list)];
    case 'online':
      return ['Bring ', object(suggestion.workload), ' online'];
    case 'user_groups':
      return [`Add ${suggestion.add.join(', ')} to `, object(suggestion.rule)];
    case 'ipv6_mode':
      return [
        'Set the IPv6 mode to ',
        suggestion.to === 'allow_all' ? 'allow all' : suggestion.to.replaceAll('_', ' '),
      ];
  }
}

export interface NearestAt {
  readonly rule: NearestRule;
  /** Ends at which it comes nearest. */
  readonly ends: readonly ('consumer' | 'provider')[];
}

/** Nearest rules of both ends, each once with all that fails at either. Fewest failing conditions first. */
export function nearestRules({ ends }: ExplanationWire): readonly NearestAt[] {
  const found = new Map<string, NearestAt>();
  for (const [role, end] of [
    ['consumer', ends.outbound],
    ['provider', ends.inbound],
  ] as const) {
    if (end.kind !== 'decided') continue;
    for (const rule of end.nearest) {
      const known = found.get(rule.href);
      const failing = [...(known?.rule.failing ?? []), ...rule.failing];
      const distinct = new Map(failing.map((one) => [JSON.stringify(one), one]));
      found.set(rule.href, {
        rule: { ...rule, failing: [...distinct.values()] },
        ends: [...(known?.ends ?? []), role],
      });
    }
  }
  return [...found.values()].toSorted(
    (left, right) => left.rule.failing.length - right.rule.failing.length,
  );
}

/** What each end suggests as a whole, once where both say the same. */
export function suggestionsOf({ ends }: ExplanationWire): readonly Suggestion[] {
  const all = [ends.outbound, ends.inbound].flatMap((end) =>
    end.kind === 'decided' && end.suggestion !== null ? [end.suggestion] : [],
  );
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

export function endsText(ends: NearestAt['ends']): string {
  return ends.length === 2 ? 'at both ends' : `at the ${ends[0] ?? 'provider'}`;
}

export function versionText({ pversion, policy_version }: ExplanationWire): string {
  if (pversion === 'draft') return 'draft';
  return pversion === 'active' ? `active policy, version ${policy_version}` : `version ${pversion}`;
}
