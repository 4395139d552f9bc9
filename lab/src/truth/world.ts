/** Worlds by number: the same seed and number make the same world. */
import { createPolicyCore } from '@bulkhead/policy';
import { stringify } from 'yaml';
import { beyondText, randomBeyond } from './beyond.ts';
import { randomConnections } from './connections.ts';
import { loadWorld, type World } from './hold.ts';
import { randomHosts } from './hosts.ts';
import { randomPolicy } from './policy.ts';
import { createRandom } from './random.ts';

/** Hosts of a world at most, external ones included. */
export const HOSTS = 8;
const CONNECTIONS = 60;
/** Far apart, so that worlds of neighbouring seeds are different ones. */
const SEED_STEP = 0x9e37_79b1;

/** The world of a number, with connections that are asked about and not yet decided. */
export function makeWorld(seed: number, number: number): World {
  const random = createRandom(seed + Math.imul(number + 1, SEED_STEP));
  const hosts = randomHosts(random, HOSTS);
  const policy = {
    name: `seed ${seed}, policy ${number}`,
    ...hosts,
    ...randomPolicy(random, hosts),
  };
  const document = { ...policy, expect: randomConnections(random, policy, CONNECTIONS) };
  const loaded = loadWorld({ document, beyond: [] });
  if (loaded === null) throw new Error(`seed ${seed}, policy ${number} is no valid scenario`);
  return { document, beyond: randomBeyond(random, loaded.translation.model) };
}

/** The world with one of its connections alone. */
export function withOnly(world: World, index: number): World {
  const { expect = [] } = world.document;
  return { ...world, document: { ...world.document, expect: expect.slice(index, index + 1) } };
}

/** The world as a scenario file: what the core decides is what is expected. What the format cannot say stands in comments. */
export function worldText(world: World): string {
  const loaded = loadWorld(world);
  if (loaded === null) throw new Error('the world is no valid scenario');
  const core = createPolicyCore(loaded.translation.model);
  const expect = (world.document.expect ?? []).map((item, index) => {
    const asked = loaded.asked.find(({ path }) => path[1] === index);
    return asked === undefined
      ? item
      : { ...item, decision: core.decide(asked.connection).decision };
  });
  const notes = world.beyond.map((statement) => `# beyond the format: ${beyondText(statement)}\n`);
  return `${notes.join('')}${stringify({ ...world.document, expect }, { lineWidth: 120 })}`;
}
