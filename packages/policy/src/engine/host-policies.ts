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
}

interface UnitLines {
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

/** Compiles units to lines once, and classes to host policies. */
export class HostPolicies {
  private readonly lines = new WeakMap<Unit, UnitLines>();
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

  /** The policy of a managed class, from the units in which it is a provider and those in which it is a consumer. */
  build(
    of: ClassState,
    providerUnits: ReadonlySet<Unit>,
    consumerUnits: ReadonlySet<Unit>,
  ): HostPolicy {
    const { sample } = of;
    const external = sample.type === 'endpoint' && managesExternal(sample);
    const lines = new Map<string, Line>();
    const add = (line: Line | null | undefined) => {
      if (line == null) return;
      if (line.rule.networkType === 'non_brn' && !external) return;
      lines.set(line.text, line);
    };
    const inside = new Set([...of.selectors].map((state) => state.id));
    if (sample.enforcementMode !== 'idle') {
      for (const unit of providerUnits) {
        const { inbound } = this.linesOf(unit);
        unit.providers.forEach((part, index) => {
          const { members } = part;
          if (members === null) return;
          const belongs =
            members.kind === 'selector'
              ? inside.has(members.id)
              : of.named !== null && members.hrefs.includes(of.named);
          if (belongs) add(inbound[index]);
        });
      }
      for (const unit of consumerUnits) this.linesOf(unit).outbound.forEach(add);
    }
    const sorted = [...lines.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
    const head = {
      mode: sample.enforcementMode,
      visibility: sample.visibilityLevel,
      blockedConnectionAction: sample.blockedConnectionAction,
      managesExternal: managesExternal(sample),
    };
    const hash = sha256Hex(`${JSON.stringify(head)}\n${sorted.map(({ text }) => text).join('\n')}`);
    const known = this.interned.get(hash);
    if (known !== undefined) return known.policy;
    const policy: HostPolicy = { hash, ...head, rules: sorted.map(({ rule }) => rule) };
    const sets = [...new Set(policy.rules.flatMap((rule) => rule.peers))].sort();
    this.interned.set(hash, { policy, sets, users: 0 });
    return policy;
  }

  private linesOf(unit: Unit): UnitLines {
    let lines = this.lines.get(unit);
    if (lines === undefined) this.lines.set(unit, (lines = compileLines(unit)));
    return lines;
  }
}

function compileLines(unit: Unit): UnitLines {
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
    origin: { href: unit.href, version: unit.version },
  };
  return { rule, text: JSON.stringify([direction, unit.action, unit.href, rule]) };
}
