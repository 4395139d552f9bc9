/** The objects that a ruleset or boundary is compiled with. */
import type { Actor, EnforcementBoundary, IngressService, LabelGroup, RuleSet } from '../model.ts';

/** Stands for "any virtual service": rules whose labels resolve to them. */
export const EVERY_VIRTUAL_SERVICE = '*';

interface Compilable {
  readonly ruleSet: RuleSet | undefined;
  readonly boundary: EnforcementBoundary | undefined;
  readonly group: (href: string) => LabelGroup | undefined;
}

/** Hrefs, each once. Labels, groups with all that they hold, services, IP lists and virtual services; workloads are looked up when hosts are. */
export function dependenciesOf({ ruleSet, boundary, group }: Compilable): readonly string[] {
  const found = new Found();
  for (const scope of ruleSet?.scopes ?? []) addActors(scope, found, group);
  for (const { providers, consumers, ingressServices, resolveLabelsAs } of ruleSet?.rules ?? []) {
    addActors(providers, found, group);
    addActors(consumers, found, group);
    addServices(ingressServices, found);
    if (
      resolveLabelsAs.providers.includes('virtual_services') ||
      resolveLabelsAs.consumers.includes('virtual_services')
    ) {
      found.add(EVERY_VIRTUAL_SERVICE);
    }
  }
  for (const { actors } of ruleSet?.ipTablesRules ?? []) addActors(actors, found, group);
  if (boundary !== undefined) {
    addActors(boundary.providers, found, group);
    addActors(boundary.consumers, found, group);
    addServices(boundary.ingressServices, found);
  }
  return found.hrefs;
}

function addActors(actors: readonly Actor[], found: Found, group: Compilable['group']): void {
  for (const actor of actors) {
    if (actor.kind === 'ams' || actor.kind === 'workload') continue;
    if (actor.kind === 'label_group') addGroup(actor.href, found, group);
    else found.add(actor.href);
  }
}

function addServices(services: readonly IngressService[], found: Found): void {
  for (const service of services) if ('href' in service) found.add(service.href);
}

function addGroup(href: string, found: Found, group: Compilable['group']): void {
  if (!found.add(href)) return;
  const item = group(href);
  for (const sub of item?.subGroups ?? []) addGroup(sub, found, group);
  for (const label of item?.labels ?? []) found.add(label);
}

/** As long as a list is looked through faster than it is hashed. */
const SHORT = 16;

/** Texts, each once: a list, with a `Set` beside it when they are many. */
class Found {
  readonly hrefs: string[] = [];
  private many: Set<string> | null = null;

  /** False when it is there already. */
  add(href: string): boolean {
    const { hrefs } = this;
    if (this.many === null ? hrefs.includes(href) : this.many.has(href)) return false;
    hrefs.push(href);
    if (this.many !== null) this.many.add(href);
    else if (hrefs.length > SHORT) this.many = new Set(hrefs);
    return true;
  }
}
