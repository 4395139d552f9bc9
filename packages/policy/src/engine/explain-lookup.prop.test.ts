import process from 'node:process';
import { applyToModel, connection, policyChange, policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainConnection } from '../explain/explain.ts';
import { modelLookup } from '../explain/testing/model-lookup.ts';
import type { Explanation } from '../explain/explanation.ts';
import { createPolicyCore } from '../index.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`explain by the core: FAST_CHECK_SEED=${SEED}\n`);

/** Without what only a core knows, and with reasons in one order. */
function comparable(explanation: Explanation): unknown {
  return JSON.parse(
    JSON.stringify(explanation, (key, value: unknown) => {
      if (key === 'policyClass') return undefined;
      if (!Array.isArray(value)) return value;
      return value.map((item) => JSON.stringify(item)).sort();
    }),
  );
}

test('a core explains as the objects alone do, after any history', { timeout: 60_000 }, () => {
  const asked = policyModel().chain((start) =>
    fc.array(policyChange(), { maxLength: 6 }).chain((changes) => {
      const model = changes.reduce(applyToModel, start);
      return fc.record({
        start: fc.constant(start),
        changes: fc.constant(changes),
        connections: fc.array(connection(model), { minLength: 20, maxLength: 20 }),
      });
    }),
  );
  fc.assert(
    fc.property(asked, ({ start, changes, connections }) => {
      const core = createPolicyCore(start);
      core.change(changes);
      const lookup = modelLookup(changes.reduce(applyToModel, start));
      for (const item of connections) {
        expect(comparable(core.explain(item))).toEqual(comparable(explainConnection(item, lookup)));
      }
    }),
    { seed: SEED, numRuns: 150 },
  );
});
