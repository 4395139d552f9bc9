/** Host policies of classes, content-addressed: equal content is hashed and kept once. */
import type { HostIpTablesRule, HostPolicy } from '../host-policy.ts';
import type { Workload } from '../model.ts';
import { managesExternal, type Head as ClassHead } from './class-heads.ts';
import { itemsOf } from './few.ts';
import type {
  ClassState,
  InternedPolicy,
  Line,
  SelectorState,
  TableUnit,
  Unit,
  UnitLines,
} from './graph.ts';
import type { HostSettings } from './host-settings.ts';
import { compareRules, compileLines, textOf } from './lines.ts';
import type { SetState } from './set-state.ts';
import { TextTable } from './text-table.ts';

/** Rules that name one workload, with the numbers of the parts that do. */
export interface NamedRules {
  readonly providerUnits: ReadonlyMap<Unit, ReadonlySet<number>>;
  readonly consumerUnits: ReadonlyMap<Unit, ReadonlySet<number>>;
  readonly tables: ReadonlySet<TableUnit>;
}

interface Head {
  readonly head: Omit<HostPolicy, 'hash' | 'rules' | 'ipTablesRules'>;
  readonly text: string;
}

export type Digest = (text: string) => string;

/** Longer policies are hashed over the digests of their lines, which thousands of classes may share. */
const LONG = 16;
const NO_LINES: readonly Line[] = [];
const NO_TABLES: readonly HostIpTablesRule[] = [];

export class HostPolicies {
  private readonly digest: Digest;
  private readonly interned = new TextTable<InternedPolicy>(({ policy }) => policy.hash);
  /** By id, as long as a host policy names them. */
  private readonly sets = new TextTable<SetState>(({ id }) => id);
  private readonly heads = new Map<HostSettings, Map<ClassHead, Head>>();
  /** By settings and selectors: thousands of classes may stand under the same rules, and differ only in labels that no rule names. */
  private readonly built = new Map<string, InternedPolicy>();

  constructor(digest: Digest) {
    this.digest = digest;
  }

  get size(): number {
    return this.interned.size;
  }

  /** A set that some host policy names. */
  set(id: string): SetState | undefined {
    return this.sets.get(id);
  }

  retain(entry: InternedPolicy): void {
    entry.users += 1;
  }

  release(entry: InternedPolicy): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    this.interned.remove(entry);
    for (const set of entry.sets) {
      set.policies -= 1;
      if (set.policies === 0) this.sets.remove(set);
    }
  }

  /** The policy of a managed class. */
  build(of: ClassState, named: NamedRules | undefined, settings: HostSettings): InternedPolicy {
    if (named !== undefined) return this.compile(of, named, settings);
    const ruling = [...itemsOf(of.selectors)].filter((state) => state.ruling);
    const rules = ruling.reduce((sum, state) => sum + this.linesOfSelector(state).length, 0);
    if (rules <= LONG) return this.compile(of, named, settings);
    const serials = ruling.map((state) => state.serial).sort((a, b) => a - b);
    const { blockedConnectionAction, firewallCoexistence, ipv6Mode } = settings;
    const rest = [blockedConnectionAction, firewallCoexistence, ipv6Mode, ...serials];
    const key = `${of.head.text} ${rest.join()}`;
    const known = this.built.get(key);
    // it may have been given up since by all who had it
    if (known !== undefined && this.interned.get(known.policy.hash) === known) return known;
    const entry = this.compile(of, named, settings);
    this.built.set(key, entry);
    return entry;
  }

  private compile(
    of: ClassState,
    named: NamedRules | undefined,
    settings: HostSettings,
  ): InternedPolicy {
    const lines = of.sample.enforcementMode === 'idle' ? NO_LINES : this.linesOf(of, named);
    const tables = tableRules(of, named);
    const { head, text } = this.headOf(of, settings);
    const hash = this.hashOf(tables.length === 0 ? text : text + JSON.stringify(tables), lines);
    const known = this.interned.get(hash);
    if (known !== undefined) return known;
    const policy: HostPolicy = {
      hash,
      mode: head.mode,
      visibility: head.visibility,
      blockedConnectionAction: head.blockedConnectionAction,
      managesExternal: head.managesExternal,
      ipv6Mode: head.ipv6Mode,
      firewallCoexistence: head.firewallCoexistence,
      ipTablesRules: tables,
      rules: lines.map(({ rule }) => rule),
    };
    const entry = { policy, sets: setsOf(lines), users: 0, told: 0 };
    this.interned.add(entry);
    for (const set of entry.sets) {
      set.policies += 1;
      if (set.policies === 1) this.sets.add(set);
    }
    return entry;
  }

  /** What a policy says besides its rules; few ways to say it, and many classes. */
  private headOf({ sample, head: key }: ClassState, settings: HostSettings): Head {
    let heads = this.heads.get(settings);
    if (heads === undefined) this.heads.set(settings, (heads = new Map()));
    let found = heads.get(key);
    if (found === undefined) {
      const head = {
        mode: sample.enforcementMode,
        visibility: sample.visibilityLevel,
        managesExternal: managesExternal(sample),
        ...settings,
      };
      heads.set(key, (found = { head, text: JSON.stringify(head) }));
    }
    return found;
  }

  /** Lines of units changed: what was built of them is not to be had any more. */
  forget(): void {
    this.built.clear();
    this.heads.clear();
  }

  /** Lines of the selectors that the class is in and of the rules that name it, sorted, each once, as far as its hosts can do them. */
  private linesOf(of: ClassState, named: NamedRules | undefined): readonly Line[] {
    const runs: (readonly Line[])[] = [];
    for (const selector of itemsOf(of.selectors)) {
      const lines = this.linesOfSelector(selector);
      if (lines.length > 0) runs.push(lines);
    }
    const byName = named === undefined ? NO_LINES : this.linesByName(named);
    if (byName.length > 0) runs.push(byName);
    const merged = runs.length === 1 ? (runs[0] ?? NO_LINES) : sorted(runs.flat());
    const { sample } = of;
    const external = sample.type === 'endpoint' && managesExternal(sample);
    const misfits = sample.osFamily === 'windows' ? 'other' : 'windows';
    const fits = ({ rule, on }: Line) =>
      on !== misfits && (external || rule.networkType !== 'non_brn');
    return merged.every(fits) ? merged : merged.filter(fits);
  }

  private linesOfSelector(selector: SelectorState): readonly Line[] {
    if (selector.lines !== null) return selector.lines;
    const lines: Line[] = [];
    for (const unit of itemsOf(selector.providerUnits)) {
      const { inbound } = linesOfUnit(unit);
      for (let place = 0; place < unit.providers.length; place += 1) {
        if (unit.providers[place]?.members !== selector) continue;
        for (const line of inbound[place] ?? NO_LINES) lines.push(line);
      }
    }
    for (const unit of itemsOf(selector.consumerUnits)) {
      for (const line of linesOfUnit(unit).outbound) lines.push(line);
    }
    selector.lines = sorted(lines);
    return selector.lines;
  }

  private linesByName({ providerUnits, consumerUnits }: NamedRules): readonly Line[] {
    const lines: Line[] = [];
    for (const [unit, places] of providerUnits) {
      const { inbound } = linesOfUnit(unit);
      for (const place of places) lines.push(...(inbound[place] ?? NO_LINES));
    }
    for (const unit of consumerUnits.keys()) lines.push(...linesOfUnit(unit).outbound);
    return sorted(lines);
  }

  private hashOf(head: string, lines: readonly Line[]): string {
    let text = head;
    const long = lines.length > LONG;
    for (const line of lines) {
      if (long) line.digest ??= this.digest(textOf(line.rule));
      text += `\n${line.digest !== null && long ? line.digest : textOf(line.rule)}`;
    }
    return this.digest(text);
  }
}

function linesOfUnit(unit: Unit): UnitLines {
  unit.lines ??= compileLines(unit);
  return unit.lines;
}

/** In the order of host policies, each once. */
function sorted(lines: readonly Line[]): readonly Line[] {
  if (lines.length < 2) return [...lines];
  const inOrder = lines.toSorted((a, b) => compareRules(a.rule, b.rule));
  return inOrder.filter((line, place) => {
    const before = inOrder[place - 1];
    return before === undefined || compareRules(before.rule, line.rule) !== 0;
  });
}

function setsOf(lines: readonly Line[]): readonly SetState[] {
  const [first] = lines;
  if (first === undefined) return [];
  if (lines.length === 1 && first.sets.length < 2) return first.sets;
  const sets = new Set<SetState>();
  for (const line of lines) for (const set of line.sets) sets.add(set);
  return [...sets].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Raw rules are for Linux hosts whose firewall the VEN manages. */
function tableRules(of: ClassState, named: NamedRules | undefined): readonly HostIpTablesRule[] {
  if (!hasTables(of.sample)) return NO_TABLES;
  const none = named === undefined || named.tables.size === 0;
  if (none && !someTables(of)) return NO_TABLES;
  const rules = new Map<string, HostIpTablesRule>();
  const add = ({ rule }: TableUnit) => {
    const { href, version, ipVersion, statements } = rule;
    rules.set(href, { ipVersion, statements, origin: { href, version } });
  };
  for (const { tables } of itemsOf(of.selectors)) for (const unit of itemsOf(tables)) add(unit);
  for (const unit of named?.tables ?? []) add(unit);
  return [...rules.values()].sort((a, b) => (a.origin.href < b.origin.href ? -1 : 1));
}

function someTables(of: ClassState): boolean {
  for (const { tables } of itemsOf(of.selectors)) if (tables !== null) return true;
  return false;
}

function hasTables({ osFamily, enforcementMode }: Workload): boolean {
  return osFamily === 'linux' && enforcementMode !== 'idle';
}
