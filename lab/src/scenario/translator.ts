/** Names, labels and addresses of a scenario as a policy model's, with a fault for each that cannot be. */
import { parseAddress, parseSpan } from '@bulkhead/net';
import type { Actor, IngressService, IpRange, Scope, ServicePort } from '@bulkhead/policy';
import type { ActorText, Fault, Scenario, ServicePortText } from './format.ts';
import { looksLikePort, parseServicePort } from './service-text.ts';

export type Path = readonly (string | number)[];
const ANY_NAMES = ['Any', 'Any (0.0.0.0/0 and ::/0)'];
export const ANY_HREF = 'ip_list:Any';
export const ALL_SERVICES = 'service:All Services';

export class Translator {
  readonly faults: Fault[] = [];
  readonly statements = new Map<string, string>();
  private readonly labels = new Map<string, { key: string; value: string }>();
  private readonly scenario: Scenario;
  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  fault(path: Path, message: string): void {
    this.faults.push({ path, message });
  }

  unique(what: string, items: readonly { readonly name: string; readonly at: Path }[]): void {
    const seen = new Set<string>();
    for (const { name, at } of items) {
      if (seen.has(name)) {
        this.fault([...at, 'name'], `a second ${what} named "${name}"; names are unique`);
      }
      seen.add(name);
    }
  }

  label(path: Path, text: string): string {
    const at = text.indexOf('=');
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    const declared = this.scenario.labels;
    if (declared !== undefined && declared[key]?.includes(value) !== true) {
      this.fault(path, `label ${text} is not in the list of labels; add it there or correct it`);
    }
    const href = `label:${key}=${value}`;
    this.labels.set(href, { key, value });
    return href;
  }

  named(path: Path, kind: string, name: string): string {
    const lists: Record<string, readonly { readonly name: string }[]> = {
      label_group: this.scenario.label_groups,
      workload: this.scenario.workloads,
      ip_list: this.scenario.ip_lists,
      service: this.scenario.services,
      virtual_service: this.scenario.virtual_services,
    };
    if (kind === 'ip_list' && ANY_NAMES.includes(name)) return ANY_HREF;
    if (lists[kind]?.some((item) => item.name === name) !== true) {
      this.fault(path, `there is no ${kind.replaceAll('_', ' ')} named "${name}"`);
    }
    return `${kind}:${name}`;
  }

  actor(path: Path, item: ActorText): Actor {
    if (item === 'ams') return { kind: 'ams' };
    if (typeof item === 'string') {
      return { kind: 'label', href: this.label(path, item), exclusion: false };
    }
    if ('label' in item) {
      return { kind: 'label', href: this.label(path, item.label), exclusion: false };
    }
    if ('label_group' in item) {
      const href = this.named(path, 'label_group', item.label_group);
      return { kind: 'label_group', href, exclusion: false };
    }
    if ('workload' in item) {
      return { kind: 'workload', href: this.named(path, 'workload', item.workload) };
    }
    if ('ip_list' in item) {
      return { kind: 'ip_list', href: this.named(path, 'ip_list', item.ip_list) };
    }
    const href = this.named(path, 'virtual_service', item.virtual_service);
    return { kind: 'virtual_service', href };
  }

  side(path: Path, items: readonly ActorText[]): Actor[] {
    return items.map((item, index) => this.actor([...path, index], item));
  }

  port(path: Path, item: ServicePortText): ServicePort[] {
    const parsed = parseServicePort(item);
    if (typeof parsed !== 'string') return [parsed];
    this.fault(path, parsed);
    return [];
  }

  services(path: Path, items: readonly ServicePortText[] | undefined): IngressService[] {
    return (items ?? ['All Services']).flatMap((item, index): IngressService[] => {
      const at = [...path, index];
      if (item === 'All Services') return [{ href: ALL_SERVICES }];
      if (typeof item === 'string') {
        const known = this.scenario.services.some((service) => service.name === item);
        if (known || !looksLikePort(item)) return [{ href: this.named(at, 'service', item) }];
      }
      return this.port(at, item).map((port) => ({ port }));
    });
  }

  sides(
    path: Path,
    item: { readonly network_type: string },
    sides: { readonly providers: readonly Actor[]; readonly consumers: readonly Actor[] },
  ): void {
    const onlyLists = (actors: readonly Actor[]) => actors.every(({ kind }) => kind === 'ip_list');
    const { providers, consumers } = sides;
    if (onlyLists(providers) && onlyLists(consumers)) {
      this.fault(path, 'rule_needs_workload_side: one side must hold workloads, labels or ams');
    }
    if (item.network_type !== 'brn' && !onlyLists(providers) && !onlyLists(consumers)) {
      this.fault(
        [...path, 'network_type'],
        'network_type_requires_ip_list_side: non_brn and all need providers or consumers of IP lists only',
      );
    }
  }

  range(path: Path, text: string, exclusion: boolean): IpRange[] {
    const parsed = parseSpan(text);
    if (!parsed.ok) {
      this.fault(path, parsed.message);
      return [];
    }
    const [from = text, to = null] = text.includes('-') ? text.split('-') : [text];
    return [{ from, to, exclusion }];
  }

  /** An address without prefix length. */
  plainAddress(path: Path, text: string): string[] {
    if (parseAddress(text) !== null) return [text];
    this.fault(path, `"${text}" is not an address; write one such as 10.0.1.10`);
    return [];
  }

  address(path: Path, text: string): { address: string; prefixLength: number }[] {
    const [base = '', length] = text.split('/');
    const address = parseAddress(base);
    const most = address?.family === 4 ? 32 : 128;
    const prefixLength = length === undefined ? (most === 32 ? 24 : 64) : Number(length);
    if (address === null || !/^\d{1,3}$/.test(length ?? '0') || prefixLength > most) {
      this.fault(path, `"${text}" is not an address; write one such as 10.0.1.10/24`);
      return [];
    }
    return [{ address: base, prefixLength }];
  }

  scope(path: Path, entries: readonly ActorText[]): Scope {
    const keys = new Set<string>();
    return entries.flatMap((entry, index): Scope => {
      const actor = this.actor([...path, index], entry);
      if (actor.kind !== 'label' && actor.kind !== 'label_group') return [];
      const key =
        actor.kind === 'label'
          ? (this.labels.get(actor.href)?.key ?? '')
          : (this.scenario.label_groups.find((g) => `label_group:${g.name}` === actor.href)?.key ??
            '');
      if (keys.has(key))
        this.fault([...path, index], `a scope has one entry per key; ${key} is there twice`);
      keys.add(key);
      return [actor];
    });
  }

  statement(path: Path, name: string, href: string): void {
    if (this.statements.has(name)) {
      this.fault([...path, 'name'], `a second rule or boundary named "${name}"; names are unique`);
    }
    this.statements.set(name, href);
  }

  labelObjects() {
    return [...this.labels].map(([href, label]) => ({ href, ...label }));
  }
}
