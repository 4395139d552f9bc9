import process from 'node:process';
import { formatSpan, joinSpans, parseSpan } from '@bulkhead/net';
import {
  applyToModel,
  connection,
  EMPTY_MODEL,
  policyChange,
  PolicyMirror,
  policyModel,
} from '@bulkhead/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changesOf,
  createPolicyCore,
  naiveDecide,
  naivePeers,
  RULE_SIDES,
  type Decision,
  type EndDecision,
  type PolicyChange,
  type PolicyCore,
  type PolicyModel,
} from './index.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`policy core properties: FAST_CHECK_SEED=${SEED}\n`);

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

const step = fc.array(policyChange(), { minLength: 1, maxLength: 3 });
const history = fc.record({ start: policyModel(), steps: fc.array(step, { maxLength: 12 }) });

function after(start: PolicyModel, steps: readonly (readonly PolicyChange[])[]): PolicyModel {
  return steps.flat().reduce(applyToModel, start);
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
        const core = createPolicyCore(model);
        for (const item of connections) {
          expect(sorted(core.decide(item))).toEqual(sorted(naiveDecide(model, item)));
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('programs each host with the peers that the reference evaluator names', () => {
    fc.assert(
      fc.property(policyModel(), (model) => {
        const core = createPolicyCore(model);
        const statements = [
          ...model.ruleSets.flatMap((item) => item.rules),
          ...model.enforcementBoundaries,
        ];
        for (const workload of model.workloads) {
          for (const { href } of statements) {
            for (const side of RULE_SIDES) {
              const of = { href, side };
              expect(
                { workload: workload.href, of, peers: programmedPeers(core, workload.href, of) },
                'peers of a rule',
              ).toEqual({ workload: workload.href, of, peers: naivePeers(model, workload, of) });
            }
          }
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('is after any history what it would be from scratch', () => {
    fc.assert(
      fc.property(history, ({ start, steps }) => {
        const core = createPolicyCore(start);
        for (const changes of steps) core.apply(changes);
        const model = after(start, steps);
        const fresh = createPolicyCore(model);
        expect(enforced(core, model)).toEqual(enforced(fresh, model));
        expect(core.sizes()).toEqual(fresh.sizes());
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  test('is known in full to whoever replays its deltas', () => {
    fc.assert(
      fc.property(history, ({ start, steps }) => {
        const core = createPolicyCore();
        const mirror = new PolicyMirror();
        let model = EMPTY_MODEL;
        for (const changes of [changesOf(start), ...steps]) {
          mirror.apply(core.apply(changes));
          model = changes.reduce(applyToModel, model);
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
      }),
      { seed: SEED, numRuns: 600 },
    );
  });

  test('moves nothing when a change says what is already so', () => {
    fc.assert(
      fc.property(history, ({ start, steps }) => {
        const core = createPolicyCore(start);
        for (const changes of steps) core.apply(changes);
        const again = changesOf(after(start, steps));
        expect(core.apply(again)).toEqual({ policies: [], sets: [] });
      }),
      { seed: SEED, numRuns: 300 },
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
      { seed: SEED, numRuns: 400 },
    );
  });

  test('leaves nothing behind when everything is taken away', () => {
    fc.assert(
      fc.property(history, ({ start, steps }) => {
        const core = createPolicyCore(start);
        for (const changes of steps) core.apply(changes);
        // values of null for every object, whatever its type
        const removals = changesOf(after(start, steps)).map(
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
      { seed: SEED, numRuns: 200 },
    );
  });
});
