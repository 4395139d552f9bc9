/** Sentences with links in them: what is said stays apart from how it is drawn, so that it can be copied as text and tested. */
import { parseHref } from '@bulkhead/contract';
import { idOf, KEY_NAMES } from './words.ts';

/** Words, an object to link to, a label as a chip, or an address, port or path in mono. */
export type Part =
  | string
  | { readonly kind: 'object'; readonly href: string; readonly name: string }
  | { readonly kind: 'label'; readonly key: string; readonly value: string }
  | { readonly kind: 'code'; readonly text: string };
export type Sentence = readonly Part[];

export function object(ref: { readonly href: string; readonly name: string }): Part {
  return { kind: 'object', href: ref.href, name: ref.name === '' ? idOf(ref.href) : ref.name };
}

export function code(text: string): Part {
  return { kind: 'code', text };
}

export function label(ref: { readonly key: string; readonly value: string }): Part {
  return { kind: 'label', key: ref.key, value: ref.value };
}

/** `a, b or c` of sentences. */
export function joined(sentences: readonly Sentence[], last: 'or' | 'and' = 'or'): Part[] {
  return sentences.flatMap((sentence, index): Part[] => {
    if (index === 0) return [...sentence];
    return [index === sentences.length - 1 ? ` ${last} ` : ', ', ...sentence];
  });
}

export function textOf(sentence: Sentence): string {
  return sentence.map(partText).join('');
}

function partText(part: Part): string {
  if (typeof part === 'string') return part;
  if (part.kind === 'object') return part.name;
  if (part.kind === 'label') return `${KEY_NAMES[part.key] ?? part.key} ${part.value}`;
  return part.text;
}

export interface Place {
  readonly to: string;
  readonly search: Readonly<Record<string, string>>;
}

const LISTS: Record<string, string> = {
  ip_lists: '/ip-lists',
  services: '/services',
  label_groups: '/label-groups',
  labels: '/labels',
  security_principals: '/user-groups',
};

/** The console's page of an object; lists are searched for its name. Null for what has no page. */
export function placeOf({
  href,
  name,
}: {
  readonly href: string;
  readonly name: string;
}): Place | null {
  const path = parseHref(href)?.path ?? [];
  const [type = '', id = ''] = path[0] ?? [];
  const [innerType, innerId] = path[1] ?? [];
  if (type === 'rule_sets') {
    const shown = innerType === 'sec_rules' && innerId !== undefined ? { rule: innerId } : {};
    return { to: `/rulesets/${id}`, search: shown };
  }
  if (type === 'enforcement_boundaries') return { to: `/boundaries/${id}`, search: {} };
  if (type === 'workloads') return { to: `/workloads/${id}`, search: {} };
  if (type === 'firewall_settings') return { to: '/settings/firewall', search: {} };
  if (type === 'virtual_services') return { to: `/virtual-services/${id}`, search: {} };
  if (type === 'policy_tests') return { to: `/policy-tests/${id}`, search: {} };
  const list = LISTS[type];
  return list === undefined ? null : { to: list, search: { q: name } };
}
