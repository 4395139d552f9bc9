import process from 'node:process';
import {
  applyToModel,
  EMPTY_MODEL,
  policyChange,
  PolicyMirror,
  policyModel,
} from '@bulkhead/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changesOf, createPolicyCore, type PolicyCore } from '../index.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
const TIMES = Number(process.env['FAST_CHECK_TIMES'] ?? 1);
process.stdout.write(`deltas: FAST_CHECK_SEED=${SEED}\n`);

/** Steps, each told or not, and each followed by questions or not. */
const step = fc.record({
  changes: fc.array(policyChange(), { minLength: 1, maxLength: 3 }),
  told: fc.boolean(),
  asked: fc.boolean(),
});

function expectMirrored(core: PolicyCore, mirror: PolicyMirror, hosts: readonly string[]): void {
  const named = new Set(hosts.flatMap((href) => core.setsOf(href)));
  mirror.keepOnly(named);
  for (const href of hosts) expect(mirror.hashes.get(href)).toBe(core.hostPolicy(href)?.hash);
  for (const id of named) {
    const set = core.addressSet(id);
    const members = [...(set?.hosts ?? []), ...(set?.ranges ?? [])].toSorted();
    expect(mirror.members(id)).toEqual(members);
  }
}

function expectFresh(core: PolicyCore, fresh: PolicyCore, hosts: readonly string[]): void {
  for (const href of hosts) {
    expect(core.hostPolicy(href)).toEqual(fresh.hostPolicy(href));
    for (const id of core.setsOf(href)) {
      expect(core.addressSet(id)).toEqual(fresh.addressSet(id));
    }
  }
}

test('a core may take several steps before it tells of them, and be asked in between', () => {
  fc.assert(
    fc.property(policyModel(), fc.array(step, { maxLength: 14 }), (start, steps) => {
      const core = createPolicyCore();
      const mirror = new PolicyMirror();
      mirror.apply(core.apply(changesOf(start)));
      let model = changesOf(start).reduce(applyToModel, EMPTY_MODEL);
      for (const { changes, told, asked } of [...steps, { changes: [], told: true, asked: true }]) {
        core.change(changes);
        model = changes.reduce(applyToModel, model);
        const hosts = model.workloads.map(({ href }) => href);
        if (asked) expectFresh(core, createPolicyCore(model), hosts);
        if (!told) continue;
        mirror.apply(core.takeDelta());
        expectMirrored(core, mirror, hosts);
      }
    }),
    { seed: SEED, numRuns: 150 * TIMES },
  );
}, 60_000);
