import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEvaluator } from '../evaluate/evaluate-plan.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { planInput, planPacket } from '../testing/arbitraries.ts';
import { runTable } from '../testing/run-table.ts';
import { buildTable } from './build-table.ts';

test('the table of any plan does and logs what the plan says', () => {
  fc.assert(
    fc.property(
      planInput,
      fc.array(planPacket, { minLength: 20, maxLength: 20 }),
      (input, packets) => {
        const plan = buildPlan(input);
        const table = buildTable(plan);
        const evaluate = createEvaluator(plan);
        for (const packet of packets) {
          // The kernel knows a name by its addresses only.
          const decision = evaluate({ ...packet, remoteName: null });
          const { action, logPrefix } = runTable(table, packet);
          expect({ packet, action, logPrefix }).toEqual({
            packet,
            action: decision?.action ?? 'accept',
            logPrefix: decision?.logPrefix ?? null,
          });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('every log prefix of a table is in the index of its plan and says its decision', () => {
  fc.assert(
    fc.property(planInput, (input) => {
      const plan = buildPlan(input);
      const prefixes = buildTable(plan).chains.flatMap((chain) =>
        chain.rules.flatMap(({ log }) => (log !== null && 'group' in log ? [log.prefix] : [])),
      );
      for (const prefix of prefixes) {
        const entry = plan.logIndex.get(prefix);
        expect(prefix.length).toBeLessThanOrEqual(127);
        expect(prefix.slice(0, 7)).toBe(`bh:${entry?.decision[0]}:${entry?.direction[0]}:`);
      }
    }),
  );
});
