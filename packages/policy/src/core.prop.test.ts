import process from 'node:process';
import { formatSpan, joinSpans, parseSpan } from '@bulkhead/net';
import {
  applyToModel,
  changesOfStep,
  connection,
  EMPTY_MODEL,
  policyHistory,
  PolicyMirror,
  policyModel,
  type PolicyHistory,
} from '@bulkhead/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changesOf,
  createPolicyCore,
  naiveDecide,
  naivePeers,
  RULE_SIDES,
  type Connection,
  type Decision,
  type EndDecision,
  type PolicyChange,
  type PolicyCore,
  type PolicyModel,
} from './index.ts';
import { naiveHostSettings } from './naive/settings.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`policy core properties: FAST_CHECK_SEED=${SEED}\n`);
/** How many times as many policies as usual are tried, for a long look. */
const TIMES = Number(process.env['FAST_CHECK_TIMES'] ?? 1);
const runs = (usual: number) => ({ seed: SEED, numRuns: usual * TIMES });

/** Reasons in one order: the order in which rules are found is nobody's business. */
function sorted(decision: Decision): Decision {
  const end = (one: EndDecision | null) =>
    one && {
      ...one,
      rules: one.rules.toSorted((a, b) => (a.href < b.href ? -1 : 1)),
      boundaries: one.boundaries.toSorted((a, b) => (a.href < b.href ? -1 : 1)),
    };
  return { ...decision, outbound: end(decision.outbound), inbound: end(decision.inbound) };
}

/** What every managed workload enforces, with the members of the sets in place of their names. */
function enforced(core: PolicyCore, model: PolicyModel) {
  return model.workloads
    .map(({ href }) => ({
      href,
      policy: core.hostPolicy(href),
      sets: core.setsOf(href).map((id) => core.addressSet(id)),
    }))
    .toSorted((a, b) => (a.href < b.href ? -1 : 1));
}

/** Addresses that a host is programmed with as one side of a rule, as disjoint spans. */
function programmedPeers(core: PolicyCore, workload: string, of: { href: string; side: string }) {
  const direction = of.side === 'providers' ? 'outbound' : 'inbound';
  const rules = core.hostPolicy(workload)?.rules ?? [];
  const ids = rules
    .filter((rule) => rule.origin.href === of.href && rule.direction === direction)
    .flatMap((rule) => rule.peers);
  const spans = ids.flatMap((id) => {
    const set = core.addressSet(id);
    return [...(set?.hosts ?? []), ...(set?.ranges ?? [])].flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [parsed.value] : [];
    });
  });
  return joinSpans(spans).map(formatSpan);
}

/** The rules and boundaries whose peers hosts are programmed with, as the reference evaluator names them. */
function expectPeersOfNaive(core: PolicyCore, model: PolicyModel): void {
  const items = [...model.ruleSets.flatMap((item) => item.rules), ...model.enforcementBoundaries];
  for (const workload of model.workloads) {
    for (const { href } of items) {
      for (const side of RULE_SIDES) {
        const of = { href, side };
        expect(
          { workload: workload.href, of, peers: programmedPeers(core, workload.href, of) },
          'peers of a rule',
        ).toEqual({ workload: workload.href, of, peers: naivePeers(model, workload, of) });
      }
    }
  }
}

/** What hosts are told beside their rules. */
function expectSettingsOfNaive(core: PolicyCore, model: PolicyModel): void {
  for (const workload of model.workloads) {
    const policy = core.hostPolicy(workload.href);
    const told = policy && {
      ipv6Mode: policy.ipv6Mode,
      firewallCoexistence: policy.firewallCoexistence,
      blockedConnectionAction: policy.blockedConnectionAction,
      ipTablesRules: policy.ipTablesRules,
    };
    expect(told, workload.href).toEqual(naiveHostSettings(model, workload));
  }
}

function expectDecisionsOfNaive(core: PolicyCore, model: PolicyModel, asked: Connection[]): void {
  for (const item of asked) {
    expect(sorted(core.decide(item))).toEqual(sorted(naiveDecide(model, item)));
  }
}

/** Every state of a history, the changes that led there, from nothing on. */
function* statesOf({ start, steps }: PolicyHistory) {
  const past: [PolicyModel, ...PolicyModel[]] = [EMPTY_MODEL];
  let changes: readonly PolicyChange[] = changesOf(start);
  for (let at = 0; ; at += 1) {
    const model = changes.reduce(applyToModel, past.at(-1) ?? EMPTY_MODEL);
    past.push(model);
    yield { changes, model };
    const step = steps[at];
    if (step === undefined) return;
    changes = changesOfStep(step, past);
  }
}

/** A core after a history, and the model that it holds then. */
function grown(history: PolicyHistory): { core: PolicyCore; model: PolicyModel } {
  const core = createPolicyCore();
  let last = EMPTY_MODEL;
  for (const { changes, model } of statesOf(history)) {
    core.apply(changes);
    last = model;
  }
  return { core, model: last };
}

function expectMirrored(mirror: PolicyMirror, core: PolicyCore, model: PolicyModel): void {
  const hosts = enforced(core, model);
  const named = new Set(hosts.flatMap(({ href }) => core.setsOf(href)));
  mirror.keepOnly(named);
  for (const { href, policy } of hosts) expect(mirror.hashes.get(href)).toBe(policy?.hash);
  expect(mirror.hashes.size).toBe(hosts.filter(({ policy }) => policy).length);
  for (const id of named) {
    const set = core.addressSet(id);
    const members = [...(set?.hosts ?? []), ...(set?.ranges ?? [])].toSorted();
    expect(mirror.members(id)).toEqual(members);
  }
}

describe('the policy core', { timeout: 120_000 }, () => {
  test('decides every connection as the reference evaluator does', () => {
    const asked = policyModel().chain((model) =>
      fc.record({
        model: fc.constant(model),
        connections: fc.array(connection(model), { minLength: 60, maxLength: 60 }),
      }),
    );
    fc.assert(
      fc.property(asked, ({ model, connections }) => {
        expectDecisionsOfNaive(createPolicyCore(model), model, connections);
      }),
      runs(250),
    );
  });

  test('programs each host with the peers and settings that the reference evaluator names', () => {
    fc.assert(
      fc.property(policyModel(), (model) => {
        const core = createPolicyCore(model);
        expectPeersOfNaive(core, model);
        expectSettingsOfNaive(core, model);
      }),
      runs(200),
    );
  });

  test('is after every step of a history what it would be from scratch, and what its deltas say', () => {
    fc.assert(
      fc.property(policyHistory(), (history) => {
        const core = createPolicyCore();
        const mirror = new PolicyMirror();
        for (const { changes, model } of statesOf(history)) {
          mirror.apply(core.apply(changes));
          const fresh = createPolicyCore(model);
          expect(enforced(core, model)).toEqual(enforced(fresh, model));
          expect(core.sizes()).toEqual(fresh.sizes());
          expectMirrored(mirror, core, model);
        }
      }),
      runs(200),
    );
  });

  test('is after every step of a history what the reference evaluator says', () => {
    const asked = fc.record({ history: policyHistory(), seed: fc.nat() });
    fc.assert(
      fc.property(asked, ({ history, seed }) => {
        const core = createPolicyCore();
        for (const { changes, model } of statesOf(history)) {
          core.apply(changes);
          const connections = fc.sample(connection(model), { seed, numRuns: 12 });
          expectDecisionsOfNaive(core, model, connections);
          expectPeersOfNaive(core, model);
          expectSettingsOfNaive(core, model);
        }
      }),
      runs(100),
    );
  });

  test('knows what it holds, and who names a set', () => {
    const everything = (model: PolicyModel) =>
      changesOf(model).map((change) => JSON.stringify(change));
    fc.assert(
      fc.property(policyHistory(), (history) => {
        const { core, model } = grown(history);
        expect(everything(core.model()).toSorted()).toEqual(everything(model).toSorted());
        const hosts = model.workloads.map(({ href }) => href).toSorted();
        for (const id of new Set(hosts.flatMap((href) => core.setsOf(href)))) {
          const naming = hosts.filter((href) => core.setsOf(href).includes(id));
          expect(core.workloadsNaming(id)).toEqual(naming);
        }
      }),
      runs(100),
    );
  });

  test('moves nothing when a change says what is already so', () => {
    fc.assert(
      fc.property(policyHistory(), (history) => {
        const { core, model } = grown(history);
        expect(core.apply(changesOf(model))).toEqual({ policies: [], sets: [] });
      }),
      runs(100),
    );
  });

  test('does not depend on the order in which objects arrive, or how they are batched', () => {
    const shuffled = policyModel().chain((model) => {
      const changes = changesOf(model);
      return fc.record({
        model: fc.constant(model),
        order: fc.shuffledSubarray(changes, { minLength: changes.length }),
        batch: fc.integer({ min: 1, max: 5 }),
      });
    });
    fc.assert(
      fc.property(shuffled, ({ model, order, batch }) => {
        const core = createPolicyCore();
        for (let at = 0; at < order.length; at += batch) core.apply(order.slice(at, at + batch));
        expect(enforced(core, model)).toEqual(enforced(createPolicyCore(model), model));
      }),
      runs(150),
    );
  });

  test('leaves nothing behind when everything is taken away', () => {
    fc.assert(
      fc.property(policyHistory(), (history) => {
        const { core, model } = grown(history);
        // values of null for every object, whatever its type
        const removals = changesOf(model).map(
          (change) => ({ ...change, value: null }) as PolicyChange,
        );
        core.apply(removals);
        expect(core.sizes()).toEqual({
          workloads: 0,
          classes: 0,
          selectors: 0,
          policies: 0,
          sets: 0,
          members: 0,
        });
      }),
      runs(100),
    );
  });
});
