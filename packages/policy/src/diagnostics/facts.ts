/** The objects of a model by href, and workloads summed up by labels, so that a side of a rule is looked up and not searched for. */
import type { AddressSpan } from '@bulkhead/net';
import { ipListSpans } from '../engine/addresses.ts';
import { managesExternal } from '../engine/class-heads.ts';
import { selectorKey, selects, type LabelLookup, type Selector } from '../engine/conditions.ts';
import type {
  IpList,
  Label,
  LabelGroup,
  PolicyModel,
  Service,
  VirtualService,
  Workload,
} from '../model.ts';
import { hasPeerAddress, poolSpans, reportsHostPrefix } from './interfaces.ts';

/** What a workload can be in a rule: bits of `Traits`. */
export const TRAIT = { managed: 1, windows: 2, external: 4, peer: 8 } as const;

/** Workloads of one kind, summed up. */
export interface Crowd {
  readonly workloads: number;
  readonly managed: number;
  readonly servers: number;
  readonly endpoints: number;
  /** Which combinations of traits are among them: bit n for the combination n. */
  readonly combinations: number;
}

export const NOBODY: Crowd = {
  workloads: 0,
  managed: 0,
  servers: 0,
  endpoints: 0,
  combinations: 0,
};

interface LabelClass {
  readonly labels: ReadonlyMap<string, string>;
  readonly hostPrefixed: string[];
  crowd: Crowd;
}

export class Facts implements LabelLookup {
  readonly model: PolicyModel;
  private readonly labels: ReadonlyMap<string, Label>;
  private readonly groups: ReadonlyMap<string, LabelGroup>;
  private readonly services: ReadonlyMap<string, Service>;
  private readonly ipLists: ReadonlyMap<string, IpList>;
  private readonly virtuals: ReadonlyMap<string, VirtualService>;
  private readonly workloads: ReadonlyMap<string, Workload>;
  private readonly classes: readonly LabelClass[];
  private readonly byLabel = new Map<string, LabelClass[]>();
  private readonly selected = new Map<string, readonly LabelClass[]>();
  private readonly crowds = new Map<string, Crowd>();
  private readonly listSpans = new Map<string, readonly AddressSpan[]>();

  constructor(model: PolicyModel) {
    this.model = model;
    this.labels = byHref(model.labels);
    this.groups = byHref(model.labelGroups);
    this.services = byHref(model.services);
    this.ipLists = byHref(model.ipLists);
    this.virtuals = byHref(model.virtualServices);
    this.workloads = byHref(model.workloads);
    this.classes = this.classify();
    for (const item of this.classes) {
      for (const label of new Set(item.labels.values())) {
        const list = this.byLabel.get(label);
        if (list === undefined) this.byLabel.set(label, [item]);
        else list.push(item);
      }
    }
  }

  label = (href: string): Label | undefined => this.labels.get(href);
  group = (href: string): LabelGroup | undefined => this.groups.get(href);
  service = (href: string): Service | undefined => this.services.get(href);
  ipList = (href: string): IpList | undefined => this.ipLists.get(href);
  virtualService = (href: string): VirtualService | undefined => this.virtuals.get(href);
  workload = (href: string): Workload | undefined => this.workloads.get(href);

  /** A workload's labels by key. */
  labelsByKey(labels: readonly string[]): ReadonlyMap<string, string> {
    return new Map(
      labels.flatMap((href) => {
        const label = this.labels.get(href);
        return label === undefined ? [] : [[label.key, href] as const];
      }),
    );
  }

  /** Workloads that a selector selects, summed up. */
  crowdOf(selector: Selector): Crowd {
    const key = selectorKey(selector);
    let crowd = this.crowds.get(key);
    if (crowd === undefined) {
      crowd = this.classesOf(selector).reduce((sum, item) => together(sum, item.crowd), NOBODY);
      this.crowds.set(key, crowd);
    }
    return crowd;
  }

  /** Managed workloads among them with a host prefix that no VPN pool holds (PS-24). */
  hostPrefixed(selector: Selector): readonly string[] {
    return this.classesOf(selector).flatMap((item) => item.hostPrefixed);
  }

  spansOf(list: IpList): readonly AddressSpan[] {
    let spans = this.listSpans.get(list.href);
    if (spans === undefined) this.listSpans.set(list.href, (spans = ipListSpans(list)));
    return spans;
  }

  private classesOf(selector: Selector): readonly LabelClass[] {
    const key = selectorKey(selector);
    let found = this.selected.get(key);
    if (found === undefined) {
      found = this.candidates(selector).filter(({ labels }) =>
        selects(selector, (name) => labels.get(name)),
      );
      this.selected.set(key, found);
    }
    return found;
  }

  /** Classes with a label of the condition that has the fewest. */
  private candidates(selector: Selector): readonly LabelClass[] {
    let best: readonly string[] | null = null;
    let size = this.classes.length;
    for (const { kind, labels } of selector) {
      if (kind === 'not') continue;
      const own = labels.reduce((sum, label) => sum + (this.byLabel.get(label)?.length ?? 0), 0);
      if (own >= size) continue;
      size = own;
      best = labels;
    }
    return best?.flatMap((label) => this.byLabel.get(label) ?? []) ?? this.classes;
  }

  private classify(): LabelClass[] {
    const classes = new Map<string, LabelClass>();
    const pools = poolSpans(this.model.firewallSettings.vpnPools);
    for (const workload of this.model.workloads) {
      const key = [...workload.labels].sort().join('\u0001');
      let own = classes.get(key);
      if (own === undefined) {
        own = { labels: this.labelsByKey(workload.labels), hostPrefixed: [], crowd: NOBODY };
        classes.set(key, own);
      }
      if (reportsHostPrefix(workload, pools)) own.hostPrefixed.push(workload.href);
      own.crowd = together(own.crowd, crowdOfOne(workload));
    }
    return [...classes.values()];
  }
}

function byHref<T extends { readonly href: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.href, item]));
}

export function together(a: Crowd, b: Crowd): Crowd {
  return {
    workloads: a.workloads + b.workloads,
    managed: a.managed + b.managed,
    servers: a.servers + b.servers,
    endpoints: a.endpoints + b.endpoints,
    combinations: a.combinations | b.combinations,
  };
}

/** Whether somebody has all of these traits. */
export function hasTraits(crowd: Crowd, traits: number): boolean {
  for (let combination = 0; combination < 16; combination += 1) {
    if ((crowd.combinations >> combination) & 1 && (combination & traits) === traits) return true;
  }
  return false;
}

/** States that pass by themselves (idle, suspended, offline) do not count: a rule for such a workload is no mistake. */
export function crowdOfOne(workload: Workload): Crowd {
  const managed = workload.type !== 'unmanaged';
  const traits =
    (managed ? TRAIT.managed : 0) |
    (workload.osFamily === 'windows' ? TRAIT.windows : 0) |
    (workload.type === 'endpoint' && managesExternal(workload) ? TRAIT.external : 0) |
    (hasPeerAddress(workload) ? TRAIT.peer : 0);
  return {
    workloads: 1,
    managed: managed ? 1 : 0,
    servers: workload.type === 'server' ? 1 : 0,
    endpoints: workload.type === 'endpoint' ? 1 : 0,
    combinations: 1 << traits,
  };
}
