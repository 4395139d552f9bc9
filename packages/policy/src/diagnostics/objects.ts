/** IP lists, label groups, services and scopes that hold nothing, too much, or the same twice. */
import { formatSpan, parseRange, parseSpan, type AddressSpan } from '@bulkhead/net';
import { conditionsOf, intersect } from '../engine/conditions.ts';
import type { IpList, IpRange, LabelGroup, RuleSet, Service } from '../model.ts';
import type { Diagnostic, DiagnosticPlace } from './diagnostic.ts';
import type { Facts } from './facts.ts';
import { counted, finding } from './finding.ts';

/** Addresses of a /8 of IPv4 and of a /32 of IPv6: what one organization may plausibly have. */
const LARGE = { 4: 1n << 24n, 6: 1n << 96n } as const;
const ALL = { 4: 1n << 32n, 6: 1n << 128n } as const;

export function ipListFindings(list: IpList, facts: Facts): Diagnostic[] {
  const spans = facts.spansOf(list);
  return [...emptyList(list, spans), ...hugeList(list, spans), ...overlaps(list)];
}

function listPlace(list: IpList, field: string | null): DiagnosticPlace {
  return { type: 'ip_list', href: list.href, name: list.name, field };
}

function emptyList(list: IpList, spans: readonly AddressSpan[]): Diagnostic[] {
  if (spans.length > 0 || list.fqdns.length > 0) return [];
  const hasRanges = list.ranges.some(({ exclusion }) => !exclusion);
  return [
    finding('ip_list_empty', listPlace(list, 'ranges'), {
      message: `The IP list "${list.name}" holds no address and no name${hasRanges ? ': its exclusions leave nothing of its ranges' : ''}.`,
      remedy: hasRanges ? 'Take out or narrow the exclusions.' : 'Add ranges or names to it.',
    }),
  ];
}

/** Any is meant to be everything. */
function hugeList(list: IpList, spans: readonly AddressSpan[]): Diagnostic[] {
  const sizeOf = (family: 4 | 6) =>
    spans
      .filter((span) => span.family === family)
      .reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
  const sizes = { 4: sizeOf(4), 6: sizeOf(6) };
  const isHuge = (family: 4 | 6) => sizes[family] > LARGE[family] && sizes[family] < ALL[family];
  if (!isHuge(4) && !isHuge(6)) return [];
  const family = isHuge(4) ? 4 : 6;
  const times = Number(sizes[family] / LARGE[family]);
  return [
    finding('ip_list_huge', listPlace(list, 'ranges'), {
      message: `The IP list "${list.name}" covers more IPv${family} addresses than ${times > 1 ? `${times} times ` : ''}a /${family === 4 ? 8 : 32}: a rule that names it is open to much of the Internet.`,
      remedy: 'Narrow its ranges, or use Any where everybody is meant.',
      counts: { blocks: times },
    }),
  ];
}

/** Each range that lies in one before it or goes into it, in the order of addresses. */
function overlaps(list: IpList): Diagnostic[] {
  const placed = list.ranges
    .flatMap((range, at) => (range.exclusion ? [] : spanOf(range).map((span) => ({ span, at }))))
    .sort(
      ({ span: a }, { span: b }) =>
        a.family - b.family ||
        (a.first < b.first ? -1 : a.first > b.first ? 1 : a.last > b.last ? -1 : 1),
    );
  const found: { readonly at: number; readonly span: AddressSpan; readonly of: AddressSpan }[] = [];
  let reach: AddressSpan | null = null;
  for (const { span, at } of placed) {
    if (reach !== null && reach.family === span.family && span.first <= reach.last) {
      found.push({ at, span, of: reach });
    }
    if (reach === null || reach.family !== span.family || span.last > reach.last) reach = span;
  }
  const [first] = found;
  if (first === undefined) return [];
  const relation = first.span.last <= first.of.last ? 'lies within' : 'overlaps';
  const more = found.length > 1 ? `, and ${counted(found.length - 1, 'other range')} likewise` : '';
  return [
    finding('ip_list_overlap', listPlace(list, `ranges[${first.at}]`), {
      message: `In the IP list "${list.name}" ${formatSpan(first.span)} ${relation} ${formatSpan(first.of)}${more}.`,
      remedy: 'Take out ranges that others hold, and join those that overlap.',
      counts: { ranges: found.length },
    }),
  ];
}

function spanOf(range: IpRange): AddressSpan[] {
  const parsed = range.to === null ? parseSpan(range.from) : parseRange(range.from, range.to);
  return parsed.ok ? [parsed.value] : [];
}

/** A group whose members, sub groups included, are no label. */
export function groupFindings(group: LabelGroup, facts: Facts): Diagnostic[] {
  const [condition] = conditionsOf(
    [{ kind: 'label_group', href: group.href, exclusion: false }],
    facts,
  );
  if (condition?.labels.some((href) => facts.label(href) !== undefined) === true) return [];
  return [
    finding(
      'label_group_empty',
      { type: 'label_group', href: group.href, name: group.name, field: 'labels' },
      {
        message: `The label group "${group.name}" holds no label: rules and scopes that name it match nobody.`,
        remedy: 'Add labels to it, or delete it.',
        related: group.subGroups,
      },
    ),
  ];
}

export function serviceFindings(service: Service): Diagnostic[] {
  if (service.ports.length > 0) return [];
  return [
    finding(
      'service_empty',
      { type: 'service', href: service.href, name: service.name, field: 'ports' },
      {
        message: `The service "${service.name}" is of no protocol and port: rules with nothing else allow nothing.`,
        remedy: 'Add ports to it, or delete it.',
      },
    ),
  ];
}

/** Scopes in which there is no workload; a ruleset that is disabled means nothing. */
export function scopeFindings(ruleSet: RuleSet, facts: Facts): Diagnostic[] {
  if (!ruleSet.enabled) return [];
  return ruleSet.scopes.flatMap((scope, at) => {
    const selector = intersect(conditionsOf(scope, facts), []);
    if (scope.length === 0 || facts.crowdOf(selector).workloads > 0) return [];
    const labels = scope.map(({ href, kind, exclusion }) => {
      const name = kind === 'label' ? facts.label(href)?.value : facts.group(href)?.name;
      return `${exclusion ? 'all but ' : ''}${name ?? href}`;
    });
    return [
      finding(
        'scope_empty',
        { type: 'rule_set', href: ruleSet.href, name: ruleSet.name, field: `scopes[${at}]` },
        {
          message: `No workload is in the scope ${labels.join(' | ')} of the ruleset "${ruleSet.name}".`,
          remedy: 'Give workloads these labels, or correct or delete the scope.',
          related: scope.map(({ href }) => href),
          counts: { rules: ruleSet.rules.filter(({ enabled }) => enabled).length },
        },
      ),
    ];
  });
}
