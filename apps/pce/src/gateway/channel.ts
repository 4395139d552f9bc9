/** The long-lived channels of the VENs: who is connected, and what each is sent when policy moves. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import {
  VEN_PROTOCOL,
  type PceMessage,
  type PolicyDocument,
  type VenMessage,
  type VenWarning,
} from '@bulkhead/contract';
import type { Compute, PolicyUpdate } from '../compute/compute.ts';
import type { Clock } from '../deps.ts';
import type { VenCaller } from '../http/caller.ts';
import {
  answersPing,
  CLOSE,
  parseVenMessage,
  send,
  sendSettings,
  timestamp,
} from './channel-socket.ts';
import type { Clones } from './clones.ts';
import type { PolicySigner } from './policy-signing.ts';
import type { StatusWriter, VenStatus } from './status-writer.ts';
import { bearerToken, workloadHref } from './ven-access.ts';
import { VenPolicy } from './ven-policy.ts';
import type { VenRecords } from './ven-records.ts';

const MAX_MESSAGE = 256 * 1024;
/** A VEN that does not read for so long gets a new connection, and with it the whole policy at once. */
const MAX_BACKLOG = 64 * 1024 * 1024;
const PING_MS = 20_000;
const HELLO_MS = 15_000;

type Hello = Extract<VenMessage, { type: 'hello' }>;

interface Session {
  readonly socket: WebSocket;
  readonly caller: VenCaller;
  readonly workload: string;
  readonly address: string;
  readonly policy: VenPolicy;
  /** Null until hello. */
  bootId: string | null;
  answered: boolean;
  /** What the VEN warned of last, as it was written. */
  warnings: string;
}

export interface ChannelOptions {
  readonly compute: Compute;
  readonly signer: PolicySigner;
  readonly status: StatusWriter;
  readonly records: VenRecords;
  readonly clones: Clones;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    clientTracking: true,
  });
  /** Those who said hello, by workload. */
  readonly #sessions = new Map<string, Session>();
  /** Outlives connections, so that a VEN that comes back gets only what it missed. */
  readonly #policies = new Map<string, VenPolicy>();
  #ping: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  readonly #closing = new Set<Promise<void>>();

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe = this.#options.compute.subscribe((update) => this.#policyMoved(update));
    this.#ping = setInterval(() => this.#pingAll(), PING_MS);
    this.#ping.unref();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    clearInterval(this.#ping);
    for (const socket of this.#server.clients) socket.close(CLOSE.goingDown);
    const gone = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    const timer = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, 500);
    await gone;
    clearTimeout(timer);
    await Promise.all(this.#closing);
  }

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const drop = (): void => void socket.destroy();
    socket.on('error', drop);
    this.#authenticate(request).then(
      (found) => {
        if (found === undefined) {
          socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
          return;
        }
        const { caller, policy } = found;
        socket.off('error', drop);
        this.#server.handleUpgrade(request, socket, head, (webSocket) => {
          this.#open({
            socket: webSocket,
            caller,
            workload: workloadHref(caller.orgId, caller.venId),
            address: (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, ''),
            policy,
            bootId: null,
            answered: true,
            warnings: '',
          });
        });
      },
      (error: unknown) => {
        this.#options.logger.error({ err: error }, 'a VEN could not connect');
        socket.end(
          'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n',
        );
      },
    );
  };

  isConnected(workload: string): boolean {
    return this.#sessions.has(workload);
  }

  /** The whole policy, signed; the VEN counts as having been sent it. Undefined while it is not computed yet. */
  async wholePolicy(caller: VenCaller): Promise<PolicyDocument | undefined> {
    const policy = await this.#policyOf(caller);
    const organization = this.#options.compute.organization(caller.orgId);
    const message =
      organization === undefined
        ? undefined
        : policy.whole(organization, workloadHref(caller.orgId, caller.venId));
    if (message === undefined) return undefined;
    this.#noteSent(caller);
    return this.#options.signer.sign(JSON.stringify(message.content));
  }

  /** Tells a connected VEN that it was unpaired; others are told when they come. */
  unpair(
    workload: string,
    firewallRestore: Extract<PceMessage, { type: 'unpair' }>['firewall_restore'],
  ): void {
    const session = this.#sessions.get(workload);
    if (session !== undefined)
      send(session.socket, { type: 'unpair', firewall_restore: firewallRestore });
    this.#policies.delete(workload);
  }

  /** Ends the connection of a VEN that has taken leave. */
  dismiss(workload: string): void {
    this.#policies.delete(workload);
    this.#sessions.get(workload)?.socket.close(CLOSE.unpaired);
  }

  /** False when the VEN is not connected. */
  restart(workload: string): boolean {
    const session = this.#sessions.get(workload);
    if (session === undefined) return false;
    send(session.socket, { type: 'restart' });
    return true;
  }

  /** Tells the connected VENs of an organization what it asks of them. */
  async tellSettings(orgId: number): Promise<void> {
    const settings = await this.#options.records.settings(orgId);
    for (const session of this.#sessions.values())
      if (session.caller.orgId === orgId) sendSettings(session.socket, settings);
  }

  /** Asks the connected endpoints of an organization for a new network profile detection. */
  redetect(orgId: number): void {
    for (const session of this.#sessions.values())
      if (session.caller.orgId === orgId) send(session.socket, { type: 'redetect' });
  }

  /** Asks one of them, when it is connected here. */
  redetectWorkload(workload: string): void {
    const session = this.#sessions.get(workload);
    if (session !== undefined) send(session.socket, { type: 'redetect' });
  }

  async #authenticate(
    request: IncomingMessage,
  ): Promise<{ caller: VenCaller; policy: VenPolicy } | undefined> {
    const token = bearerToken(request.headers.authorization);
    const caller = token === undefined ? undefined : await this.#options.records.byToken(token);
    return caller === undefined ? undefined : { caller, policy: await this.#policyOf(caller) };
  }

  async #policyOf(caller: VenCaller): Promise<VenPolicy> {
    const workload = workloadHref(caller.orgId, caller.venId);
    const known = this.#policies.get(workload);
    if (known !== undefined) return known;
    const version = await this.#options.records.policyVersion(caller.venId);
    const policy = this.#policies.get(workload) ?? new VenPolicy(version);
    this.#policies.set(workload, policy);
    return policy;
  }

  #open(session: Session): void {
    const { socket } = session;
    const silent = setTimeout(() => socket.close(CLOSE.protocol, 'hello expected'), HELLO_MS);
    silent.unref();
    let queue = Promise.resolve();
    socket.on('message', (data, isBinary) => {
      clearTimeout(silent);
      queue = queue
        .then(() => this.#take(session, data, isBinary))
        .catch((error: unknown) => {
          this.#options.logger.error(
            { err: error, ven: session.caller.href },
            'a message of a VEN failed',
          );
          socket.close(1011);
        });
    });
    socket.on('pong', () => {
      session.answered = true;
    });
    socket.on('error', (error) =>
      this.#options.logger.debug({ err: error, ven: session.caller.href }, 'channel error'),
    );
    socket.on('close', () => {
      clearTimeout(silent);
      if (this.#sessions.get(session.workload) !== session) return;
      this.#sessions.delete(session.workload);
      const done = this.#options.records.disconnected(session.caller).catch((error: unknown) => {
        this.#options.logger.warn(
          { err: error, ven: session.caller.href },
          'the end of a channel could not be stored',
        );
      });
      this.#closing.add(done);
      void done.finally(() => this.#closing.delete(done));
    });
  }

  async #take(session: Session, data: RawData, isBinary: boolean): Promise<void> {
    const message = isBinary ? undefined : parseVenMessage(data);
    if (message === undefined) {
      send(session.socket, { type: 'error', message: 'This PCE does not understand the message' });
      return;
    }
    if (message.type === 'hello') return this.#hello(session, message);
    if (session.bootId === null) {
      session.socket.close(CLOSE.protocol, 'hello expected');
      return;
    }
    const { records, status, clock } = this.#options;
    const { orgId, venId } = session.caller;
    switch (message.type) {
      case 'heartbeat': {
        status.note(orgId, venId, {
          last_heartbeat_at: clock.now().toISOString(),
          uptime_seconds: Math.round(message.uptime_seconds),
          ...this.#warnings(session, message.warnings),
        });
        if (session.policy.settled && message.policy_version !== session.policy.version) {
          session.policy.resume(message.policy_version, null);
          this.#deliver(session);
        }
        return;
      }
      case 'applied': {
        if (!session.policy.acknowledged(message.version)) return;
        status.note(orgId, venId, {
          policy_version: message.version,
          policy_hash: message.hash,
          policy_applied_at: timestamp(message.applied_at, clock),
          policy_sync_state: session.policy.settled ? 'applied' : 'syncing',
          firewall_rule_count: message.rule_count,
          health: { errors: [] },
        });
        return;
      }
      case 'apply_failed': {
        session.policy.refused(message.version);
        status.note(orgId, venId, {
          policy_sync_state: 'error',
          health: { errors: [{ message: message.message, at: clock.now().toISOString() }] },
        });
        return records.applyFailed(session.caller, session.address, message);
      }
      case 'tampering':
        return records.tampering(session.caller, session.address, message);
      case 'error':
        this.#options.logger.warn(
          { ven: session.caller.href, message: message.message },
          'a VEN reports an error',
        );
    }
  }

  /** Stored when they are others than before: heartbeats alone must not wake whoever looks at the VEN. */
  #warnings(session: Session, warnings: readonly VenWarning[] | undefined): VenStatus {
    const text = JSON.stringify(warnings);
    if (warnings === undefined || text === session.warnings) return {};
    session.warnings = text;
    return { health: { warnings } };
  }

  async #hello(session: Session, hello: Hello): Promise<void> {
    const { socket, caller, workload } = session;
    if (hello.protocol !== VEN_PROTOCOL) {
      send(socket, {
        type: 'error',
        message: `This PCE speaks protocol ${VEN_PROTOCOL}, the VEN ${hello.protocol}`,
      });
      socket.close(CLOSE.protocol);
      return;
    }
    const { records } = this.#options;
    const [pending, settings] = await Promise.all([
      records.pendingUnpair(caller.venId),
      records.settings(caller.orgId),
    ]);
    if (pending === undefined && (await this.#isClone(session, hello)))
      return this.#endClone(session, hello);
    const previous = this.#sessions.get(workload);
    session.bootId = hello.boot_id;
    if (socket.readyState !== WebSocket.OPEN) return;
    this.#sessions.set(workload, session);
    if (previous !== undefined && previous !== session) previous.socket.terminate();
    if (pending !== undefined) {
      send(socket, { type: 'unpair', firewall_restore: pending });
      return;
    }
    sendSettings(socket, settings);
    session.policy.resume(hello.policy_version, hello.policy_hash);
    // Policy first: what is stored about the connection can wait, the host cannot.
    const organization = this.#options.compute.organization(caller.orgId);
    const isSent = this.#deliver(session);
    const isCurrent = !isSent && organization?.classOf(workload) !== undefined;
    if (isCurrent) {
      send(socket, { type: 'policy_current', version: session.policy.version });
      this.#options.status.note(caller.orgId, caller.venId, { policy_sync_state: 'applied' });
    }
    await records.connected(caller, session.address, hello.boot_id);
  }

  /** True when the identity is in use by another machine that is there right now, or was activated on another one. */
  async #isClone(session: Session, hello: Hello): Promise<boolean> {
    if (await this.#options.clones.isAnotherMachine(session.caller.venId, hello.machine_id))
      return true;
    const other = this.#sessions.get(session.workload);
    if (other === undefined || other === session || other.bootId === hello.boot_id) return false;
    return answersPing(other.socket);
  }

  async #endClone({ socket, caller, address }: Session, hello: Hello): Promise<void> {
    const identity = await this.#options.clones.found(caller, address, hello.machine_id);
    send(
      socket,
      identity === null
        ? {
            type: 'error',
            message:
              'Another machine has the identity of this VEN; deactivate this one and activate it with a new code',
          }
        : { type: 'reactivated', ...identity },
    );
    socket.close(CLOSE.clone);
  }

  #policyMoved({ workloads }: PolicyUpdate): void {
    // The shorter of the two is walked: after a change of one host most are not concerned.
    if (workloads.size < this.#sessions.size) {
      for (const workload of workloads) {
        const session = this.#sessions.get(workload);
        if (session !== undefined) this.#deliver(session);
      }
    } else {
      for (const [workload, session] of this.#sessions)
        if (workloads.has(workload)) this.#deliver(session);
    }
  }

  /** Sends what the VEN misses. Answers whether there was something. */
  #deliver(session: Session): boolean {
    if (session.socket.readyState !== WebSocket.OPEN) return false;
    if (session.socket.bufferedAmount > MAX_BACKLOG) {
      session.socket.terminate();
      return false;
    }
    const organization = this.#options.compute.organization(session.caller.orgId);
    const message =
      organization === undefined ? undefined : session.policy.next(organization, session.workload);
    if (message === undefined) return false;
    send(session.socket, {
      type: message.type,
      document: this.#options.signer.sign(JSON.stringify(message.content)),
    });
    this.#noteSent(session.caller);
    return true;
  }

  #noteSent(caller: VenCaller): void {
    this.#options.status.note(caller.orgId, caller.venId, {
      policy_messages: 1,
      policy_sync_state: 'syncing',
      policy_received_at: this.#options.clock.now().toISOString(),
    });
  }

  #pingAll(): void {
    for (const session of this.#sessions.values()) {
      if (!session.answered) {
        session.socket.terminate();
        continue;
      }
      session.answered = false;
      session.socket.ping();
    }
  }
}
