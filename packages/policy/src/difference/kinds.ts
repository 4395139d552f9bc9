/** What an end of a connection enforces in both states, and lines of host policies told apart by what they match. */
import type { HostPolicy, HostRule } from '../host-policy.ts';
import type { ServicePort, Workload } from '../model.ts';
import type { EnforcementMode, Ipv6Mode, NetworkProfile } from '../vocabulary.ts';
import type { DifferenceLookup } from './difference.ts';
import type { KnownEnd } from './known-ends.ts';

/** In which states something is so: bits, 1 before, 2 after. */
export type States = 1 | 2 | 3;
export const BEFORE = 1;
export const AFTER = 2;
export const BOTH = 3;

/** A line of host policies. Equal matching by the same rule is the same line, on whichever host and in whichever version of the rule. */
export interface Line {
  readonly serial: number;
  readonly rule: HostRule;
}

/** What an end enforces in one state, without its lines. */
export interface Stance {
  readonly mode: EnforcementMode;
  readonly ipv6Mode: Ipv6Mode;
}

export interface OwnLine {
  readonly line: Line;
  readonly states: States;
}

/** Ends that enforce the same in both states. Null: no say in that state. */
export interface Kind {
  readonly serial: number;
  readonly before: Stance | null;
  readonly after: Stance | null;
  readonly outbound: readonly OwnLine[];
  readonly inbound: readonly OwnLine[];
}

/** Whether an end decides otherwise in the two states also where the same lines match. */
export function turned(kind: Pick<Kind, 'before' | 'after'>): boolean {
  return stanceKey(kind.before) !== stanceKey(kind.after);
}

export function stanceKey(stance: Stance | null): string {
  return stance === null ? '-' : `${stance.mode} ${stance.ipv6Mode}`;
}

interface Enforced {
  readonly policy: HostPolicy;
  readonly profile: NetworkProfile;
}

export class Kinds {
  readonly lines: Line[] = [];
  readonly outside: Kind;
  private readonly before: DifferenceLookup;
  private readonly after: DifferenceLookup;
  private readonly known = new Map<string, Kind>();
  private readonly byEnd: (Kind | undefined)[] = [];
  private readonly byRule = new WeakMap<HostRule, Line>();
  /** Lines of one rule share their services. */
  private readonly texts = new WeakMap<readonly ServicePort[], string>();
  private readonly byText = new Map<string, Line>();
  private serial = 0;

  constructor(before: DifferenceLookup, after: DifferenceLookup) {
    this.before = before;
    this.after = after;
    this.outside = this.make(null, null);
  }

  of(end: KnownEnd): Kind {
    return (this.byEnd[end.id] ??= this.find(end));
  }

  private find(end: KnownEnd): Kind {
    const before = enforcedBy(this.before, end);
    const after = enforcedBy(this.after, end);
    const key = `${enforcedKey(before)} ${enforcedKey(after)}`;
    let kind = this.known.get(key);
    if (kind === undefined) this.known.set(key, (kind = this.make(before, after)));
    return kind;
  }

  private make(before: Enforced | null, after: Enforced | null): Kind {
    this.serial += 1;
    const found = new Map<Line, States>();
    const same = before?.policy.hash === after?.policy.hash && before?.profile === after?.profile;
    if (same) for (const line of this.linesOf(before)) found.set(line, BOTH);
    else {
      for (const line of this.linesOf(before)) found.set(line, BEFORE);
      for (const line of this.linesOf(after)) found.set(line, found.has(line) ? BOTH : AFTER);
    }
    const own = [...found].map(([line, states]) => ({ line, states }));
    return {
      serial: this.serial,
      before: before?.policy ?? null,
      after: after?.policy ?? null,
      outbound: own.filter(({ line }) => line.rule.direction === 'outbound'),
      inbound: own.filter(({ line }) => line.rule.direction === 'inbound'),
    };
  }

  private linesOf(enforced: Enforced | null): Line[] {
    if (enforced === null) return [];
    const { policy, profile } = enforced;
    return policy.rules
      .filter(
        ({ networkType }) =>
          networkType === 'all' || (networkType === 'brn') === (profile === 'corporate'),
      )
      .map((rule) => this.line(rule));
  }

  private line(rule: HostRule): Line {
    const known = this.byRule.get(rule);
    if (known !== undefined) return known;
    const { action, direction, peers, fqdns, services, principals, origin } = rule;
    const text = [
      origin.href,
      action,
      direction,
      peers.join(' '),
      fqdns.join(' '),
      this.servicesText(services),
      principals.join(' '),
    ].join('\n');
    let line = this.byText.get(text);
    if (line === undefined) {
      line = { serial: this.lines.length, rule };
      this.lines.push(line);
      this.byText.set(text, line);
    }
    this.byRule.set(rule, line);
    return line;
  }

  private servicesText(services: readonly ServicePort[]): string {
    let text = this.texts.get(services);
    if (text === undefined) this.texts.set(services, (text = JSON.stringify(services)));
    return text;
  }
}

function enforcedKey(enforced: Enforced | null): string {
  return enforced === null ? '-' : `${enforced.policy.hash} ${enforced.profile}`;
}

function enforcedBy(lookup: DifferenceLookup, end: KnownEnd): Enforced | null {
  const workload = lookup.workload(end.owner.href);
  const policy = lookup.hostPolicy(end.owner.href);
  if (workload === undefined || policy === undefined) return null;
  if (workload.type === 'unmanaged' || workload.suspended || policy.mode === 'idle') return null;
  const profile = profileOf(workload, end.interfaceName);
  if (profile === 'external' && !policy.managesExternal) return null;
  return { policy, profile };
}

function profileOf(workload: Workload, interfaceName: string): NetworkProfile {
  if (workload.type !== 'endpoint') return 'corporate';
  const entry = workload.interfaces.find(({ name }) => name === interfaceName);
  return entry?.networkProfile ?? 'corporate';
}
