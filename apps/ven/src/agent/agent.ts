/** The agent: policy from the PCE into the firewall, facts and flows back. Everything of the operating system is behind the platform. */
import { promises as dns } from 'node:dns';
import { VEN_PROTOCOL, type PceMessage, type VenMessage } from '@bulkhead/contract';
import type { HostFacts } from '@bulkhead/enforcement';
import type { FirewallRestore, Platform } from '../platform/port.ts';
import { createCare } from './care.ts';
import { openChannel, type Channel } from './channel.ts';
import { checkEnvironment } from './environment.ts';
import { explain, type ExplainAnswer, type ExplainQuestion } from './explain.ts';
import { openFlowQueue } from './flow-queue.ts';
import { createFlowReporter } from './flow-reporter.ts';
import { reportFacts } from './host-facts.ts';
import { keepIdentity } from './identity-keeper.ts';
import { createInterfaceWatcher } from './interface-watcher.ts';
import { createKnownServers } from './known-servers.ts';
import { messageOf, type Log } from './log.ts';
import { createPceClient } from './pce-client.ts';
import { createPolicyApplier } from './policy-applier.ts';
import { CLOSED_POLICY } from './policy-file.ts';
import { createPolicyFollower } from './policy-follower.ts';
import { PolicyDocumentError } from './policy-state.ts';
import { createResolvedNames, type NameMove } from './resolved-names.ts';
import { createSerial } from './serial.ts';
import { describePolicy, type PolicyView } from './show-policy.ts';
import { policyStatus, type AgentStatus } from './status.ts';
import type { Store } from './store.ts';
import { readActivated } from './stored-client.ts';
import { tellSuspension } from './suspension.ts';
import { createTamperGuard } from './tamper-guard.ts';

const PCE_LOOKUP_MS = 60_000;
const MAX_KEPT_MESSAGES = 20;

export class NotActivatedError extends Error {
  override readonly name = 'NotActivatedError';
}

export interface AgentDeps {
  readonly platform: Platform;
  readonly store: Store;
  readonly log: Log;
  /** The PCE asked to unpair; the agent is closed by whoever handles it. */
  readonly unpairAsked: (restore: FirewallRestore) => void;
  /** The PCE asked to start again; likewise. */
  readonly restartAsked: () => void;
}

export interface Agent {
  status(): AgentStatus;
  showPolicy(): PolicyView | null;
  /** Why a connection of this host is decided as it is. Rejects with what a person can do about it. */
  explain(question: ExplainQuestion): Promise<ExplainAnswer>;
  /** Ends all work; the last policy stays in force. `reason` null: without a word to the PCE. */
  close(reason: 'stop' | 'shutdown' | null): Promise<void>;
}

const RESTORE = { saved: 'saved', default: 'recommended', disable: 'open' } as const;

/** The last policy is in force when this resolves, before the network was touched. Rejects with NotActivatedError. */
export async function startAgent(deps: AgentDeps): Promise<Agent> {
  const { platform, store, log } = deps;
  const [activated, cache, firstSequence, lastAddresses] = await Promise.all([
    readActivated(store),
    store.readProfiles(),
    store.readFlowSequence(),
    store.readPceAddresses(),
  ]);
  if (activated === null) {
    throw new NotActivatedError('this VEN is not activated: run "illumio-ven-ctl activate"');
  }
  const startedAt = Date.now();
  const { identity, settings, pce } = activated;
  const keeper = keepIdentity(
    identity,
    (next) => store.writeIdentity(next),
    () => new Date(),
  );
  const client = createPceClient(pce, () => keeper.token());
  const serial = createSerial();
  const servers = await createKnownServers({
    pceHost: pce.host,
    lastAddresses,
    readResolvers: () => platform.resolvers(),
    persist: (addresses) => store.writePceAddresses(addresses),
    log,
  });
  let lastReport = '';
  let refusedBy: number | null = null;
  let closed = false;
  const kept: VenMessage[] = [];
  let channel: Channel | null = null;

  const facts = (): HostFacts => ({
    interfaces: interfaces.hostInterfaces(),
    otherInterfaces: settings.endpoint ? 'external' : 'corporate',
    pce: servers.pce().map((address) => ({ address, port: settings.port })),
    resolvers: servers.resolvers(),
    names: names.known(),
  });

  const applier = createPolicyApplier({
    firewall: platform.firewall,
    persist: (policy) => store.writePolicy(policy),
    facts,
    took: (plan) => names.follow(plan.names.keys()),
    log,
    now: () => new Date(),
  });

  const policy = createPolicyFollower({
    applier,
    client,
    publicKey: identity.policy_public_key,
    tell,
    log,
  });

  const names = createResolvedNames({
    lookup: async (name) => (await dns.lookup(name, { all: true })).map(({ address }) => address),
    inUse: (addresses) => platform.firewall.peersInUse(addresses),
    watch: (resolved) =>
      platform.watchNames((address) => servers.resolvers().includes(address), resolved),
    moved: (moves) => void serial(() => namesMoved(moves)),
    log,
    nowMs: () => Date.now(),
  });

  const interfaces = createInterfaceWatcher({
    endpoint: settings.endpoint,
    read: () => platform.interfaces(),
    detect: async (name, address) => (await client.detect(name, address)).network_profile,
    cache,
    persistCache: (next) => store.writeProfiles(next),
    changed: () => serial(interfacesChanged),
    settled: report,
    log,
    nowMs: () => Date.now(),
  });

  const flows = await createFlowReporter({
    logEntry: (prefix) => applier.logEntry(prefix),
    profileOf: (name) => interfaces.profileOf(name),
    ownerOf: (question) => platform.ownerOf(question),
    send: (body) => client.flows(body),
    persistSequence: (next) => store.writeFlowSequence(next),
    firstSequence,
    openQueue: (lost) => openFlowQueue(store.flowFolder, lost, log),
    log,
    now: () => new Date(),
  });

  function tell(message: VenMessage): void {
    if (channel?.send(message) === true) return;
    kept.push(message);
    if (kept.length > MAX_KEPT_MESSAGES) kept.shift();
  }

  async function interfacesChanged(): Promise<void> {
    try {
      const moved = await applier.interfacesChanged(interfaces.hostInterfaces());
      if (moved) log.info('interfaces are enforced as they are now');
    } catch (error) {
      policy.failed(error);
    }
    const local = channel?.localAddress() ?? null;
    if (local === null || local.startsWith('127.') || local === '::1') return;
    const addresses = interfaces.links().flatMap((link) => link.addresses);
    // a connection whose address left the host would hang until it times out
    if (!addresses.some(({ address }) => address === local)) channel?.renew();
  }

  async function namesMoved(moves: readonly NameMove[]): Promise<void> {
    if (closed) return;
    try {
      await applier.namesMoved(moves);
    } catch (error) {
      policy.failed(error);
    }
  }

  async function report(): Promise<void> {
    if (closed) return;
    const reported = interfaces.reported();
    const text = JSON.stringify(reported);
    if (text === lastReport) return;
    try {
      await client.report({ facts: reportFacts(platform), interfaces: reported });
      lastReport = text;
    } catch (error) {
      log.info('interfaces could not be reported yet', { reason: messageOf(error) });
    }
  }

  async function handle(message: PceMessage): Promise<void> {
    switch (message.type) {
      case 'policy':
      case 'policy_delta':
      case 'policy_current':
        return policy.take(message);
      case 'unpair':
        log.info('the PCE asked to unpair', { firewall: message.firewall_restore });
        deps.unpairAsked(RESTORE[message.firewall_restore]);
        return;
      case 'settings':
        await store.writeOrganization({
          maintenanceTokenRequired: message.maintenance_token_required,
        });
        return;
      case 'reactivated':
        log.warn('this machine is a copy; the PCE made it a workload of its own', {
          ven: message.ven_uuid,
        });
        await keeper.become(message, platform.describe().machineId);
        deps.restartAsked();
        return;
      case 'restart':
        deps.restartAsked();
        return;
      case 'redetect':
        // not awaited by the messages behind it: detection waits for the network
        void interfaces.detect(false).catch(detectionFailed);
        return;
      case 'error':
        log.warn('the PCE reports an error', { message: message.message });
    }
  }

  const detectionFailed = (error: unknown): void =>
    log.error('network profiles could not be detected', { reason: messageOf(error) });

  function received(message: PceMessage): void {
    void serial(async () => {
      if (closed) return;
      try {
        // a policy must know where the PCE is, or it would cut the way to it
        if (servers.pce().length === 0) await servers.learn();
        await handle(message);
      } catch (error) {
        const text = messageOf(error);
        if (error instanceof PolicyDocumentError) policy.noteFailure(text);
        log.error('a message of the PCE could not be handled', {
          type: message.type,
          reason: text,
        });
        tell({ type: 'error', message: text.slice(0, 4096) });
      }
    });
  }

  function opened(): void {
    refusedBy = null;
    const enforced = applier.enforced()?.policy ?? null;
    channel?.send({
      type: 'hello',
      protocol: VEN_PROTOCOL,
      boot_id: platform.describe().bootId,
      policy_version: enforced?.version ?? 0,
      policy_hash: enforced === CLOSED_POLICY ? null : (enforced?.policy.hash ?? null),
      machine_id: platform.describe().machineId,
    });
    for (const message of kept.splice(0)) channel?.send(message);
    void tellSuspension(store, (status) => client.setStatus(status), log);
    void care.look();
    interfaces.detect(true).catch(detectionFailed);
  }

  function heartbeat(): void {
    channel?.send({
      type: 'heartbeat',
      uptime_seconds: platform.describe().uptimeSeconds,
      policy_version: applier.enforced()?.policy.version ?? 0,
      warnings: [...care.warnings()],
    });
  }

  const care = createCare({
    warnings: () => platform.warnings(),
    warningsMoved: heartbeat,
    tokenIssuedAt: () => keeper.tokenIssuedAt(),
    renewToken: () => keeper.renew(() => client.nextToken()),
    isIdle: () => applier.enforced()?.policy.policy.mode === 'idle',
    compatibility: async () => {
      const { checks } = await checkEnvironment(platform, client, () => new Date());
      return { checks: [...checks] };
    },
    sendCompatibility: (body) => client.compatibility(body),
    isConnected: () => channel?.isOpen() === true,
    log,
    nowMs: () => Date.now(),
  });

  /** What runs already is told once, when the host is paired. */
  async function takeSnapshot(): Promise<void> {
    try {
      const own = interfaces
        .links()
        .flatMap((link) => link.addresses.map(({ address }) => address));
      flows.snapshot(await platform.liveConnections(), new Set(own));
    } catch (error) {
      log.warn('connections of before cannot be told', { reason: messageOf(error) });
    }
  }

  async function refreshAddresses(): Promise<void> {
    try {
      if (!(await servers.learn()) || closed) return;
      await serial(() => applier.factsChanged());
    } catch (error) {
      policy.failed(error);
    }
  }

  await interfaces.read();
  if (firstSequence === 0) await takeSnapshot();
  await policy.restore(() => store.readPolicy());

  const guard = createTamperGuard({
    firewall: platform.firewall,
    repair: () => serial(() => applier.repair()),
    tell,
    log,
  });
  const stopNetwork = platform.watchNetwork(() => {
    interfaces.poke();
    void refreshAddresses();
  });
  const stopFlows = platform.watchFlows((packets) => flows.observe(packets));
  const stopConnections = platform.watchConnections((ended) => flows.ended(ended));
  void refreshAddresses();
  const timers = [
    setInterval(heartbeat, identity.heartbeat_seconds * 1000),
    setInterval(() => void flows.flush(), settings.flowReportSeconds * 1000),
    setInterval(() => {
      if (channel?.isOpen() !== true) void refreshAddresses();
    }, PCE_LOOKUP_MS),
  ];
  channel = openChannel({
    pce,
    token: () => keeper.token(),
    maxWaitMs: settings.reconnectSeconds * 1000,
    log,
    random: Math.random,
    opened,
    received,
    refused: (status) => (refusedBy = status),
  });
  // interfaces may have changed between the first reading and the watch
  interfaces.poke();

  return {
    status() {
      return {
        activated: true,
        ven_uuid: identity.ven_uuid,
        ven_type: settings.endpoint ? 'endpoint' : 'server',
        pce: `${settings.managementServer}:${settings.port}`,
        channel: channel?.isOpen() === true ? 'open' : refusedBy === null ? 'closed' : 'refused',
        policy: policyStatus(applier.enforced()),
        suspended: false,
        last_failure: policy.lastFailure(),
        warnings: [...care.warnings()],
        interfaces: interfaces.reported(),
        flows: flows.statistics(),
        uptime_seconds: Math.round((Date.now() - startedAt) / 1000),
        rss_bytes: process.memoryUsage().rss,
        pid: process.pid,
      };
    },
    showPolicy() {
      const enforced = applier.enforced();
      return enforced === null ? null : describePolicy(enforced, names.known());
    },
    explain: (question) =>
      explain(
        {
          ask: (body) => client.explain(body),
          enforced: () => applier.enforced(),
          ownAddresses: () =>
            interfaces.links().flatMap((link) => link.addresses.map(({ address }) => address)),
        },
        question,
      ),
    async close(reason) {
      closed = true;
      names.close();
      for (const timer of timers) clearInterval(timer);
      care.close();
      interfaces.close();
      stopNetwork();
      stopFlows();
      stopConnections();
      guard.close();
      await serial(() => Promise.resolve());
      if (reason === null) await flows.keep().catch(() => undefined);
      else {
        await flows.flush().catch(() => undefined);
        await client
          .goodbye(reason)
          .catch((error: unknown) =>
            log.warn('the PCE could not be told', { reason: messageOf(error) }),
          );
      }
      client.close();
      channel?.close();
    },
  };
}
