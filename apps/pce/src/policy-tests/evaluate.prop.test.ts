import process from 'node:process';
import {
  createPolicyCore,
  judgeDecision,
  type Connection,
  type PolicyModel,
  type Workload,
} from '@bulkhead/policy';
import { policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkParts, type CheckEnd, type CheckPart, type CheckPlace } from './evaluate.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
process.stdout.write(`policy tests in groups: FAST_CHECK_SEED=${SEED}\n`);

function endOf(workload: Workload): CheckEnd {
  const place = (six: boolean): CheckPlace | null =>
    workload.interfaces
      .flatMap(({ name, addresses }) =>
        addresses.map(({ address }) => ({ address, interfaceName: name })),
      )
      .find(({ address }) => address.includes(':') === six) ?? null;
  return { workload: workload.href, name: workload.name, ipv4: place(false), ipv6: place(true) };
}

function externalAt(address: string): CheckEnd {
  const place = { address, interfaceName: null };
  const six = address.includes(':');
  return { workload: null, name: null, ipv4: six ? null : place, ipv6: six ? place : null };
}

const SERVICES = [
  { protocol: 6, ports: [22, 80, 443], icmpType: null, icmpCode: null },
  { protocol: 17, ports: [53, 80], icmpType: null, icmpCode: null },
  { protocol: 47, ports: [null], icmpType: null, icmpCode: null },
  { protocol: 1, ports: [null], icmpType: 8, icmpCode: 0 },
  { protocol: 58, ports: [null], icmpType: 135, icmpCode: 0 },
] as const;

const partsOf = (model: PolicyModel): fc.Arbitrary<readonly CheckPart[]> => {
  const hosts = [...model.workloads.map(endOf), externalAt('10.0.0.1'), externalAt('2001:db8::1')];
  const side = fc.subarray(hosts, { minLength: 1 });
  const rules = model.ruleSets.flatMap((ruleSet) => ruleSet.rules.map(({ name }) => name));
  const by = fc.option(
    fc.constantFrom('default', ...rules).map((name) => [name]),
    {
      nil: undefined,
    },
  );
  const decision = fc.constantFrom('allowed', 'potentially_blocked', 'blocked');
  const part = fc
    .record({
      from: side,
      to: side,
      service: fc.constantFrom(...SERVICES),
      family: fc.constantFrom('ipv4', 'ipv6', null),
      withItself: fc.boolean(),
      expectation: fc.record({
        decision,
        by,
        inbound: fc.option(fc.record({ by }), { nil: undefined }),
      }),
    } as const)
    .map(({ service, ...rest }): CheckPart => ({ test: 'a test', ...service, ...rest }));
  return fc.array(part, { minLength: 1, maxLength: 4 });
};

/** Every connection of a part by itself. */
function connectionsOf({ from, to, ports, family, withItself, ...rest }: CheckPart): Connection[] {
  const { protocol, icmpType, icmpCode } = rest;
  return from.flatMap((source) =>
    to.flatMap((destination) => {
      if (!withItself && source.workload !== null && source.workload === destination.workload)
        return [];
      const families = family === null ? (['ipv4', 'ipv6'] as const) : [family];
      const common = families.find((one) => source[one] !== null && destination[one] !== null);
      const [here, there] = common === undefined ? [] : [source[common], destination[common]];
      if (here == null || there == null) return [];
      return ports.map((port) => ({
        source: { workload: source.workload, ...here, fqdn: null },
        destination: { workload: destination.workload, ...there, fqdn: null },
        protocol,
        port,
        icmpType,
        icmpCode,
      }));
    }),
  );
}

test('policy tests find what fails of every connection by itself, in the same order', () => {
  const asked = policyModel({ extended: true }).chain((model) =>
    fc.record({ model: fc.constant(model), parts: partsOf(model) }),
  );
  fc.assert(
    fc.property(asked, ({ model, parts }) => {
      const core = createPolicyCore(model);
      const expected = parts.map((part) => {
        const connections = connectionsOf(part);
        const failing = connections.filter(
          (connection) =>
            judgeDecision(part.expectation, core.decide(connection), ({ name }) => name).length > 0,
        );
        return {
          checked: connections.length,
          failed: failing.length,
          first: failing
            .slice(0, 10)
            .map(({ source, destination, port }) => [source.address, destination.address, port]),
        };
      });
      const found = checkParts(core, parts).map(({ checked, failed, failures }) => ({
        checked,
        failed,
        first: failures.map(({ connection: { from, to, port } }) => [
          from.address,
          to.address,
          port,
        ]),
      }));
      expect(found).toEqual(expected);
    }),
    { seed: SEED, numRuns: 200 },
  );
});
