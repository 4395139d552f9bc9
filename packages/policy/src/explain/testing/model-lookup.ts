/**
 * What `explain` asks of a core, answered from the plain model by looking at everything each time, with the reference evaluator as the
 * one who decides. Tests hold explanations against it; no fleet should.
 */
import { parseSpan, type Address } from '@bulkhead/net';
import { addressesOf, readVpnPools, subnetsOf } from '../../engine/addresses.ts';
import { compileBoundary, compileRuleSet, type CompileContext } from '../../engine/compile.ts';
import { standaloneStates } from '../../engine/states.ts';
import type { PolicyModel, RuleSet } from '../../model.ts';
import { naiveDecide } from '../../naive/naive.ts';
import { sha256Hex } from '../../sha256.ts';
import type { ExplainLookup, ExplainUnit, UnitOrigin } from '../lookup.ts';

export function modelLookup(model: PolicyModel): ExplainLookup {
  const byHref = <T extends { readonly href: string }>(items: readonly T[]) => {
    const map = new Map(items.map((item) => [item.href, item]));
    return (href: string) => map.get(href);
  };
  const objects: CompileContext = {
    label: byHref(model.labels),
    group: byHref(model.labelGroups),
    service: byHref(model.services),
    ipList: byHref(model.ipLists),
    virtualService: byHref(model.virtualServices),
    virtualServices: () => model.virtualServices,
    ...standaloneStates(sha256Hex),
  };
  const origins = new Map<ExplainUnit, UnitOrigin>();
  const inForce: ExplainUnit[] = [];
  const disabled: ExplainUnit[] = [];
  for (const ruleSet of model.ruleSets) {
    for (const unit of compileRuleSet(allEnabled(ruleSet), objects).units) {
      const rule = ruleSet.rules.find((item) => item.href === unit.href);
      if (rule === undefined) continue;
      (ruleSet.enabled && rule.enabled ? inForce : disabled).push(unit);
      origins.set(unit, { kind: 'rule', ruleSet, rule });
    }
  }
  for (const boundary of model.enforcementBoundaries) {
    for (const unit of compileBoundary(boundary, objects).units) {
      inForce.push(unit);
      origins.set(unit, { kind: 'boundary', boundary });
    }
  }
  const pools = readVpnPools(model.firewallSettings.vpnPools);
  return {
    ...objects,
    workload: byHref(model.workloads),
    ipLists: () => model.ipLists,
    ruleSet: byHref(model.ruleSets),
    units: () => [inForce],
    disabledUnits: () => [disabled],
    origin: (unit) => origins.get(unit),
    peersAt: (address, form) =>
      model.workloads
        .toSorted((a, b) => (a.href < b.href ? -1 : 1))
        .flatMap((workload) => {
          const members = form === 'addresses' ? addressesOf(workload) : subnetsOf(workload, pools);
          const member = members.find((text) => spanHolds(text, address));
          return member === undefined ? [] : [{ workload, member }];
        }),
    policyClass: () => ({ workloads: 1, lines: inForce.length }),
    decide: (connection) => naiveDecide(model, connection),
  };
}

function allEnabled(ruleSet: RuleSet): RuleSet {
  const rules = ruleSet.rules.map((rule) => ({ ...rule, enabled: true }));
  return { ...ruleSet, enabled: true, rules };
}

function spanHolds(text: string, { family, value }: Address): boolean {
  const parsed = parseSpan(text);
  if (!parsed.ok) return false;
  return (
    parsed.value.family === family && parsed.value.first <= value && value <= parsed.value.last
  );
}
