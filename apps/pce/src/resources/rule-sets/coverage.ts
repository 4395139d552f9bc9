/** Which rules allow services between groups of hosts, as their sides and services say it. */
import { setImmediate } from 'node:timers/promises';
import type { RuleCoverageItem, RuleCoverageWire } from '@bulkhead/contract';
import { entriesMatch, labelPartMatches } from '../../provisioning/matching.ts';
import { identityOf } from '../../provisioning/references.ts';
import type {
  StoredActor,
  StoredRuleBody,
  StoredScopeEntry,
} from '../../provisioning/stored-content.ts';
import type { RuleSetView } from './entries.ts';
import { opens, type OpenedService, type RuleFacts, type Side } from './rule-facts.ts';

/** An enabled ruleset with its enabled rules. */
export interface CoveringRuleSet {
  readonly view: RuleSetView;
  readonly rules: readonly { readonly href: string; readonly body: StoredRuleBody }[];
}

export interface CoverageFacts extends RuleFacts {
  /** Draft href of the list that holds every address. */
  readonly any: string | null;
}

/** Items that are looked at in one go; other requests are answered in between. */
const SLICE = 10;

export async function coverageOf(
  items: readonly RuleCoverageItem[],
  ruleSets: readonly CoveringRuleSet[],
  facts: CoverageFacts,
): Promise<RuleCoverageWire> {
  const indexes = new Map<string, number>();
  const indexOf = (href: string): number => {
    const index = indexes.get(href) ?? indexes.size;
    indexes.set(href, index);
    return index;
  };
  const edges: number[][][] = [];
  for (const [place, item] of items.entries()) {
    if (place % SLICE === SLICE - 1) await setImmediate();
    const ends = {
      providers: endOf(item.destination, item.resolve_labels_as?.destination, facts),
      consumers: endOf(item.source, item.resolve_labels_as?.source, facts),
    };
    const between = ruleSets.flatMap((ruleSet) => rulesBetween(ends, ruleSet, facts));
    edges.push(
      item.services.map(({ protocol: proto, port }) =>
        between
          .filter(({ body }) =>
            opens(ends.providers.own ?? body.ingress_services, { proto, port }, facts),
          )
          .map(({ href }) => indexOf(href)),
      ),
    );
  }
  return {
    rules: Object.fromEntries([...indexes].map(([href, index]) => [String(index), { href }])),
    edges,
    deny_rules: {},
    deny_edges: [],
    override_deny_rules: {},
    override_deny_edges: [],
  };
}

/** One end of a question. */
interface End {
  /** Labels by which it is matched. */
  readonly labels: ReadonlySet<string> | null;
  /** What its labels stand for. */
  readonly as: readonly ('workloads' | 'virtual_services')[];
  readonly isNamed: (actor: StoredActor) => boolean;
  /** Services of a virtual service, in place of the rule's (PS-9). */
  readonly own: readonly OpenedService[] | null;
}

const NOBODY: End = { labels: null, as: [], isNamed: () => false, own: null };

function endOf(
  end: RuleCoverageItem['source'],
  as: End['as'] | undefined,
  facts: CoverageFacts,
): End {
  if (end.labels !== undefined) {
    const labels = new Set(end.labels.map(({ href }) => identityOf(href)));
    return { ...NOBODY, labels, as: as ?? ['workloads'] };
  }
  if (end.workload !== undefined) {
    const href = identityOf(end.workload.href);
    return {
      ...NOBODY,
      labels: facts.workloads.get(href) ?? null,
      as: ['workloads'],
      isNamed: (actor) => 'workload' in actor && actor.workload.href === href,
    };
  }
  if (end.virtual_service !== undefined) {
    const href = identityOf(end.virtual_service.href);
    const known = facts.virtualServices.get(href);
    return {
      labels: known?.labels ?? null,
      as: ['virtual_services'],
      isNamed: (actor) => 'virtual_service' in actor && actor.virtual_service.href === href,
      own: known?.services ?? [],
    };
  }
  // All Workloads: rules that name them, whatever labels a workload has.
  if (end.actors === 'ams') return { ...NOBODY, labels: new Set(), as: ['workloads'] };
  const list = end.actors === 'all' ? facts.any : identityOf(end.ip_list?.href ?? '');
  return {
    ...NOBODY,
    isNamed: (actor) => 'ip_list' in actor && actor.ip_list.href === list,
  };
}

type Ends = Record<Side, End>;

function rulesBetween(
  ends: Ends,
  { view, rules }: CoveringRuleSet,
  facts: CoverageFacts,
): CoveringRuleSet['rules'] {
  const { scopes } = view.content;
  const places = (scopes.length === 0 ? [[]] : scopes).map((scope) => ({
    providers: isWithin(ends.providers, scope, facts),
    consumers: isWithin(ends.consumers, scope, facts),
  }));
  return rules.filter(({ body }) =>
    // Both ends in one scope (PS-4); consumers may be out of it where the rule says so.
    places.some(
      (within) =>
        isOn('providers', ends.providers, { body, within: within.providers, facts }) &&
        isOn('consumers', ends.consumers, {
          body,
          within: within.consumers || body.unscoped_consumers,
          facts,
        }),
    ),
  );
}

function isWithin(
  { labels }: End,
  scope: readonly StoredScopeEntry[],
  facts: CoverageFacts,
): boolean {
  return labels !== null && entriesMatch(labels, scope, facts);
}

/** What a side names stands for itself; labels count within the scope (PS-3). */
function isOn(
  side: Side,
  end: End,
  {
    body,
    within,
    facts,
  }: { readonly body: StoredRuleBody; readonly within: boolean; readonly facts: CoverageFacts },
): boolean {
  const actors = body[side];
  if (actors.some(end.isNamed)) return true;
  const { labels, as } = end;
  return (
    within &&
    labels !== null &&
    as.some((kind) => body.resolve_labels_as[side].includes(kind)) &&
    labelPartMatches(labels, actors, facts)
  );
}
