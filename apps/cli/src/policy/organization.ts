/** The draft of an organization as items, with what is needed to change it: hrefs, and the times of the states that were read. */
import type { ApiClient, RuleSetWire } from '@bulkhead/contract';
import { CommandError } from '../errors.ts';
import { isDeleted, liveRules, presentItem, type Place } from './present.ts';
import { nameOf, type Items, type Section } from './format.ts';

/** One object of the draft. */
export interface Known<S extends Section = Section> {
  readonly name: string;
  readonly href: string;
  readonly item: Items[S];
  readonly updatedAt: string;
  /** Comes with the product: may be referred to, never changed. */
  readonly fixed: boolean;
  /** Deleted in draft, and still active. */
  readonly deleted: boolean;
  /** Entries of a ruleset as they are in draft, in their order. */
  readonly rules: readonly { readonly href: string; readonly item: unknown }[];
  readonly ipTablesRules: readonly { readonly href: string; readonly item: unknown }[];
}
export type Organization = { readonly [S in Section]: ReadonlyMap<string, Known<S>> };

/** Names of the workloads that policy refers to. A name that several have is no name: such a workload is known by its href. */
export interface Workloads {
  /** Href of the one workload with that name (else hostname, or href); a sentence when there is none or several. */
  find(text: string): Promise<{ readonly href: string } | { readonly fault: string }>;
}

const EVERYTHING = { max_results: 1_000_000 };
const DRAFT = { pversion: 'draft' };
const SYSTEM = '/users/0';

type Wire = {
  readonly href: string;
  readonly updated_at: string;
  readonly created_by: { readonly href: string };
  readonly update_type?: string | null;
};

/** Reads the whole draft. Rejects with CommandError where a name does not say which object is meant. */
export async function loadOrganization(
  client: ApiClient,
  workloads: Workloads,
): Promise<Organization> {
  const list = await listsOf(client);
  const place = await placeOf(list, workloads);
  const section = <S extends Section>(which: S, wires: readonly Wire[]) => {
    const found = new Map<string, Known<S>>();
    for (const wire of wires) {
      const item = presentItem(which, wire, place);
      const name = nameOf(which, item);
      const known: Known<S> = {
        name,
        href: wire.href,
        item,
        updatedAt: wire.updated_at,
        fixed: wire.created_by.href === SYSTEM,
        deleted: isDeleted(wire),
        ...entriesOf(which, wire, item),
      };
      if (found.has(name))
        throw new CommandError(
          `${found.get(name)?.href} and ${wire.href} are both called "${name}", and files refer to objects by name; rename one of them`,
        );
      found.set(name, known);
    }
    return found;
  };
  return {
    labels: section('labels', list.labels),
    user_groups: section('user_groups', list.user_groups),
    ip_lists: section('ip_lists', list.ip_lists),
    services: section('services', list.services),
    label_groups: section('label_groups', list.label_groups),
    virtual_services: section('virtual_services', list.virtual_services),
    rulesets: section('rulesets', list.rulesets),
    enforcement_boundaries: section('enforcement_boundaries', list.enforcement_boundaries),
    policy_tests: section('policy_tests', list.policy_tests),
  };
}

async function listsOf(client: ApiClient) {
  const all = { params: DRAFT, query: EVERYTHING };
  const [labels, groups, lists, services, labelGroups, virtualServices] = await Promise.all([
    client.call('labels.list', { query: EVERYTHING }),
    client.call('security_principals.list', { query: EVERYTHING }),
    client.call('ip_lists.list', all),
    client.call('services.list', all),
    client.call('label_groups.list', all),
    client.call('virtual_services.list', all),
  ]);
  const [ruleSets, boundaries, tests] = await Promise.all([
    client.call('rule_sets.list', all),
    client.call('enforcement_boundaries.list', all),
    client.call('policy_tests.list', { query: EVERYTHING }),
  ]);
  return {
    labels: labels.items.filter((label) => !label.deleted),
    user_groups: groups.items.filter((group) => !group.deleted),
    ip_lists: lists.items,
    services: services.items,
    label_groups: labelGroups.items,
    virtual_services: virtualServices.items,
    rulesets: ruleSets.items,
    enforcement_boundaries: boundaries.items,
    policy_tests: tests.items,
  };
}
type Lists = Awaited<ReturnType<typeof listsOf>>;

async function placeOf(list: Lists, workloads: Workloads): Promise<Place> {
  const named = new Map<string, string>();
  for (const { href, name, hostname } of workloadsIn(list)) {
    const wanted = name ?? hostname;
    if (named.has(href)) continue;
    const found = wanted === null ? undefined : await workloads.find(wanted);
    named.set(
      href,
      found !== undefined && 'href' in found && found.href === href ? (wanted ?? href) : href,
    );
  }
  const groups = new Map(list.user_groups.map((group) => [group.href, group]));
  const services = new Map(list.services.map(({ href, name }) => [href, name]));
  const timesUsed = countBy(list.user_groups.map((group) => group.name));
  const statements = new Map<string, string>();
  for (const { href, name } of list.enforcement_boundaries) statements.set(href, name);
  for (const set of list.rulesets)
    for (const [index, rule] of liveRules(set).entries())
      statements.set(rule.href, statementName(set.name, rule.description, index));
  return {
    workload: (href) => named.get(href) ?? href,
    userGroup: (href) => {
      const group = groups.get(href);
      if (group === undefined) return href.split('/').at(-1) ?? href;
      return timesUsed.get(group.name) === 1 ? group.name : group.sid;
    },
    service: (href) => services.get(href) ?? href,
    statement: (text) => statements.get(text) ?? text,
  };
}

/** The name under which the PCE tells of a rule: its ruleset's and its description's first line, or its place. */
function statementName(ruleSet: string, description: string | null, index: number): string {
  const line = description?.trim().split('\n')[0] ?? '';
  return line === '' ? `${ruleSet}, rule ${index + 1}` : `${ruleSet}: ${line.slice(0, 120)}`;
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function workloadsIn(list: Lists) {
  const sides = [
    ...list.rulesets.flatMap((set) => [
      ...liveRules(set).flatMap((rule) => [...rule.providers, ...rule.consumers]),
      ...set.ip_tables_rules.flatMap((rule) => rule.actors),
    ]),
    ...list.enforcement_boundaries.flatMap((one) => [...one.providers, ...one.consumers]),
    ...list.policy_tests.flatMap((test) => [...test.from, ...test.to]),
  ];
  return sides.flatMap((actor) => actor.workload ?? []);
}

function entriesOf(
  section: Section,
  wire: Wire,
  item: object,
): Pick<Known, 'rules' | 'ipTablesRules'> {
  if (section !== 'rulesets') return { rules: [], ipTablesRules: [] };
  // the section says what it is
  const set = wire as RuleSetWire;
  const items = item as Items['rulesets'];
  return {
    rules: liveRules(set).map(({ href }, index) => ({ href, item: items.rules?.[index] })),
    ipTablesRules: set.ip_tables_rules
      .filter((rule) => !isDeleted(rule))
      .map(({ href }, index) => ({ href, item: items.ip_tables_rules?.[index] })),
  };
}

/** Looks workloads up one by one and remembers them: policy names few of many. */
export function workloadsOf(client: ApiClient): Workloads {
  const known = new Map<string, ReturnType<Workloads['find']>>();
  const ask = async (text: string): ReturnType<Workloads['find']> => {
    if (text.startsWith('/orgs/')) return { href: text };
    for (const member of ['name', 'hostname'] as const) {
      const { items } = await client.call('workloads.list', {
        query: { [member]: text, ...EVERYTHING },
      });
      const exact = items.filter((workload) => workload[member] === text);
      const [first, second] = exact;
      if (first !== undefined && second !== undefined)
        return {
          fault: `${exact.length} workloads have the ${member} "${text}"; write the href of one, such as ${first.href}`,
        };
      if (first !== undefined) return { href: first.href };
    }
    return { fault: `there is no workload with the name or hostname "${text}"` };
  };
  return {
    find(text) {
      const found = known.get(text) ?? ask(text);
      known.set(text, found);
      return found;
    },
  };
}
