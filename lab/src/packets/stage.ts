/** Hosts of a policy model as namespaces that enforce it, and connections between them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FlowRecord } from '@bulkhead/contract';
import {
  buildPlan,
  withInterfaces,
  withSetDelta,
  type FirewallPlan,
  type HostInterface,
  type NftTable,
} from '@bulkhead/enforcement';
import { canonicalAddress } from '@bulkhead/net';
import type {
  Connection,
  ConnectionEnd,
  Decision,
  PolicyCore,
  PolicyDelta,
  Workload,
} from '@bulkhead/policy';
import { LabError } from '../network/commands.ts';
import { createField, type Assignment } from './field.ts';
import { forgetConnections } from './conntrack.ts';
import type { Seen } from './judge.ts';
import { roundsOf } from './rounds.ts';
import { sendShots, type Place, type Shot } from './send.ts';
import { isRoutable, isTracked } from './sendable.ts';
import type { Enforcer, Vens } from './ven.ts';

/** A host as the stage needs it: its devices in the order of its interfaces. */
export interface StageHost {
  readonly name: string;
  /** Null: no workload, it enforces nothing. */
  readonly workload: Workload | null;
  readonly interfaces: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export interface Asked {
  readonly connection: Connection;
  readonly from: string;
  readonly to: string;
  /** What is decided about it, to know what is worth waiting for. */
  readonly decision: Decision;
}

export interface Stage {
  /** Gives the hosts their addresses and policies; those of before are gone. Rejects with EnforceError. */
  readonly set: (hosts: readonly StageHost[], core: PolicyCore) => Promise<void>;
  /** Moves hosts that are set by what the core says has changed, as their VENs would. Rejects with EnforceError. */
  readonly move: (
    hosts: readonly StageHost[],
    core: PolicyCore,
    delta: PolicyDelta,
  ) => Promise<void>;
  /** What a host enforces now; null: nothing. */
  readonly plan: (host: string) => FirewallPlan | null;
  /** Sends connections between the hosts that are set, and sees what becomes of them. What should come and does not is waited for. */
  readonly send: (asked: readonly Asked[], patienceMs?: number) => Promise<Seen[]>;
  /** What a managed workload enforces: its plan, and its table in the kernel. */
  readonly enforced: (
    host: string,
  ) => Promise<{ readonly plan: FirewallPlan; readonly table: NftTable } | null>;
  readonly close: () => Promise<void>;
}

/** For an awaited connection or record that does not come; everything else is over as soon as it is quiet. */
const PATIENCE_MS = 3000;
/** The kernel gathers log records for 50 ms before it hands them over, and the VEN rests for 10. */
const RECORDS_MS = 75;
const RECORDS_STEP_MS = 10;

/** Names of devices for interfaces of any name: their own where the kernel takes it. */
export function deviceNames(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const fits = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name) && name !== 'lo';
    return fits && names.indexOf(name) === index ? name : `dev${index}`;
  });
}

function hostInterfaces(workload: Workload): HostInterface[] {
  const devices = deviceNames(workload.interfaces.map(({ name }) => name));
  return workload.interfaces.map(({ networkProfile, addresses }, index) => ({
    name: devices[index] ?? '',
    profile: networkProfile,
    addresses: addresses.map(({ address }) => address),
  }));
}

/** The plan that the workload's VEN makes of its policy; null: it enforces nothing, as it has no VEN or that one is suspended. */
function planOf(core: PolicyCore, workload: Workload): FirewallPlan | null {
  const policy = core.hostPolicy(workload.href);
  if (policy === undefined || workload.suspended) return null;
  const sets = core.setsOf(workload.href).flatMap((id) => core.addressSet(id) ?? []);
  return buildPlan({
    policy,
    sets: new Map(sets.map((set) => [set.id, set])),
    host: {
      interfaces: hostInterfaces(workload),
      otherInterfaces: workload.type === 'endpoint' ? 'external' : 'corporate',
      // a scenario's hosts have no PCE, no resolver and have resolved no name
      pce: [],
      resolvers: [],
      names: new Map(),
    },
  });
}

/** The policy that removes everything of ours: what a host enforces that has no VEN, or whose VEN is suspended. */
function nothing(plan: FirewallPlan): FirewallPlan {
  return { ...plan, ownsTable: false };
}

/**
 * A stage with room for hosts of these devices, by index. Namespaces are named after `prefix`. The caller closes it, also when it fails.
 */
export async function createStage(
  prefix: string,
  devices: readonly (readonly string[])[],
  vens: Vens,
): Promise<Stage> {
  const field = await createField(prefix, devices);
  const enforcers = await Promise.all(field.hosts.map((namespace) => vens.start(namespace)));
  /** What each host enforces; null: nothing of ours. */
  const plans = new Map<Enforcer, FirewallPlan | null>();
  /** What its kernel was last told, by which that is taken away again. */
  const kernel = new Map<Enforcer, FirewallPlan>();
  let byName = new Map<string, { readonly host: StageHost; readonly at: number }>();

  async function enforce(host: StageHost | undefined, enforcer: Enforcer, core: PolicyCore) {
    const before = kernel.get(enforcer);
    const plan = host?.workload == null ? null : planOf(core, host.workload);
    plans.set(enforcer, plan);
    const next = plan ?? (before === undefined ? null : nothing(before));
    if (next === null) return;
    if (before?.ownsTable === true || next.ownsTable) await enforcer.enforce(next);
    kernel.set(enforcer, next);
  }

  async function follow(
    host: StageHost | undefined,
    enforcer: Enforcer,
    core: PolicyCore,
    delta: PolicyDelta,
  ) {
    const before = plans.get(enforcer) ?? null;
    const workload = host?.workload ?? null;
    const isNew = delta.policies.some((policy) => policy.workload === workload?.href);
    if (workload === null || before === null || isNew) return enforce(host, enforcer, core);
    const roamed = withInterfaces(before, hostInterfaces(workload));
    const next = delta.sets.reduce(withSetDelta, roamed);
    if (next.ownsTable !== before.ownsTable) await enforcer.enforce(next);
    else if (next.ownsTable) await enforcer.move(before, next);
    plans.set(enforcer, next);
    kernel.set(enforcer, next);
  }

  function placeOf(name: string, end: ConnectionEnd): Place {
    const found = byName.get(name);
    const namespace = found && field.hosts[found.at];
    if (found === undefined || namespace === undefined) {
      throw new LabError(`there is no host ${name} on the stage`);
    }
    const holds = found.host.interfaces.findIndex(
      (item) =>
        (end.interfaceName === null || item.name === end.interfaceName) &&
        item.addresses.some((text) => canonicalAddress(text) === canonicalAddress(end.address)),
    );
    const device = deviceNames(found.host.interfaces.map((item) => item.name))[holds];
    if (device === undefined) throw new LabError(`${name} has no address ${end.address}`);
    return { namespace, device, address: end.address };
  }

  async function sendRound(asked: readonly Asked[], patienceMs: number): Promise<Seen[]> {
    for (const namespace of field.hosts) forgetConnections(namespace);
    await Promise.all(enforcers.map((enforcer) => enforcer.records()));
    const shots = asked.map(({ connection, from, to, decision }): Shot => ({
      ...connection,
      from: placeOf(from, connection.source),
      to: placeOf(to, connection.destination),
      awaited: decision.decision !== 'blocked',
    }));
    const landings = await sendShots(shots, patienceMs);
    const records = await gatherRecords(asked, patienceMs);
    return asked.map(({ connection, from, to }, index) => {
      const of = (name: string, direction: FlowRecord['direction']) =>
        (records.get(enforcerOf(name)) ?? []).filter(
          (record) => record.direction === direction && isAbout(record, connection),
        );
      return {
        ...(landings[index] ?? { arrived: false, answered: null }),
        outbound: of(from, 'outbound'),
        inbound: of(to, 'inbound'),
      };
    });
  }

  function enforcerOf(name: string): Enforcer | undefined {
    return enforcers[byName.get(name)?.at ?? -1];
  }

  /** Waits until the log has been read, and for records that are due and have not come, up to the limit. */
  async function gatherRecords(asked: readonly Asked[], patienceMs: number) {
    const gathered = new Map<Enforcer | undefined, FlowRecord[]>();
    const due = asked
      .filter(({ connection }) => isTracked(connection))
      .flatMap(({ connection, from, to, decision: { outbound, inbound } }) => [
        ...(outbound === null ? [] : [{ connection, at: from, direction: 'outbound' }]),
        ...(inbound === null || outbound?.decision === 'blocked'
          ? []
          : [{ connection, at: to, direction: 'inbound' }]),
      ]);
    const hasCome = ({ connection, at, direction }: (typeof due)[number]): boolean =>
      (gathered.get(enforcerOf(at)) ?? []).some(
        (record) => record.direction === direction && isAbout(record, connection),
      );
    const began = performance.now();
    for (;;) {
      let hasNew = false;
      for (const enforcer of enforcers) {
        const records = await enforcer.records();
        if (records.length === 0) continue;
        hasNew = true;
        gathered.set(enforcer, [...(gathered.get(enforcer) ?? []), ...records]);
      }
      const waited = performance.now() - began;
      const isOver = waited > patienceMs && !hasNew;
      if (isOver || (waited > RECORDS_MS && due.every(hasCome))) return gathered;
      await delay(RECORDS_STEP_MS);
    }
  }

  return {
    async set(hosts, core) {
      byName = new Map(hosts.map((host, at) => [host.name, { host, at }]));
      await allOf([
        field.assign(hosts.map(assignments)),
        ...enforcers.map((enforcer, at) => enforce(hosts[at], enforcer, core)),
      ]);
    },
    async move(hosts, core, delta) {
      byName = new Map(hosts.map((host, at) => [host.name, { host, at }]));
      await allOf([
        field.assign(hosts.map(assignments)),
        ...enforcers.map((enforcer, at) => follow(hosts[at], enforcer, core, delta)),
      ]);
    },
    plan(name) {
      const enforcer = enforcerOf(name);
      return (enforcer && plans.get(enforcer)) ?? null;
    },
    async send(asked, patienceMs = PATIENCE_MS) {
      const seen = new Map<Asked, Seen>();
      for (const round of roundsOf(asked, ({ connection }) => connection)) {
        const found = await sendRound(round, patienceMs);
        round.forEach((item, index) => {
          const of = found[index];
          if (of !== undefined) seen.set(item, of);
        });
      }
      return asked.flatMap((item) => seen.get(item) ?? []);
    },
    async enforced(name) {
      const enforcer = enforcerOf(name);
      const plan = enforcer && plans.get(enforcer);
      if (enforcer === undefined || plan == null) return null;
      if (!plan.ownsTable) return { plan, table: { exists: false, sets: [], chains: [] } };
      return { plan, table: await enforcer.table() };
    },
    async close() {
      for (const enforcer of enforcers) enforcer.close();
      await field.close();
    },
  };
}

/** Waits for all, also when one fails, so that nothing goes on behind the error. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

function assignments(host: StageHost): Assignment[] {
  const devices = deviceNames(host.interfaces.map(({ name }) => name));
  return host.interfaces.map(({ addresses }, index) => ({
    device: devices[index] ?? '',
    addresses: [
      ...new Set(addresses.filter(isRoutable).map((text) => canonicalAddress(text) ?? text)),
    ],
  }));
}

function isAbout(record: FlowRecord, connection: Connection): boolean {
  return (
    record.src_ip === canonicalAddress(connection.source.address) &&
    record.dst_ip === canonicalAddress(connection.destination.address) &&
    record.protocol === connection.protocol &&
    record.dst_port === (connection.port ?? 0) &&
    record.icmp_type === connection.icmpType &&
    record.icmp_code === connection.icmpCode
  );
}
