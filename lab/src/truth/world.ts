/** Worlds by number: the same seed and number make the same world. */
import { createPolicyCore } from '@bulkhead/policy';
import { stringify } from 'yaml';
import { beyondText, randomBeyond } from './beyond.ts';
import { randomConnections } from './connections.ts';
import { loadWorld, type World } from './hold.ts';
import { afterMoves, randomMoves } from './moves.ts';
import type { ScenarioDocument } from '../scenario/format.ts';
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
  const moves = random.chance(0.5) ? randomMoves(random, policy) : [];
  const expect = randomConnections(random, afterMoves(policy, moves), CONNECTIONS);
  const world = { document: { ...policy, expect }, moves, beyond: [] };
  const loaded = loadWorld(world);
  if (loaded === null) throw new Error(`seed ${seed}, policy ${number} is no valid scenario`);
  return { ...world, beyond: randomBeyond(random, loaded.first.translation.model) };
}

/** The world with one of its connections alone. */
export function withOnly(world: World, index: number): World {
  const { expect = [] } = world.document;
  return { ...world, document: { ...world.document, expect: expect.slice(index, index + 1) } };
}

/**
 * The world as a scenario file: what the core decides is what is expected. After moves, the world before them stands first, in a document
 * of its own. What the format cannot say is told in comments.
 */
export function worldText(world: World): string {
  const loaded = loadWorld(world);
  if (loaded === null) throw new Error('the world is no valid scenario');
  const { document, moves, beyond } = world;
  const core = createPolicyCore(loaded.last.translation.model);
  const after = afterMoves(document, moves);
  const expect = (after.expect ?? []).map((item, index) => {
    const asked = loaded.last.asked.find(({ path }) => path[1] === index);
    return asked === undefined
      ? item
      : { ...item, decision: core.decide(asked.connection).decision };
  });
  const text = (item: ScenarioDocument): string => stringify(item, { lineWidth: 120 });
  const notes = beyond.map((statement) => `# beyond the format: ${beyondText(statement)}\n`);
  const { expect: _, ...before } = document;
  const first =
    moves.length === 0
      ? ''
      : `# what the hosts enforce first; then, by changes alone, what follows\n${text(before)}---\n`;
  return `${notes.join('')}${first}${text({ ...after, expect })}`;
}
