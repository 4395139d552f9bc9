/** What `explain` asks, answered by the engine's own state. */
import { formatAddress, parseSpan, spansHold, type Address } from '@bulkhead/net';
import type { ExplainLookup, ExplainUnit, PeerAt, UnitOrigin } from '../explain/lookup.ts';
import type { Connection, Decision } from '../decision.ts';
import type { Rule, RuleSet } from '../model.ts';
import { addressesOf, readVpnPools, subnetsOf } from './addresses.ts';
import { compileRuleSet } from './compile.ts';
import type { ObjectStore } from './objects.ts';
import { standaloneStates } from './states.ts';
import type { TextTable } from './text-table.ts';
import type { InternedPolicy, Unit, WorkloadState } from './graph.ts';

export interface ExplainSources {
  readonly objects: ObjectStore;
  readonly placed: TextTable<WorkloadState>;
  readonly digest: (text: string) => string;
  readonly policyOf: (item: WorkloadState) => InternedPolicy | null;
  readonly decide: (connection: Connection) => Decision;
}

export function explainLookup(sources: ExplainSources): ExplainLookup {
  const { objects, placed, digest, policyOf, decide } = sources;
  const rulesOf = new Map<RuleSet, ReadonlyMap<string, Rule>>();
  const ruleIn = (ruleSet: RuleSet, href: string): Rule | undefined => {
    let rules = rulesOf.get(ruleSet);
    if (rules === undefined) {
      rules = new Map(ruleSet.rules.map((rule) => [rule.href, rule]));
      rulesOf.set(ruleSet, rules);
    }
    return rules.get(href);
  };
  const pools = readVpnPools(objects.settings.vpnPools);
  return {
    label: objects.label,
    group: objects.group,
    service: objects.service,
    ipList: objects.ipList,
    virtualService: objects.virtualService,
    ruleSet: objects.ruleSet,
    ipLists: objects.allIpLists,
    workload: (href) => placed.get(href)?.workload,
    units: () => objects.units(),
    disabledUnits: (isWanted) => disabledUnits(objects, digest, isWanted),
    origin: ({ href, ruleSet }: ExplainUnit): UnitOrigin | undefined => {
      if (ruleSet === null) {
        const boundary = objects.boundary(href);
        return boundary && { kind: 'boundary', boundary };
      }
      const owner = objects.ruleSet(ruleSet);
      const rule = owner && ruleIn(owner, href);
      return owner && rule && { kind: 'rule', ruleSet: owner, rule };
    },
    peersAt: (address, form) => {
      const found: PeerAt[] = [];
      const host = formatAddress(address);
      for (const { workload } of placed.values()) {
        const members = form === 'addresses' ? addressesOf(workload) : subnetsOf(workload, pools);
        const member = members.find((text) => text === host || holds(text, address));
        if (member !== undefined) found.push({ workload, member });
      }
      return found.sort((a, b) => (a.workload.href < b.workload.href ? -1 : 1));
    },
    policyClass: (href) => {
      const item = placed.get(href);
      if (item === undefined) return { workloads: 0, lines: 0 };
      const lines = policyOf(item)?.policy.rules.length ?? 0;
      return { workloads: item.state.workloads.length, lines };
    },
    decide,
  };
}

/** Rules that are disabled, or whose ruleset is, compiled as if they were not, apart from what is in force. */
function* disabledUnits(
  objects: ObjectStore,
  digest: (text: string) => string,
  isWanted: (ruleSet: RuleSet, rule: Rule) => boolean,
): Iterable<readonly Unit[]> {
  const { label, group, service, ipList, virtualService, virtualServices } = objects;
  const find = { label, group, service, ipList, virtualService, virtualServices };
  const states = standaloneStates(digest);
  for (const ruleSet of objects.allRuleSets()) {
    const rules = ruleSet.rules.filter(
      (rule) => (!ruleSet.enabled || !rule.enabled) && isWanted(ruleSet, rule),
    );
    if (rules.length === 0) continue;
    const enabled = rules.map((rule) => ({ ...rule, enabled: true }));
    const asIf = { ...ruleSet, enabled: true, rules: enabled, ipTablesRules: [] };
    yield compileRuleSet(asIf, { ...find, ...states }).units;
  }
}

function holds(text: string, address: Address): boolean {
  if (!text.includes('/')) return false;
  const parsed = parseSpan(text);
  return parsed.ok && spansHold([parsed.value], address);
}
