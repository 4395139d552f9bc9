/** A VEN as the PCE meets it, for tests: activates over HTTPS, keeps a channel, takes policy exactly as the protocol says. */
import { verify } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  activateResponseSchema,
  pceMessageSchema,
  policyContentSchema,
  policyDeltaContentSchema,
  type ActivateRequest,
  type ActivateResponse,
  type PceMessage,
  type PolicyDocument,
  type ReportedInterface,
  type VenMessage,
} from '@bulkhead/contract';
import type { HostPolicy } from '@bulkhead/policy';
import { json } from '../../db/database.ts';
import { hashSecret, newSecret } from '../../http/secrets.ts';
import type { TestAnswer, TestPce } from '../../testing/test-pce.ts';

export interface PairingOptions {
  readonly venType?: 'server' | 'endpoint' | 'specified_during_activation';
  readonly enabled?: boolean;
  readonly labels?: readonly string[];
  readonly locks?: Readonly<Record<string, boolean>>;
  readonly usesLeft?: number | null;
  readonly expiresAt?: Date | null;
}

/** A pairing profile with one key. Answers the activation code. */
export async function pairingCode(
  pce: TestPce,
  options: PairingOptions = {},
): Promise<{ code: string; profileId: number }> {
  const { db } = pce.pce.deps;
  const profile = await db
    .insertInto('pairing_profiles')
    .values({
      org_id: pce.orgId,
      name: 'Test profile',
      ven_type: options.venType ?? 'specified_during_activation',
      enabled: options.enabled ?? true,
      enforcement_mode: 'full',
      labels: json([...(options.labels ?? [])]),
      locks: json({ ...options.locks }),
      created_by: '/users/1',
      updated_by: '/users/1',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const code = newSecret();
  await db
    .insertInto('pairing_keys')
    .values({
      org_id: pce.orgId,
      pairing_profile_id: profile.id,
      code_hash: hashSecret(code),
      uses_left: options.usesLeft ?? null,
      expires_at: options.expiresAt ?? null,
      created_by: '/users/1',
    })
    .execute();
  return { code, profileId: profile.id };
}

export function wired(
  address: string,
  profile: 'corporate' | 'external' = 'corporate',
  name = 'eth0',
  prefixLength = 24,
): ReportedInterface {
  return {
    name,
    addresses: [{ address, prefix_length: prefixLength }],
    gateway: null,
    mac: null,
    type: 'ethernet',
    link_state: 'up',
    network_profile: profile,
  };
}

export function activation(code: string, change: Partial<ActivateRequest> = {}): ActivateRequest {
  return {
    protocol: 1,
    activation_code: code,
    ven_type: 'server',
    facts: {
      hostname: 'host.test',
      os_platform: 'linux',
      os_id: 'debian-12',
      os_detail: 'Debian 12',
      version: '22.5.0-1',
      uptime_seconds: 12,
    },
    interfaces: [wired('192.0.2.10')],
    ...change,
  };
}

/** Polls until `check` gives something other than undefined or false. */
export async function until<T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 20_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`Not within ${ms} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

interface SetContent {
  readonly hosts: Set<string>;
  readonly ranges: Set<string>;
}

export class VenClient {
  readonly pce: TestPce;
  readonly identity: ActivateResponse;
  readonly request: ActivateRequest;
  readonly messages: PceMessage[] = [];
  bootId = 'boot-1';
  machineId: string | undefined;
  version = 0;
  policy: HostPolicy | undefined;
  sets = new Map<string, SetContent>();
  closed: number | undefined;
  /** Policies are refused with this message while it is set. */
  refuse: string | undefined;
  #socket: WebSocket | undefined;

  constructor(pce: TestPce, request: ActivateRequest, identity: ActivateResponse) {
    this.pce = pce;
    this.request = request;
    this.identity = identity;
  }

  static async activate(
    pce: TestPce,
    change: Partial<ActivateRequest> = {},
    options: PairingOptions = {},
  ): Promise<VenClient> {
    const { code } = await pairingCode(pce, options);
    const request = activation(code, change);
    const answer = await pce.send('POST', '/api/v2/ven/activate', { auth: null, body: request });
    if (answer.status !== 201) throw new Error(`activation: ${answer.status} ${answer.text}`);
    return new VenClient(pce, request, activateResponseSchema.parse(answer.json));
  }

  get workload(): string {
    return `/orgs/${this.pce.orgId}/workloads/${this.identity.ven_uuid}`;
  }

  get href(): string {
    return `/orgs/${this.pce.orgId}/vens/${this.identity.ven_uuid}`;
  }

  send(method: string, path: string, body?: unknown): Promise<TestAnswer> {
    return this.pce.send(method, `/api/v2/ven/${path}`, {
      auth: `Bearer ${this.identity.token}`,
      ...(body === undefined ? {} : { body }),
    });
  }

  report(interfaces: readonly ReportedInterface[]): Promise<TestAnswer> {
    return this.send('PUT', 'report', { facts: this.request.facts, interfaces });
  }

  /** Resolves when the channel is open and hello is said. */
  async connect(): Promise<void> {
    const { identity, address } = this.pce.pce.deps;
    const tls = { ca: identity.ca, servername: 'pce.test' };
    const socket = new WebSocket(`wss://127.0.0.1:${address.port}/api/v2/ven/channel`, {
      ...tls,
      headers: { authorization: `Bearer ${this.identity.token}` },
    });
    this.#socket = socket;
    this.closed = undefined;
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      this.closed = code;
    });
    socket.on('message', (data) => {
      const text = Buffer.isBuffer(data) ? data.toString('utf8') : '';
      this.#take(pceMessageSchema.parse(JSON.parse(text)));
    });
    this.say({
      type: 'hello',
      protocol: 1,
      boot_id: this.bootId,
      ...(this.machineId === undefined ? {} : { machine_id: this.machineId }),
      policy_version: this.version,
      policy_hash: this.policy?.hash ?? null,
    });
  }

  say(message: VenMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  disconnect(): void {
    this.#socket?.terminate();
  }

  get policyMessages(): readonly PceMessage[] {
    return this.messages.filter(
      (message) => message.type === 'policy' || message.type === 'policy_delta',
    );
  }

  async waitFor(type: PceMessage['type'], count = 1): Promise<PceMessage> {
    return until(`${count} × ${type} for ${this.href}`, () =>
      this.messages.filter((message) => message.type === type).at(count - 1),
    );
  }

  /** Content of a document, after its signature was verified. */
  verified(document: PolicyDocument): unknown {
    const good = verify(
      null,
      Buffer.from(document.content),
      this.identity.policy_public_key,
      Buffer.from(document.signature, 'base64'),
    );
    if (!good) throw new Error('the signature of a policy document is wrong');
    return JSON.parse(document.content);
  }

  /** Hosts of the sets that rules of a direction name, sorted. */
  peers(direction: 'inbound' | 'outbound'): string[] {
    const ids = new Set(
      this.policy?.rules
        .filter((rule) => rule.direction === direction)
        .flatMap((rule) => rule.peers),
    );
    return [...ids]
      .flatMap((id) => [...(this.sets.get(id)?.hosts ?? []), ...(this.sets.get(id)?.ranges ?? [])])
      .toSorted();
  }

  #take(message: PceMessage): void {
    this.messages.push(message);
    if (message.type === 'policy') {
      const content = policyContentSchema.parse(this.verified(message.document));
      if (this.#refused(content.version)) return;
      this.version = content.version;
      this.policy = content.policy;
      this.sets = new Map(
        content.sets.map((set) => [
          set.id,
          { hosts: new Set(set.hosts), ranges: new Set(set.ranges) },
        ]),
      );
      this.#applied();
    } else if (message.type === 'policy_delta') {
      const content = policyDeltaContentSchema.parse(this.verified(message.document));
      if (this.#refused(content.to)) return;
      if (content.from !== this.version)
        throw new Error(`delta from ${content.from}, but the VEN is at ${this.version}`);
      this.version = content.to;
      if (content.policy !== null) this.policy = content.policy;
      for (const id of content.dropped_sets) this.sets.delete(id);
      for (const delta of content.sets) {
        const set = this.sets.get(delta.id) ?? { hosts: new Set(), ranges: new Set() };
        this.sets.set(delta.id, set);
        for (const item of delta.removeHosts) set.hosts.delete(item);
        for (const item of delta.removeRanges) set.ranges.delete(item);
        for (const item of delta.addHosts) set.hosts.add(item);
        for (const item of delta.addRanges) set.ranges.add(item);
      }
      this.#applied();
    }
  }

  #refused(version: number): boolean {
    if (this.refuse === undefined) return false;
    this.say({ type: 'apply_failed', version, message: this.refuse });
    return true;
  }

  #applied(): void {
    this.say({
      type: 'applied',
      version: this.version,
      hash: this.policy?.hash ?? '',
      applied_at: new Date().toISOString(),
      rule_count: this.policy?.rules.length ?? 0,
    });
  }
}
