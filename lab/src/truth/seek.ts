/** Goes through random worlds until enough connections agree in all four ways, or the first does not. */
import type { PacketLab } from '../packets/packet-lab.ts';
import type { Stage } from '../packets/stage.ts';
import { EnforceError } from '../packets/ven.ts';
import { holdWorld, loadWorld, type Disagreement, type Held, type World } from './hold.ts';
import { DEVICES } from './hosts.ts';
import { shrinkWorld } from './shrink.ts';
import { HOSTS, makeWorld, withOnly } from './world.ts';

export interface Asked {
  readonly seed: number;
  /** Connections to send at least. */
  readonly cases: number;
  /** Number of the first world. */
  readonly from: number;
  /** How long a disagreement may be made smaller. */
  readonly shrinkMs: number;
  readonly progress: (line: string) => void;
}

/** A disagreement and the smallest world that shows it. */
export interface Found {
  /** Number of the world in which it was seen first. */
  readonly policy: number;
  readonly world: World;
  readonly disagreement: Disagreement;
}

export interface Truth {
  /** Connections of which all four answers are known. */
  readonly cases: number;
  readonly policies: number;
  /** Of the policies, those that the hosts came to by changes to one before. */
  readonly moved: number;
  readonly seconds: number;
  readonly decisions: ReadonlyMap<string, number>;
  /** What decided, counted at each end that has a say. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly notSent: ReadonlyMap<string, number>;
  readonly found: Found | null;
}

const PROGRESS_MS = 5000;
/** A packet that was seen not to come is not waited for as long again. */
const SHRINK_PATIENCE_MS = 600;

/** Everything that it builds is gone when it ends. */
export async function seekTruth(lab: PacketLab, asked: Asked): Promise<Truth> {
  const began = performance.now();
  const tally = createTally();
  const stage = await lab.stage(Array.from({ length: HOSTS }, () => DEVICES));
  try {
    let said = began;
    let found: Found | null = null;
    let number = asked.from;
    for (; found === null && tally.cases() < asked.cases; number += 1) {
      const world = makeWorld(asked.seed, number);
      const held = await hold(world, stage);
      tally.add(held);
      const [first] = held.disagreements;
      if (first !== undefined) {
        const more = held.disagreements.length - 1;
        const faults = first.faults.join('; ');
        asked.progress(`policy ${number}: ${first.connection}: ${faults} (and ${more} more)`);
        found = await shrink({ policy: number, world, disagreement: first }, stage, asked.shrinkMs);
      }
      if (performance.now() - said < PROGRESS_MS) continue;
      said = performance.now();
      const seconds = Math.round((said - began) / 1000);
      asked.progress(
        `${tally.cases()} of ${asked.cases} cases, ${number + 1 - asked.from} policies, ${seconds} s`,
      );
    }
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
    return { ...tally.figures(), policies: number - asked.from, seconds, found };
  } finally {
    await stage.close();
  }
}

async function hold(world: World, stage: Stage, patienceMs?: number): Promise<Held> {
  const loaded = loadWorld(world);
  if (loaded === null) throw new Error('a world that is no valid scenario cannot be held');
  try {
    return await holdWorld(loaded, stage, patienceMs);
  } catch (error) {
    if (!(error instanceof EnforceError)) throw error;
    // no connection can be asked about, so it stands for all of them
    const [first] = loaded.last.asked;
    const faults = [`a host does not enforce its policy: ${error.message}`];
    const disagreements = [{ index: 0, connection: first?.text ?? 'any connection', faults }];
    return { cases: [], notSent: new Map(), moved: world.moves.length > 0, disagreements };
  }
}

/** The same disagreement alone, in the smallest world; as it was found where it does not show again by itself. */
async function shrink(found: Found, stage: Stage, limitMs: number): Promise<Found> {
  const alone = withOnly(found.world, found.disagreement.index);
  const disagreementOf = async (world: World) =>
    (await hold(world, stage, SHRINK_PATIENCE_MS)).disagreements[0];
  if ((await disagreementOf(alone)) === undefined) return found;
  const world = await shrinkWorld(
    alone,
    async (candidate) => (await disagreementOf(candidate)) !== undefined,
    limitMs,
  );
  return { ...found, world, disagreement: (await disagreementOf(world)) ?? found.disagreement };
}

function createTally() {
  let [cases, moved] = [0, 0];
  const [decisions, reasons, notSent] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const count = (map: Map<string, number>, key: string, by = 1): void =>
    void map.set(key, (map.get(key) ?? 0) + by);
  return {
    cases: () => cases,
    add(held: Held): void {
      cases += held.cases.length;
      moved += held.moved ? 1 : 0;
      for (const { decision } of held.cases) {
        count(decisions, decision.decision);
        for (const end of [decision.outbound, decision.inbound]) {
          count(reasons, end?.reason ?? 'no say');
        }
      }
      for (const [reason, number] of held.notSent) count(notSent, reason, number);
    },
    figures: () => ({ cases, moved, decisions, reasons, notSent }),
  };
}
