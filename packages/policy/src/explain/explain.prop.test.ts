import process from 'node:process';
import { parseAddress, parseSpan } from '@bulkhead/net';
import { connection, policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../decision.ts';
import { fqdnMatches } from '../fqdn.ts';
import type { PolicyModel, Workload } from '../model.ts';
import { naiveDecide } from '../naive/naive.ts';
import { servicesMatch } from '../services.ts';
import { EndContext } from './context.ts';
import { explainConnection } from './explain.ts';
import type {
  DecidedEnd,
  Explanation,
  FailingCondition,
  MatchedCondition,
  MatchReason,
  StatementMatch,
} from './explanation.ts';
import { failingConditions } from './failing.ts';
import { modelLookup } from './testing/model-lookup.ts';
import { followed } from './testing/follow.ts';
import { failsByDisabled, NEVER, weigh } from './weigh.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`explain properties: FAST_CHECK_SEED=${SEED}\n`);

const asked = policyModel().chain((model) =>
  fc.record({
    model: fc.constant(model),
    connections: fc.array(connection(model), { minLength: 20, maxLength: 20 }),
  }),
);

type Direction = 'outbound' | 'inbound';
const DIRECTIONS: readonly Direction[] = ['outbound', 'inbound'];

function decidedEnds({ ends }: Explanation): { direction: Direction; end: DecidedEnd }[] {
  return DIRECTIONS.flatMap((direction) => {
    const end = ends[direction];
    return end.kind === 'decided' ? [{ direction, end }] : [];
  });
}

function hrefs(items: readonly { readonly href: string }[]): string[] {
  return [...new Set(items.map(({ href }) => href))].toSorted();
}

/** Calls `check` for each end that has a say, of many connections in many models. */
function forEachEnd(
  check: (of: {
    model: PolicyModel;
    connection: Connection;
    direction: Direction;
    end: DecidedEnd;
  }) => void,
  numRuns = 120,
): void {
  fc.assert(
    fc.property(asked, ({ model, connections }) => {
      const find = modelLookup(model);
      for (const item of connections) {
        for (const decided of decidedEnds(explainConnection(item, find))) {
          check({ model, connection: item, ...decided });
        }
      }
    }),
    { seed: SEED, numRuns },
  );
}

/** Every allow rule within each of its scopes, by how it fails at the end; not those that make nobody a member there. */
function allFailing(model: PolicyModel, item: Connection, direction: Direction) {
  const find = modelLookup(model);
  const decided = naiveDecide(model, item)[direction];
  const href = (direction === 'inbound' ? item.destination : item.source).workload;
  const own = model.workloads.find((workload) => workload.href === href);
  if (decided === null || own === undefined) return [];
  const ownSide = direction === 'inbound' ? 'providers' : 'consumers';
  const ctx = new EndContext(find, item, { decided, own, ownSide });
  return [...find.units(), ...find.disabledUnits(() => true)].flat().flatMap((unit) => {
    const origin = find.origin(unit);
    if (origin === undefined) return [];
    const weight = weigh(unit, ctx) + failsByDisabled(origin);
    if (weight === NEVER) return [];
    const within = ctx.within(unit);
    const failing = failingConditions(unit, origin, ctx);
    return [{ href: unit.href, scopeIndex: unit.scopeIndex, weight, within, failing }];
  });
}

function suggestionsOf(end: DecidedEnd) {
  return end.nearest.flatMap((nearest) =>
    nearest.failing.flatMap((condition) => {
      const { suggestion } = condition;
      return suggestion === null ? [] : [{ nearest, condition, suggestion }];
    }),
  );
}

function sameCondition(left: FailingCondition, right: FailingCondition): boolean {
  const identity = (condition: FailingCondition) =>
    JSON.stringify([
      condition.kind,
      'side' in condition ? condition.side : null,
      'key' in condition ? condition.key : null,
      condition.kind === 'disabled' ? condition.what.href : null,
    ]);
  return identity(left) === identity(right);
}

function contains(range: string | null, address: string): boolean {
  const span = range === null ? null : parseSpan(range);
  const at = parseAddress(address);
  if (span?.ok !== true || at === null) return false;
  const { family, first, last } = span.value;
  return family === at.family && first <= at.value && at.value <= last;
}

function labelsOfGroup(model: PolicyModel, href: string, above: readonly string[] = []): string[] {
  const group = model.labelGroups.find((item) => item.href === href);
  if (group === undefined || above.includes(href)) return [];
  const within = [...above, href];
  return [...group.labels, ...group.subGroups.flatMap((sub) => labelsOfGroup(model, sub, within))];
}

/** Whether a workload's labels are as each condition says. */
function meets(
  model: PolicyModel,
  workload: Workload | undefined,
  conditions: readonly MatchedCondition[],
): boolean {
  const labels = workload?.labels ?? [];
  return conditions.every(({ key, test: how, label, through }) => {
    const ofKey = model.labels.filter((item) => item.key === key && labels.includes(item.href));
    if (label === null) return how === 'not' && ofKey.length === 0;
    const brought = through === null || labelsOfGroup(model, through.href).includes(label.href);
    return ofKey.some((item) => item.href === label.href) && brought;
  });
}

function isOwnReasonTrue(model: PolicyModel, end: DecidedEnd, reason: MatchReason): boolean {
  const own = model.workloads.find(({ href }) => href === end.workload.href);
  switch (reason.kind) {
    case 'ams':
    case 'label':
      return reason.workload.href === own?.href && meets(model, own, reason.conditions);
    case 'workload':
      return reason.workload.href === own?.href;
    case 'virtual_service':
      return model.virtualServices.some(
        (item) =>
          item.href === reason.virtualService.href && item.workloads.includes(end.workload.href),
      );
    case 'subnet':
    case 'ip_list':
      return false;
  }
}

function isPeerReasonTrue(
  model: PolicyModel,
  { address, fqdn }: Connection['source'],
  reason: MatchReason,
): boolean {
  const holder = (href: string | undefined) =>
    model.workloads.find((item) => item.href === href && item.online);
  const isPeer = (href: string | undefined) =>
    holder(href)?.interfaces.some(
      (entry) =>
        entry.networkProfile === 'corporate' &&
        entry.addresses.some((own) => own.address === address),
    ) === true;
  switch (reason.kind) {
    case 'ip_list': {
      const list = model.ipLists.find(({ href }) => href === reason.ipList.href);
      const { range, fqdn: pattern } = reason;
      const named =
        pattern !== null &&
        list?.fqdns.includes(pattern) === true &&
        fqdnMatches(pattern, fqdn ?? '');
      return named || contains(range, address);
    }
    case 'virtual_service':
      return reason.workload === null
        ? contains(reason.range, address)
        : isPeer(reason.workload.href);
    case 'subnet': {
      const { network, workload, conditions } = reason;
      return contains(network, address) && meets(model, holder(workload.href), conditions);
    }
    case 'workload':
      return isPeer(reason.workload.href);
    case 'ams':
    case 'label':
      // by Use Workload Subnets, an interface may stand for itself alone
      return (
        isPeer(reason.workload.href) &&
        meets(model, holder(reason.workload.href), reason.conditions)
      );
  }
}

/** Whether the entry that is said to match does; a consumer is held to protocol and port alone. */
function fits({ service }: StatementMatch, item: Connection, direction: Direction): boolean {
  const { process: _program, windowsService: _name, ...traffic } = service.port;
  const entry = direction === 'inbound' ? service.port : traffic;
  const { process: program, windowsService } = item.destination;
  return servicesMatch([entry], { ...item, process: program, windowsService });
}

describe('an explanation', { timeout: 180_000 }, () => {
  test('says what the decision says, end by end, and names its rules and boundaries (PS-10, PS-42, PS-43)', () => {
    fc.assert(
      fc.property(asked, ({ model, connections }) => {
        const find = modelLookup(model);
        for (const item of connections) {
          const explanation = explainConnection(item, find);
          const decision = naiveDecide(model, item);
          expect(explanation.decision).toEqual(decision);
          for (const direction of DIRECTIONS) {
            const said = decision[direction];
            const end = explanation.ends[direction];
            expect(end.kind).toBe(said === null ? 'no_say' : 'decided');
            if (said === null || end.kind === 'no_say') continue;
            expect(hrefs(end.rules)).toEqual(hrefs(said.rules));
            expect(hrefs(end.boundaries)).toEqual(hrefs(said.boundaries));
            expect(end.nearest.length > 0 || end.suggestion !== null).toBe(
              said.decision !== 'allowed',
            );
          }
        }
      }),
      { seed: SEED, numRuns: 120 },
    );
  });

  test('is plain JSON, complete in itself', () => {
    forEachEnd(({ end }) => {
      expect(JSON.parse(JSON.stringify(end))).toEqual(end);
    }, 30);
  });

  test('gives reasons that are true: the label is on the workload, the range holds the address, the entry fits (PS-1 to PS-9, PS-22)', () => {
    forEachEnd(({ model, connection: item, direction, end }) => {
      for (const match of [...end.rules, ...end.boundaries]) {
        const { providers, consumers } = match;
        const [own, peers] =
          direction === 'inbound' ? [providers, consumers] : [consumers, providers];
        const peerEnd = direction === 'inbound' ? item.source : item.destination;
        const context = JSON.stringify({ item, direction, match });
        expect(providers.length * consumers.length, context).toBeGreaterThan(0);
        expect(
          own.every((reason) => isOwnReasonTrue(model, end, reason)),
          context,
        ).toBe(true);
        expect(
          peers.every((reason) => isPeerReasonTrue(model, peerEnd, reason)),
          context,
        ).toBe(true);
        expect(fits(match, item, direction), context).toBe(true);
      }
    });
  });

  test('tells of the nearest rules, each once: fewest failing conditions, then the own scope, then the href', () => {
    forEachEnd(({ model, connection: item, direction, end }) => {
      if (end.decision === 'allowed') return;
      const all = allFailing(model, item, direction);
      for (const { weight, failing } of all) {
        expect(failing.length).toBe(weight);
        expect(weight).toBeGreaterThan(0);
      }
      const sorted = all.toSorted(
        (a, b) =>
          a.weight - b.weight ||
          Number(b.within) - Number(a.within) ||
          (a.href < b.href ? -1 : Number(a.href > b.href)) ||
          a.scopeIndex - b.scopeIndex,
      );
      const once = sorted.filter(
        ({ href }, at) => sorted.findIndex((other) => other.href === href) === at,
      );
      expect(end.nearest.map(({ href, scope }) => [href, scope?.index])).toEqual(
        once.slice(0, 3).map(({ href, scopeIndex }) => [href, scopeIndex]),
      );
      for (const [at, { failing }] of end.nearest.entries()) {
        expect(failing).toEqual(once[at]?.failing);
      }
    });
  });

  test('suggests what lets the one condition hold, and where it is the only one, lets the end allow', () => {
    let alone = 0;
    let together = 0;
    forEachEnd(({ model, connection: item, direction, end }) => {
      for (const { nearest, condition, suggestion } of suggestionsOf(end)) {
        const only = nearest.failing.length === 1;
        if (only) alone += 1;
        else together += 1;
        for (const changed of followed(model, suggestion)) {
          const context = JSON.stringify({ item, direction, nearest, condition });
          const left = allFailing(changed, item, direction)
            .filter(
              ({ href, scopeIndex }) =>
                href === nearest.href && scopeIndex === nearest.scope?.index,
            )
            .flatMap(({ failing }) => failing)
            .filter((other) => sameCondition(other, condition));
          expect(left, context).toEqual([]);
          const now = naiveDecide(changed, item)[direction];
          expect(only ? now?.decision : 'allowed', context).toBe('allowed');
        }
      }
    }, 200);
    expect(alone).toBeGreaterThan(100);
    expect(together).toBeGreaterThan(200);
  });

  test('suggests a new rule that lets the end allow, whatever else there is', () => {
    let seen = 0;
    forEachEnd(({ model, connection: item, direction, end }) => {
      if (end.suggestion?.kind !== 'new_rule') return;
      for (const changed of followed(model, end.suggestion)) {
        seen += 1;
        const now = naiveDecide(changed, item)[direction];
        expect(now?.decision, JSON.stringify({ item, direction, end })).toBe('allowed');
      }
    });
    expect(seen).toBeGreaterThan(100);
  });
});
