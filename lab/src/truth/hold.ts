/** Holds four answers about each connection of a world against each other: reference evaluator, policy core, firewall plans, packets. */
import { isDeepStrictEqual } from 'node:util';
import { createEvaluator, type PlanDecision, type PlanEvaluator } from '@bulkhead/enforcement';
import {
  changesOf,
  createPolicyCore,
  naiveDecide,
  type Connection,
  type Decision,
  type EndDecision,
  type PolicyChange,
  type PolicyModel,
  type RuleOrigin,
} from '@bulkhead/policy';
import { judgeSeen } from '../packets/judge.ts';
import { isTracked, whyNotSent } from '../packets/sendable.ts';
import type { Stage } from '../packets/stage.ts';
import { ownersOf, stageHosts } from '../scenario/by-packets.ts';
import { checkDocument, type LoadedScenario } from '../scenario/load.ts';
import { withBeyond, type BeyondStatement } from './beyond.ts';
import { afterMoves, type Move } from './moves.ts';
import type { ScenarioDocument } from '../scenario/format.ts';

/** A policy with its hosts, and connections that are asked about. */
export interface World {
  readonly document: ScenarioDocument;
  readonly beyond: readonly BeyondStatement[];
  /** What happens before anything is asked. */
  readonly moves: readonly Move[];
}

/** A world at first, and after its moves, about which its connections are. Without moves the two are the same. */
export interface LoadedWorld {
  readonly first: LoadedScenario;
  readonly last: LoadedScenario;
}

export interface Disagreement {
  /** Number of the expectation in the world's document. */
  readonly index: number;
  readonly connection: string;
  readonly faults: readonly string[];
}

/** A connection of which all four answers are known. */
interface Case {
  readonly decision: Decision;
}

export interface Held {
  readonly cases: readonly Case[];
  /** Connections that were not sent, by reason; the other three answers agree about them. */
  readonly notSent: ReadonlyMap<string, number>;
  /** Whether the hosts came to this by moves. */
  readonly moved: boolean;
  readonly disagreements: readonly Disagreement[];
}

/** Null when it is no valid scenario, before or after its moves. */
export function loadWorld(world: World): LoadedWorld | null {
  const { document, moves } = world;
  const last = loadDocument(afterMoves(document, moves), world.beyond);
  const first = moves.length === 0 ? last : loadDocument({ ...document, expect: [] }, world.beyond);
  return first === null || last === null ? null : { first, last };
}

function loadDocument(
  document: ScenarioDocument,
  beyond: readonly BeyondStatement[],
): LoadedScenario | null {
  const loaded = checkDocument(document, () => 0);
  if ('faults' in loaded) return null;
  const model = withBeyond(loaded.translation.model, beyond);
  return { ...loaded, translation: { ...loaded.translation, model } };
}

/** Answers every connection of the world in four ways, on a stage that has room for its hosts. */
export async function holdWorld(
  { first, last }: LoadedWorld,
  stage: Stage,
  patienceMs?: number,
): Promise<Held> {
  const { translation, asked } = last;
  const { model } = translation;
  const core = createPolicyCore(first.translation.model);
  const hosts = stageHosts(translation);
  await stage.set(stageHosts(first.translation), core);
  if (first !== last) {
    const delta = core.apply(changesBetween(first.translation.model, model));
    await stage.move(hosts, core, delta);
  }
  const owners = ownersOf(hosts);
  const decided = asked.map((item) => ({ ...item, decision: core.decide(item.connection) }));
  const notSent = new Map<string, number>();
  const sent = decided.filter(({ connection }) => {
    const reason = whyNotSent(connection, core, owners);
    if (reason !== null) notSent.set(reason, (notSent.get(reason) ?? 0) + 1);
    return reason === null;
  });
  const seen = await stage.send(sent, patienceMs);
  const byPackets = new Map(
    sent.map((item, index) => {
      const of = seen[index];
      const faults =
        of === undefined
          ? ['was not sent']
          : judgeSeen(item.decision, of, isTracked(item.connection));
      return [item, faults.map((fault) => `packets: ${fault}`)] as const;
    }),
  );
  const evaluators = planEvaluators(model, stage);
  const disagreements = decided.flatMap((item): Disagreement[] => {
    const { connection, decision, path, text } = item;
    const faults = [
      ...naiveFaults(model, connection, decision),
      ...planFaults(evaluators, connection, decision),
      ...(byPackets.get(item) ?? []),
    ];
    return faults.length === 0 ? [] : [{ index: Number(path[1]), connection: text, faults }];
  });
  return { cases: sent, notSent, moved: first !== last, disagreements };
}

/** What makes the one model into the other. */
function changesBetween(before: PolicyModel, after: PolicyModel): PolicyChange[] {
  const known = new Map(
    changesOf(before).map((change) => [`${change.type} ${change.href}`, change]),
  );
  return changesOf(after).filter(
    (change) => !isDeepStrictEqual(known.get(`${change.type} ${change.href}`), change),
  );
}

function naiveFaults(model: PolicyModel, connection: Connection, decision: Decision): string[] {
  const naive = naiveDecide(model, connection);
  if (isDeepStrictEqual(naive, decision)) return [];
  return [
    `the reference evaluator says ${JSON.stringify(naive)}, the core ${JSON.stringify(decision)}`,
  ];
}

/** What each managed workload's plan says of a packet, by href of the workload. */
function planEvaluators(model: PolicyModel, stage: Stage): ReadonlyMap<string, PlanEvaluator> {
  return new Map(
    model.workloads.flatMap(({ href, name }) => {
      const plan = stage.plan(name);
      return plan === null ? [] : [[href, createEvaluator(plan)] as const];
    }),
  );
}

function planFaults(
  evaluators: ReadonlyMap<string, PlanEvaluator>,
  connection: Connection,
  decision: Decision,
): string[] {
  const { source, destination } = connection;
  return (['outbound', 'inbound'] as const).flatMap((direction) => {
    const [own, other] = direction === 'outbound' ? [source, destination] : [destination, source];
    const planned =
      evaluators.get(own.workload ?? '')?.({
        direction,
        interfaceName: own.interfaceName,
        remoteAddress: other.address,
        protocol: connection.protocol,
        sourcePort: null,
        destinationPort: connection.port,
        icmpType: connection.icmpType,
        icmpCode: connection.icmpCode,
        syn: true,
        remoteName: direction === 'outbound' ? other.fqdn : null,
      }) ?? null;
    const [said, decided] = [comparable(planned), comparable(decision[direction])];
    if (isDeepStrictEqual(said, decided)) return [];
    return [
      `${direction}: the plan says ${JSON.stringify(said)}, the core ${JSON.stringify(decided)}`,
    ];
  });
}

/** What a plan and the core both say of an end. Essential traffic is decided before any rule is looked at. */
function comparable(answer: PlanDecision | EndDecision | null) {
  if (answer === null) return null;
  const { decision, reason, rules, boundaries } = answer;
  const named = (origins: readonly RuleOrigin[]) =>
    reason === 'essential'
      ? []
      : origins.map(({ href, version }) => `${href}@${version}`).toSorted();
  return { decision, reason, rules: named(rules), boundaries: named(boundaries) };
}
