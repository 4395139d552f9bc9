/**
 * Contents of an earlier version less what names objects that are deleted since. Labels, workloads and user groups have no versions: what
 * is deleted matches nothing any more, and so the policy says the same without it. Where a whole side, scope or rule rests on it, that
 * goes whole; left in part it would say more than it said.
 */
import type { Names } from './references.ts';
import {
  ipTablesRulesOf,
  type StoredActor,
  type StoredBoundary,
  type StoredFirewallSettings,
  type StoredByType,
  type StoredIpTablesRule,
  type StoredRef,
  type StoredRule,
  type StoredRuleSet,
  type StoredScopeEntry,
  type StoredScopes,
  type StoredType,
} from './stored-content.ts';

/** What a reference of the version stands for today. */
export interface Today {
  isGone(href: string): boolean;
  readonly names: Names;
}

export interface Remains<T extends StoredType = StoredType> {
  /** Null: nothing of it is left. */
  readonly content: StoredByType[T] | null;
  /** What is left out, in words. */
  readonly leftOut: readonly string[];
}

export function withoutGone<T extends StoredType>(
  type: T,
  content: StoredByType[T],
  today: Today,
): Remains<T> {
  const leftOut: string[] = [];
  const remaining = remainsOf(type, content, { ...today, say: (text) => leftOut.push(text) });
  return { content: remaining as StoredByType[T] | null, leftOut }; // of the type that was given
}

interface Looking extends Today {
  say(text: string): void;
}

function remainsOf(
  type: StoredType,
  content: StoredByType[StoredType],
  look: Looking,
): StoredByType[StoredType] | null {
  switch (type) {
    case 'ip_lists':
    case 'services':
      return content;
    case 'label_groups':
    case 'virtual_services': {
      const labelled = content as StoredByType['label_groups' | 'virtual_services']; // by `type`
      return { ...labelled, labels: living(labelled.labels, look) };
    }
    case 'rule_sets':
      return ruleSet(content as StoredRuleSet, look); // by `type`
    case 'enforcement_boundaries':
      return boundary(content as StoredBoundary, look); // by `type`
    case 'firewall_settings':
      return settings(content as StoredFirewallSettings, look); // by `type`
  }
}

function living(refs: readonly StoredRef[], look: Looking): readonly StoredRef[] {
  const left = refs.filter(({ href }) => !look.isGone(href));
  if (left.length === refs.length) return refs;
  look.say(`labels that are deleted (${refs.length - left.length})`);
  return left;
}

function isLabelEntry(actor: StoredActor): actor is StoredScopeEntry {
  return 'label' in actor || 'label_group' in actor;
}

function isGoneLabel(entry: StoredScopeEntry, today: Today): boolean {
  return 'label' in entry && today.isGone(entry.label.href);
}

function keyOf(entry: StoredScopeEntry, { names }: Today): string | null {
  const href = 'label' in entry ? entry.label.href : entry.label_group.href;
  return names.get(href)?.key ?? null;
}

/** Entries that match the same workloads. Null: they match nobody, because all that they want of a key is deleted. */
function livingEntries<E extends StoredScopeEntry>(
  entries: readonly E[],
  today: Today,
): E[] | null {
  const left = entries.filter((entry) => !isGoneLabel(entry, today));
  const wanted = (list: readonly E[]) =>
    new Set(list.filter((entry) => entry.exclusion !== true).map((entry) => keyOf(entry, today)));
  const still = wanted(left);
  return [...wanted(entries)].every((key) => still.has(key)) ? left : null;
}

/** The side that stands for the same. Null: for nobody. */
function livingSide(side: readonly StoredActor[], today: Today): readonly StoredActor[] | null {
  const entries = side.filter(isLabelEntry);
  const others = side.filter((actor) => !isLabelEntry(actor));
  const found = livingEntries(entries, today);
  // All but what is deleted: all.
  const labels: readonly StoredActor[] =
    found?.length === 0 && entries.length > 0 ? [{ actors: 'ams' }] : (found ?? []);
  const rest = others.filter(
    (actor) => !('workload' in actor && today.isGone(actor.workload.href)),
  );
  if (found?.length === entries.length && rest.length === others.length) return side;
  const left = [...labels, ...rest];
  return left.length === 0 ? null : left;
}

interface Sides {
  readonly providers: readonly StoredActor[];
  readonly consumers: readonly StoredActor[];
}

function livingSides<S extends Sides>(item: S, today: Today): S | null {
  const providers = livingSide(item.providers, today);
  const consumers = livingSide(item.consumers, today);
  if (providers === null || consumers === null) return null;
  return { ...item, providers, consumers };
}

function livingScopes(scopes: StoredScopes, today: Today): StoredScopes {
  const left = scopes.flatMap((scope) => {
    const found = livingEntries(scope, today);
    return found === null ? [] : [found];
  });
  return left;
}

function ruleSet(content: StoredRuleSet, look: Looking): StoredRuleSet | null {
  const scopes = livingScopes(content.scopes, look);
  // None left is not the same as none: without scopes it would be for everybody.
  if (content.scopes.length > 0 && scopes.length === 0) {
    look.say('the whole ruleset: every scope names a label that is deleted');
    return null;
  }
  if (scopes.length < content.scopes.length)
    look.say(`scopes that name labels that are deleted (${content.scopes.length - scopes.length})`);
  const rules = content.rules.flatMap((rule) => livingRule(rule, look) ?? []);
  const before = ipTablesRulesOf(content);
  const ipTables = before.flatMap((rule) => livingIpTablesRule(rule, look) ?? []);
  const gone = content.rules.length - rules.length + before.length - ipTables.length;
  if (gone > 0)
    look.say(
      `rules of which one side is nobody but workloads, labels or user groups that are deleted (${gone})`,
    );
  const { ip_tables_rules: _, ...rest } = content;
  return {
    ...rest,
    scopes,
    rules,
    ...(ipTables.length === 0 ? {} : { ip_tables_rules: ipTables }),
  };
}

function livingRule(rule: StoredRule, today: Today): StoredRule | null {
  const body = livingSides(rule.body, today);
  if (body === null) return null;
  const { consuming_security_principals: before = [], ...rest } = body;
  const principals = before.filter(({ href }) => !today.isGone(href));
  if (principals.length === before.length) return { ...rule, body };
  if (principals.length === 0) return null;
  return { ...rule, body: { ...rest, consuming_security_principals: principals } };
}

function livingIpTablesRule(rule: StoredIpTablesRule, today: Today): StoredIpTablesRule | null {
  const actors = livingSide(rule.body.actors, today);
  return actors === null ? null : { ...rule, body: { ...rule.body, actors } };
}

function boundary(content: StoredBoundary, look: Looking): StoredBoundary | null {
  const left = livingSides(content, look);
  if (left === null)
    look.say('the whole boundary: one side is nobody but workloads or labels that are deleted');
  return left;
}

function settings(content: StoredFirewallSettings, look: Looking): StoredFirewallSettings {
  const shared = content.firewall_coexistence.flatMap((entry) => {
    const scope = livingEntries(entry.scope, look);
    return scope === null ? [] : [{ ...entry, scope }];
  });
  const scoped = Object.entries(content).flatMap(([member, value]) =>
    member.endsWith('_scopes') ? [[member, livingScopes(value as StoredScopes, look)]] : [],
  );
  const left: StoredFirewallSettings = {
    ...content,
    ...Object.fromEntries(scoped), // each the same member, as scopes
    firewall_coexistence: shared,
  };
  if (JSON.stringify(left) !== JSON.stringify(content))
    look.say('scopes that name labels that are deleted');
  return left;
}
