import type { AddressSet, AddressSetDelta, HostRule } from '@bulkhead/policy';
import fc from 'fast-check';
import type { PlanInput } from '../plan/build-plan.ts';
import { aPolicy, aRule, protocol, setsOf, someFacts, tcp, udp } from './fixtures.ts';

/** More sets than are looked up one by one, so that there are unions of them, and unions of unions. */
const SETS = 70;
const ALIKE = 40;
const SERVICES = [[tcp(443)], [tcp(443), udp(53)], [tcp(400, 500), tcp(8000)], [protocol(-1)]];

const part = fc.integer({ min: 0, max: 3 });
const host = fc.oneof(
  fc.tuple(part, part).map(([one, other]) => `10.0.${one}.${other}`),
  part.map((last) => `2001:db8::${last}`),
);
/** By set disjoint: one of the ways to cut a small space. */
const ranges = fc.oneof(
  fc.subarray(['10.0.0.0/31', '10.0.0.2/31', '10.0.1.0/30', '2001:db8::/127']),
  fc.subarray(['10.0.0.0/24', '10.0.1.1-10.0.2.2', '2001:db8::1-2001:db8::2']),
  fc.constantFrom(['0.0.0.0/0'], ['::/0', '10.0.0.1-10.0.3.2'], []),
);

const addressSet = fc.record({ hosts: fc.uniqueArray(host, { maxLength: 3 }), ranges });

/** Full enforcement with a rule for each of 70 sets, and boundaries beside them. */
export const manySets: fc.Arbitrary<PlanInput> = fc
  .record({
    contents: fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant({ hosts: [], ranges: [] }) }, addressSet),
      {
        minLength: SETS,
        maxLength: SETS,
      },
    ),
    services: fc.array(fc.constantFrom(...SERVICES), { minLength: SETS, maxLength: SETS }),
    denied: fc.subarray(Array.from({ length: SETS - ALIKE }, (_, index) => ALIKE + index)),
    stateless: fc.boolean(),
  })
  .map(({ contents, services, denied, stateless }) => {
    const rules = contents.map((_, index): HostRule =>
      aRule({
        peers: [`s${index}`, `s${(index * 7) % SETS}`],
        services: (index < ALIKE ? SERVICES[0] : services[index]) ?? [],
        action: denied.includes(index) ? 'deny' : 'allow',
        stateless: stateless && !denied.includes(index),
        origin: { href: `/orgs/1/r/${index}`, version: 1 },
      }),
    );
    return {
      policy: aPolicy({ rules }),
      sets: setsOf(
        ...contents.map((content, index): AddressSet => ({ id: `s${index}`, ...content })),
      ),
      host: someFacts(),
    };
  });

/** Deltas of these sets as the core makes them: the whole of what a set holds changes from one content to another. */
export const contentsOfSet: fc.Arbitrary<AddressSet> = fc
  .tuple(fc.nat(SETS - 1), addressSet)
  .map(([index, content]) => ({ id: `s${index}`, ...content }));

export function deltaBetween(before: Omit<AddressSet, 'id'>, after: AddressSet): AddressSetDelta {
  const without = (texts: readonly string[], others: readonly string[]) =>
    texts.filter((text) => !others.includes(text));
  return {
    id: after.id,
    addHosts: without(after.hosts, before.hosts),
    removeHosts: without(before.hosts, after.hosts),
    addRanges: without(after.ranges, before.ranges),
    removeRanges: without(before.ranges, after.ranges),
  };
}
