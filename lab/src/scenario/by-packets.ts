/** Answers the expectations of a scenario by packets between namespaces, besides by the policy core. */
import { kernelSetNames } from '@bulkhead/enforcement';
import { canonicalAddress } from '@bulkhead/net';
import { createPolicyCore, type Workload } from '@bulkhead/policy';
import { judgeSeen } from '../packets/judge.ts';
import type { PacketLab } from '../packets/packet-lab.ts';
import { isTracked, whyNotSent } from '../packets/sendable.ts';
import { deviceNames, type Stage, type StageHost } from '../packets/stage.ts';
import { EnforceError } from '../packets/ven.ts';
import {
  checkDecision,
  checkSubnets,
  decideAll,
  subnetSets,
  type Decided,
  type Outcome,
} from './evaluate.ts';
import type { LoadedScenario } from './load.ts';
import type { Translation } from './translate.ts';

export interface PacketOutcome extends Outcome {
  /** Why expectations were answered by the core alone, each with the number of them. */
  readonly notSent: ReadonlyMap<string, number>;
}

/** Hosts of the scenario for a stage, in the order of the file. */
export function stageHosts(translation: Translation): StageHost[] {
  const workloads = new Map(translation.model.workloads.map((item) => [item.href, item]));
  return [...translation.hosts.values()].map(({ name, workload, addresses }) => {
    const managed = workloads.get(workload ?? '') ?? null;
    return { name, workload: managed, interfaces: interfacesOf(managed, addresses) };
  });
}

function interfacesOf(
  workload: Workload | null,
  addresses: readonly { readonly address: string }[],
): StageHost['interfaces'] {
  if (workload === null) {
    return [{ name: 'eth0', addresses: addresses.map(({ address }) => address) }];
  }
  return workload.interfaces.map((item) => ({
    name: item.name,
    addresses: item.addresses.map(({ address }) => address),
  }));
}

/** Who has an address: each host as often as it is given it. */
export function ownersOf(hosts: readonly StageHost[]): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const { name, interfaces } of hosts) {
    for (const text of interfaces.flatMap(({ addresses }) => addresses)) {
      const address = canonicalAddress(text) ?? text;
      owners.set(address, [...(owners.get(address) ?? []), name]);
    }
  }
  return owners;
}

/** Members of address sets as the kernel has them, without the sets that it shares with others. */
function membersIn(
  { plan, table }: NonNullable<Awaited<ReturnType<Stage['enforced']>>>,
  ids: readonly string[],
): string[] {
  const others = [...plan.sets.keys()].filter((id) => !ids.includes(id));
  const ofOthers = new Set(kernelSetNames(plan, others, false));
  const own = kernelSetNames(plan, ids, false).filter((name) => !ofOthers.has(name));
  return table.sets.filter(({ name }) => own.includes(name)).flatMap(({ elements }) => elements);
}

/** Evaluates every expectation both ways. Everything that is built for it is gone when this returns. */
export async function evaluateByPackets(
  loaded: LoadedScenario,
  lab: PacketLab,
): Promise<PacketOutcome> {
  const { scenario, translation } = loaded;
  const core = createPolicyCore(translation.model);
  const hosts = stageHosts(translation);
  const owners = ownersOf(hosts);
  const notSent = new Map<string, number>();
  const faults = new Map<Decided, readonly string[]>();
  const decided = decideAll(core, loaded.asked);
  const sent = decided.filter((item) => {
    const reason = whyNotSent(item.connection, core, owners);
    if (reason !== null) notSent.set(reason, (notSent.get(reason) ?? 0) + 1);
    return reason === null;
  });
  const stage = await lab.stage(
    hosts.map(({ interfaces }) => deviceNames(interfaces.map(({ name }) => name))),
  );
  try {
    for (const [item, shown] of await showAll(stage)) faults.set(item, shown);
    const members = await readSubnets(stage, loaded);
    const subnets = scenario.expect_subnets.flatMap(
      (_, index) =>
        checkSubnets(scenario, { translation, core, index }, () => members[index] ?? []) ?? [],
    );
    return {
      expectations: decided.length + scenario.expect_subnets.length,
      mismatches: [
        ...decided.flatMap((item) => checkDecision(core, item, faults.get(item) ?? []) ?? []),
        ...subnets,
      ],
      notSent,
    };
  } finally {
    await stage.close();
  }

  /** In what packets differ from each decision. */
  async function showAll(on: Stage): Promise<(readonly [Decided, readonly string[]])[]> {
    try {
      await on.set(hosts, core);
    } catch (error) {
      if (!(error instanceof EnforceError)) throw error;
      const fault = `a host does not enforce its policy: ${error.message}`;
      return sent.map((item) => [item, [fault]]);
    }
    const seen = await on.send(sent);
    return sent.map((item, index) => {
      const of = seen[index];
      if (of === undefined) return [item, ['it was not sent']];
      return [item, judgeSeen(item.decision, of, isTracked(item.connection))];
    });
  }

  /** Members of the kernel's sets, for each of `expect_subnets`. */
  async function readSubnets(on: Stage, { scenario: asked }: LoadedScenario) {
    return Promise.all(
      asked.expect_subnets.map(async (item) => {
        const enforced = await on.enforced(item.workload);
        if (enforced === null) return [];
        return membersIn(enforced, subnetSets({ translation, core }, item));
      }),
    );
  }
}
