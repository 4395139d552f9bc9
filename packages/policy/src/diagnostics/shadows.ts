/** Rules that allow nothing that another rule does not. Candidates are looked up by what both sides and the services have in common. */
import type { Rule, RuleSet, ServicePort } from '../model.ts';
import { ANY_PROTOCOL } from '../vocabulary.ts';
import { coverUnit, covers, type CoverPart, type CoverUnit } from './cover.ts';
import type { Diagnostic } from './diagnostic.ts';
import { hindranceOfRule } from './effects.ts';
import type { Facts } from './facts.ts';
import { finding } from './finding.ts';
import { resolveRule, scopesOf } from './statements.ts';

interface Candidate {
  readonly rule: Rule;
  readonly ruleSet: RuleSet;
  /** Place among all rules: of two that say the same, the later one is in the shadow. */
  readonly order: number;
  readonly units: readonly CoverUnit[];
}

/**
 * Each rule in force that another one covers, which it names. Taking away all of them changes no decision: of rules that cover each
 * other the first one is not among them.
 */
export function shadowFindings(facts: Facts): Diagnostic[] {
  const candidates = candidatesOf(facts);
  const index = new ShadowIndex();
  for (const candidate of candidates) index.add(candidate);
  return candidates.flatMap((inner) => {
    const outer = index.find(inner, (other) => shadows(other, inner, facts));
    if (outer === undefined) return [];
    return [
      finding(
        'rule_shadowed',
        { type: 'rule', href: inner.rule.href, name: inner.rule.name, field: null },
        {
          message: `All that the rule "${inner.rule.name}" of the ruleset "${inner.ruleSet.name}" allows, the rule "${outer.rule.name}" of the ruleset "${outer.ruleSet.name}" allows too.`,
          remedy: `Delete it, or narrow the rule "${outer.rule.name}" if that allows more than it should.`,
          related: [inner.ruleSet.href, outer.rule.href, outer.ruleSet.href],
        },
      ),
    ];
  });
}

/** Rules in force that match somebody. */
function candidatesOf(facts: Facts): Candidate[] {
  const found: Candidate[] = [];
  for (const ruleSet of facts.model.ruleSets) {
    if (!ruleSet.enabled) continue;
    for (const rule of ruleSet.rules) {
      if (!rule.enabled) continue;
      const statements = scopesOf(ruleSet).map((scope) => resolveRule(rule, scope, facts));
      if (statements.every((statement) => hindranceOfRule(statement, facts) !== null)) continue;
      const units = statements.map((statement) => coverUnit(rule, statement));
      found.push({ rule, ruleSet, order: found.length, units });
    }
  }
  return found;
}

function shadows(outer: Candidate, inner: Candidate, facts: Facts): boolean {
  if (outer === inner || !coversAll(outer, inner, facts)) return false;
  return outer.order < inner.order || !coversAll(inner, outer, facts);
}

function coversAll(outer: Candidate, inner: Candidate, facts: Facts): boolean {
  return inner.units.every((unit, at) => {
    const same = outer.units[at];
    if (same !== undefined && covers(same, unit, facts)) return true;
    return outer.units.some((other) => covers(other, unit, facts));
  });
}

/** Part of a side or of the services that a rule with many of them is listed under. */
const ANYTHING = '?';
const MANY_PARTS = 8;

type ByServices = Map<string, Set<Candidate>>;

/** Rules by a label, object or port that whatever they cover has as well: of providers, then consumers, then services. */
class ShadowIndex {
  private readonly byProviders = new Map<string, Map<string, ByServices>>();
  private readonly loads = new Map<string, number>();

  add(candidate: Candidate): void {
    for (const unit of candidate.units) {
      const consumers = this.keysOf(unit.consumers, MANY_PARTS);
      const services = serviceKeys(unit);
      for (const provider of this.keysOf(unit.providers, Number.POSITIVE_INFINITY)) {
        const byConsumers = getOrMake(this.byProviders, provider, () => new Map());
        for (const consumer of consumers) {
          const byServices: ByServices = getOrMake(byConsumers, consumer, () => new Map());
          for (const service of services) {
            getOrMake(byServices, service, () => new Set<Candidate>()).add(candidate);
          }
        }
      }
    }
  }

  /** The first that a test holds for, among those that may cover a rule. */
  find(inner: Candidate, test: (other: Candidate) => boolean): Candidate | undefined {
    const [unit] = inner.units;
    const [provider, consumer] = [unit?.providers[0], unit?.consumers[0]];
    if (unit === undefined || provider === undefined || consumer === undefined) return undefined;
    const entry = provider.kind === 'virtual_service' ? undefined : unit.services[0];
    for (const key of lookupKeys(provider)) {
      const byConsumers = this.byProviders.get(key);
      if (byConsumers === undefined) continue;
      for (const consumerKey of [...lookupKeys(consumer), ANYTHING]) {
        const byServices = byConsumers.get(consumerKey);
        if (byServices === undefined) continue;
        const wanted = entry === undefined ? byServices.keys() : serviceLookups(entry);
        for (const service of wanted) {
          for (const other of byServices.get(service) ?? []) if (test(other)) return other;
        }
      }
    }
    return undefined;
  }

  private keysOf(parts: readonly CoverPart[], most: number): Set<string> {
    if (parts.length > most) return new Set([ANYTHING]);
    return new Set(parts.flatMap((part) => this.partKeys(part)));
  }

  /** A selector is listed under the labels of one condition: the one whose labels have the fewest rules so far. */
  private partKeys(part: CoverPart): readonly string[] {
    if (part.kind !== 'selector') return lookupKeys(part).slice(0, 1);
    let best = ['*'];
    let load = Number.POSITIVE_INFINITY;
    for (const { kind, labels } of part.selector) {
      if (kind === 'not') continue;
      const own = labels.reduce((sum, label) => sum + 1 + (this.loads.get(label) ?? 0), 0);
      if (own >= load) continue;
      load = own;
      best = labels.map((label) => `label ${label}`);
    }
    for (const { kind, labels } of part.selector) {
      if (kind === 'not') continue;
      for (const label of labels) this.loads.set(label, (this.loads.get(label) ?? 0) + 1);
    }
    return best;
  }
}

/** Keys under which a part that covers this one is listed. */
function lookupKeys(part: CoverPart): readonly string[] {
  switch (part.kind) {
    case 'selector':
      return [
        ...part.selector.flatMap(({ kind, labels }) =>
          kind === 'in' && labels[0] !== undefined ? [`label ${labels[0]}`] : [],
        ),
        '*',
      ];
    case 'workload': {
      const { href, labels } = part.workload;
      return [`workload ${href}`, ...labels.map((label) => `label ${label}`), '*'];
    }
    case 'ip_list':
      return ['ip list'];
    case 'virtual_service':
      return [`virtual service ${part.item.href}`];
  }
}

function serviceKeys({ services, providers }: CoverUnit): readonly string[] {
  if (services.length > MANY_PARTS) return [ANYTHING];
  const own = providers.some(({ kind }) => kind === 'virtual_service') ? [ANYTHING] : [];
  return [...own, ...services.flatMap(entryKeys)];
}

/** Ports that a range is long, as a power of two that is not less. */
function lengthOf(port: number, toPort: number): number {
  return Math.ceil(Math.log2(toPort - port + 1));
}

const LONGEST = 16;

/** A range is listed under the blocks, as long as itself or less than twice that, in which it lies. */
function entryKeys({ protocol, port, toPort, icmpType }: ServicePort): readonly string[] {
  if (protocol === ANY_PROTOCOL) return ['any'];
  if (port === null) return [icmpType === null ? `${protocol}` : `${protocol} type ${icmpType}`];
  const length = lengthOf(port, toPort ?? port);
  const blocks = [...new Set([port >> length, (toPort ?? port) >> length])];
  return blocks.map((block) => `${protocol} ${length}:${block}`);
}

/** Keys of entries that may cover this one. */
function serviceLookups(entry: ServicePort): readonly string[] {
  const { protocol, port, toPort } = entry;
  const keys = [`${protocol}`, 'any', ANYTHING];
  if (port === null) return [...new Set([...entryKeys(entry), ...keys])];
  for (let length = lengthOf(port, toPort ?? port); length <= LONGEST; length += 1) {
    keys.push(`${protocol} ${length}:${port >> length}`);
  }
  return keys;
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
