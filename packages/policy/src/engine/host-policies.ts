/** Host policies of classes, content-addressed: equal content is computed, hashed and kept once. */
import { sha256Hex } from '../sha256.ts';
import type { HostPolicy, HostRule } from '../host-policy.ts';
import type { ServicePort } from '../model.ts';
import type { Part, Unit } from './compile.ts';
import { managesExternal, type ClassState } from './classes.ts';

interface Line {
  readonly rule: HostRule;
  /** Canonical text: what is sorted by and hashed. */
  readonly text: string;
  digest: string | null;
}

/** Longer policies are hashed over the digests of their lines, which thousands of classes may share. */
const LONG = 16;

function digestOf(line: Line): string {
  line.digest ??= sha256Hex(line.text);
  return line.digest;
}

interface UnitLines {
  /** Tells units apart. */
  readonly serial: number;
  /** By number of the provider part; parts with equal services share a line. */
  readonly inbound: readonly (Line | null)[];
  readonly outbound: readonly Line[];
}

interface Interned {
  readonly policy: HostPolicy;
  readonly sets: readonly string[];
  /** Classes that have it. */
  users: number;
}

/** Units that name one workload, with the numbers of the parts that do. */
export interface NamedUnits {
  readonly providerUnits: ReadonlyMap<Unit, ReadonlySet<number>>;
  readonly consumerUnits: ReadonlyMap<Unit, ReadonlySet<number>>;
}

/** Compiles units to lines once, and classes to host policies. */
export class HostPolicies {
  private readonly lines = new WeakMap<Unit, UnitLines>();
  private serial = 0;
  private readonly interned = new Map<string, Interned>();

  get size(): number {
    return this.interned.size;
  }

  setsOf(hash: string): readonly string[] {
    return this.interned.get(hash)?.sets ?? [];
  }

  retain(hash: string): void {
    const entry = this.interned.get(hash);
    if (entry !== undefined) entry.users += 1;
  }

  release(hash: string): void {
    const entry = this.interned.get(hash);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users === 0) this.interned.delete(hash);
  }

  /**
   * The policy of a managed class. Classes that differ only in selectors without rules have the same one: `built` remembers them while
   * no unit changes, so that ten thousand classes under the same rules cost what one does.
   */
  build(of: ClassState, named: NamedUnits | undefined, built: Map<string, HostPolicy>): HostPolicy {
    const key = this.keyOf(of, named);
    let policy = built.get(key);
    if (policy === undefined) built.set(key, (policy = this.compile(of, named)));
    return policy;
  }

  private keyOf(of: ClassState, named: NamedUnits | undefined): string {
    const { sample } = of;
    const ruling = [...of.selectors]
      .filter((state) => state.providerUnits.size + state.consumerUnits.size > 0)
      .map((state) => state.serial);
    const parts: (string | number | boolean)[] = [
      sample.enforcementMode,
      sample.visibilityLevel,
      sample.blockedConnectionAction,
      sample.type,
      managesExternal(sample),
      ...ruling.sort((a, b) => a - b),
    ];
    for (const side of ['providerUnits', 'consumerUnits'] as const) {
      const serials = [...(named?.[side] ?? [])].map(
        ([unit, places]) => `${this.linesOf(unit).serial}:${[...places].join()}`,
      );
      parts.push(side, ...serials.sort());
    }
    return parts.join(' ');
  }

  private compile(of: ClassState, named: NamedUnits | undefined): HostPolicy {
    const { sample } = of;
    const external = sample.type === 'endpoint' && managesExternal(sample);
    const lines = new Map<string, Line>();
    const add = (line: Line | null | undefined) => {
      if (line == null) return;
      if (line.rule.networkType === 'non_brn' && !external) return;
      lines.set(line.text, line);
    };
    if (sample.enforcementMode !== 'idle') {
      for (const { id, providerUnits, consumerUnits } of of.selectors) {
        for (const unit of providerUnits) {
          const { inbound } = this.linesOf(unit);
          unit.providers.forEach(({ members }, place) => {
            if (members?.kind === 'selector' && members.id === id) add(inbound[place]);
          });
        }
        for (const unit of consumerUnits) this.linesOf(unit).outbound.forEach(add);
      }
      for (const [unit, places] of named?.providerUnits ?? []) {
        const { inbound } = this.linesOf(unit);
        for (const place of places) add(inbound[place]);
      }
      for (const unit of named?.consumerUnits.keys() ?? []) {
        this.linesOf(unit).outbound.forEach(add);
      }
    }
    const sorted = [...lines.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
    const head = {
      mode: sample.enforcementMode,
      visibility: sample.visibilityLevel,
      blockedConnectionAction: sample.blockedConnectionAction,
      managesExternal: managesExternal(sample),
      ipv6Mode: 'policy_based',
      firewallCoexistence: 'exclusive',
      ipTablesRules: [],
    } as const;
    const told = sorted.length > LONG ? sorted.map(digestOf) : sorted.map(({ text }) => text);
    const hash = sha256Hex([JSON.stringify(head), ...told].join('\n'));
    const known = this.interned.get(hash);
    if (known !== undefined) return known.policy;
    const policy: HostPolicy = { hash, ...head, rules: sorted.map(({ rule }) => rule) };
    const sets = [...new Set(policy.rules.flatMap((rule) => rule.peers))].sort();
    this.interned.set(hash, { policy, sets, users: 0 });
    return policy;
  }

  private linesOf(unit: Unit): UnitLines {
    let lines = this.lines.get(unit);
    if (lines === undefined) {
      this.serial += 1;
      this.lines.set(unit, (lines = { serial: this.serial, ...compileLines(unit) }));
    }
    return lines;
  }
}

function compileLines(unit: Unit): Omit<UnitLines, 'serial'> {
  const peersOf = (parts: Unit['providers']) =>
    [...new Set(parts.map((part) => part.setId))].sort();
  const consumers = peersOf(unit.consumers);
  const inbound = unit.providers.map((part) =>
    line(unit, 'inbound', {
      peers: consumers,
      fqdns: [],
      services: part.services ?? unit.services,
    }),
  );
  // a boundary is enforced outbound only towards IP lists; towards workloads their own inbound side does it
  const targets =
    unit.action === 'deny'
      ? unit.providers.filter((part) => part.source.kind === 'ip_list')
      : unit.providers;
  const byServices = new Map<string, Part[]>();
  for (const part of targets) {
    const key = JSON.stringify(part.services);
    const group = byServices.get(key);
    if (group === undefined) byServices.set(key, [part]);
    else group.push(part);
  }
  const outbound = [...byServices.values()].flatMap((parts) => {
    const services = parts[0]?.services ?? unit.services;
    const fqdns = [...new Set(parts.flatMap((part) => part.fqdns))].sort();
    return line(unit, 'outbound', { peers: peersOf(parts), fqdns, services }) ?? [];
  });
  return { inbound, outbound };
}

function line(
  unit: Unit,
  direction: HostRule['direction'],
  match: {
    readonly peers: readonly string[];
    readonly fqdns: readonly string[];
    readonly services: readonly ServicePort[];
  },
): Line | null {
  // a line that can match nothing is left out, so that no reader can take an empty list for everybody
  if (match.services.length === 0) return null;
  if (match.peers.length === 0 && match.fqdns.length === 0) return null;
  const rule: HostRule = {
    action: unit.action,
    direction,
    networkType: unit.networkType,
    ...match,
    stateless: unit.stateless,
    principals: [],
    origin: { href: unit.href, version: unit.version },
  };
  return { rule, text: JSON.stringify([direction, unit.action, unit.href, rule]), digest: null };
}
