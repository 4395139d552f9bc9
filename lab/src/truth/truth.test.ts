import { createPolicyCore } from '@bulkhead/policy';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkDocument } from '../scenario/load.ts';
import { loadWorld, type World } from './hold.ts';
import { shrinkWorld } from './shrink.ts';
import { makeWorld, withOnly, worldText } from './world.ts';

const SEED = 20_261_125;
const WORLDS = Array.from({ length: 60 }, (_, number) => makeWorld(SEED, number));

function modelOf(world: World) {
  const loaded = loadWorld(world);
  if (loaded === null) throw new Error('no valid scenario');
  return loaded.last.translation.model;
}

describe('random worlds', () => {
  test('are the same for the same seed and number, and others for others', () => {
    expect(makeWorld(SEED, 7)).toEqual(WORLDS[7]);
    expect(makeWorld(SEED + 1, 7).document).not.toEqual(WORLDS[7]?.document);
    expect(new Set(WORLDS.map(({ document }) => JSON.stringify(document.rulesets))).size).toBe(60);
  });

  test('are valid scenarios that hold everything that a policy can hold', () => {
    const models = WORLDS.map(modelOf);
    const rules = models.flatMap(({ ruleSets }) => ruleSets.flatMap((item) => item.rules));
    const workloads = models.flatMap((model) => model.workloads);
    const ports = models.flatMap(({ services }) => services.flatMap((item) => item.ports));
    const actors = rules.flatMap(({ providers, consumers }) => [...providers, ...consumers]);
    const held = {
      types: new Set(workloads.map(({ type }) => type)).size,
      modes: new Set(workloads.map(({ enforcementMode }) => enforcementMode)).size,
      profiles: new Set(
        workloads.flatMap(({ interfaces }) => interfaces.map((item) => item.networkProfile)),
      ).size,
      oldVens: workloads.some(({ venVersion }) => venVersion?.startsWith('22.2') === true),
      offline: workloads.some(({ online }) => !online),
      suspended: workloads.some(({ suspended }) => suspended),
      actors: new Set(actors.map(({ kind }) => kind)).size,
      exclusions: actors.some((actor) => 'exclusion' in actor && actor.exclusion),
      networkTypes: new Set(rules.map(({ networkType }) => networkType)).size,
      subnets: rules.some(({ useWorkloadSubnets }) => useWorkloadSubnets.length > 0),
      stateless: rules.some(({ stateless }) => stateless),
      icmp: ports.some(({ icmpCode }) => icmpCode !== null),
      boundaries: models.some((model) => model.enforcementBoundaries.length > 1),
      pools: models.some(({ firewallSettings }) => firewallSettings.vpnPools.length > 0),
    };
    expect(held).toEqual({
      types: 3,
      modes: 4,
      profiles: 2,
      oldVens: true,
      offline: true,
      suspended: true,
      actors: 6,
      exclusions: true,
      networkTypes: 3,
      subnets: true,
      stateless: true,
      icmp: true,
      boundaries: true,
      pools: true,
    });
  });

  test('ask about both families, every kind of traffic and all decisions', () => {
    const asked = WORLDS.flatMap((world) => {
      const core = createPolicyCore(modelOf(world));
      return (loadWorld(world)?.last.asked ?? []).map(({ connection }) => ({
        kind: `${connection.protocol} ${connection.source.address.includes(':') ? 6 : 4}`,
        decision: core.decide(connection).decision,
      }));
    });
    const kinds = new Set(asked.map(({ kind }) => kind));
    for (const kind of ['6 4', '6 6', '17 4', '17 6', '1 4', '58 6', '47 4', '47 6']) {
      expect(kinds).toContain(kind);
    }
    for (const decision of ['allowed', 'potentially_blocked', 'blocked']) {
      const share = asked.filter((item) => item.decision === decision).length / asked.length;
      expect(share, decision).toBeGreaterThan(0.1);
    }
  });
});

test('a world is shrunk to what shows the fault and is written as a scenario', async () => {
  const at = WORLDS.findIndex(({ document }) =>
    (document.rulesets ?? []).some(({ rules }) => rules.some((rule) => rule.stateless === true)),
  );
  const world = withOnly(WORLDS[at] ?? makeWorld(SEED, 0), 0);
  const shows = (candidate: World): boolean =>
    modelOf(candidate).ruleSets.some(({ rules }) => rules.some((rule) => rule.stateless));
  const small = await shrinkWorld(world, (candidate) => Promise.resolve(shows(candidate)), 20_000);
  expect(shows(small)).toBe(true);
  const { rulesets = [], workloads = [], expect: asked = [], ...rest } = small.document;
  expect(rulesets.flatMap(({ rules }) => rules)).toHaveLength(1);
  expect(workloads.length).toBeLessThanOrEqual(2);
  expect(asked).toHaveLength(1);
  expect([small.beyond, small.moves]).toEqual([[], []]);
  expect(rest.ip_lists ?? []).toHaveLength(0);
  const [parsed] = parseAllDocuments(worldText(small));
  expect(checkDocument((parsed as { toJS(): unknown }).toJS(), () => 1)).not.toHaveProperty(
    'faults',
  );
});
