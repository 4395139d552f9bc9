import {
  createPolicyCore,
  type Connection,
  type PolicyCore,
  type RuleOrigin,
  type Workload,
} from '@bulkhead/policy';
import { connection, policyModel } from '@bulkhead/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import type { FirewallPlan } from '../index.ts';
import { someFacts } from '../testing/fixtures.ts';
import { evaluatePlan } from './evaluate-plan.ts';

function planOf(core: PolicyCore, workload: Workload): FirewallPlan | null {
  const policy = core.hostPolicy(workload.href);
  if (policy === undefined) return null;
  const sets = core.setsOf(workload.href).flatMap((id) => core.addressSet(id) ?? []);
  return buildPlan({
    // the core decides by rules; custom statements are the host's alone
    policy: { ...policy, ipTablesRules: [] },
    sets: new Map(sets.map((set) => [set.id, set])),
    host: someFacts({
      interfaces: workload.interfaces.map(({ name, networkProfile, addresses }) => ({
        name,
        profile: networkProfile,
        addresses: addresses.map(({ address }) => address),
      })),
      otherInterfaces: workload.type === 'endpoint' ? 'external' : 'corporate',
      pce: [],
    }),
  });
}

interface Answer {
  readonly decision: string;
  readonly reason: string;
  readonly rules: readonly RuleOrigin[];
  readonly boundaries: readonly RuleOrigin[];
}

/** Essential traffic is decided before any rule is looked at. */
function comparable(answer: Answer | null) {
  if (answer === null) return null;
  const { decision, reason, rules, boundaries } = answer;
  const named = (origins: readonly RuleOrigin[]) =>
    reason === 'essential' ? [] : origins.map(({ href, version }) => `${href}@${version}`).sort();
  return { decision, reason, rules: named(rules), boundaries: named(boundaries) };
}

/** What a packet can be: between two hosts, over interfaces that are known, in one family, ICMP of that family. */
function canBeSent({ source, destination, protocol }: Connection): boolean {
  const six = source.address.includes(':');
  const ends = [source, destination];
  return (
    (source.workload === null || source.workload !== destination.workload) &&
    ends.every((end) => (end.workload === null) === (end.interfaceName === null)) &&
    six === destination.address.includes(':') &&
    protocol !== (six ? 1 : 58)
  );
}

test('each end of a connection gets from its plan what the core decides for it', () => {
  const asked = policyModel({ extended: false }).chain((model) =>
    fc.record({
      model: fc.constant(model),
      connections: fc.array(connection(model).filter(canBeSent), { minLength: 15, maxLength: 15 }),
    }),
  );
  fc.assert(
    fc.property(asked, ({ model, connections }) => {
      const core = createPolicyCore(model);
      const plans = new Map(model.workloads.map((owner) => [owner.href, planOf(core, owner)]));
      for (const item of connections) {
        const { source, destination } = item;
        const decided = core.decide(item);
        const evaluated = (['outbound', 'inbound'] as const).map((direction) => {
          const [own, other] =
            direction === 'outbound' ? [source, destination] : [destination, source];
          const plan = own.workload === null ? null : (plans.get(own.workload) ?? null);
          return (
            plan &&
            evaluatePlan(plan, {
              direction,
              interfaceName: own.interfaceName,
              remoteAddress: other.address,
              protocol: item.protocol,
              sourcePort: null,
              destinationPort: item.port,
              icmpType: item.icmpType,
              icmpCode: item.icmpCode,
              syn: true,
              remoteName: direction === 'outbound' ? other.fqdn : null,
            })
          );
        });
        expect({ item, ends: evaluated.map(comparable) }).toEqual({
          item,
          ends: [comparable(decided.outbound), comparable(decided.inbound)],
        });
      }
    }),
    { numRuns: 1000 },
  );
});
