/** What has to be written so that the draft is what a folder says. */
import { isDeepStrictEqual } from 'node:util';
import type { ApiClient } from '@bulkhead/contract';
import { FaultsError, pathText, type Fault } from '../folder/fault.ts';
import type { Entry, Folder } from '../folder/read.ts';
import { BODIES, type ReferenceKind, type Resolve } from './bodies.ts';
import { SECTIONS, type Items, type Section } from './format.ts';
import type { Known, Organization, Workloads } from './organization.ts';

export interface MemberChange {
  readonly member: string;
  /** Undefined: not there. */
  readonly before: unknown;
  readonly after: unknown;
}
export interface Change<S extends Section = Section> {
  readonly action: 'create' | 'update' | 'restore' | 'delete';
  readonly section: S;
  readonly name: string;
  /** Null for `create`. */
  readonly known: Known<S> | null;
  /** Null for `delete`. */
  readonly entry: Entry<S> | null;
  readonly members: readonly MemberChange[];
}

/** Labels and user groups work at once and belong to hosts as much as to policy: files add them, and never take them away. */
const ADDED_ONLY: readonly Section[] = ['labels', 'user_groups'];

/** Changes in an order in which each finds what it refers to: what is new first, then what goes, users before what they use. */
export function planOf(folder: Folder, organization: Organization): Change[] {
  const writes = SECTIONS.flatMap((section) => writesOf(section, folder, organization));
  const deletes = SECTIONS.toReversed().flatMap((section) =>
    deletesOf(section, folder, organization),
  );
  return [...writes, ...deletes];
}

function writesOf<S extends Section>(
  section: S,
  folder: Folder,
  organization: Organization,
): Change<S>[] {
  const entries = folder.sections[section] ?? [];
  const known = organization[section];
  const changes = entries.flatMap((entry): Change<S>[] => {
    const before = known.get(entry.name) ?? null;
    const members = changedMembers(before?.deleted === true ? null : before?.item, entry.item);
    if (before === null)
      return [{ action: 'create', section, name: entry.name, known: null, entry, members }];
    if (before.deleted)
      return [{ action: 'restore', section, name: entry.name, known: before, entry, members }];
    if (members.length === 0) return [];
    return [{ action: 'update', section, name: entry.name, known: before, entry, members }];
  });
  return section === 'label_groups' ? insideOut(changes) : changes;
}

function deletesOf<S extends Section>(
  section: S,
  folder: Folder,
  organization: Organization,
): Change<S>[] {
  const entries = folder.sections[section];
  if (entries === undefined || ADDED_ONLY.includes(section)) return [];
  const kept = new Set(entries.map(({ name }) => name));
  const gone = [...organization[section].values()].filter(
    (known) => !known.fixed && !known.deleted && !kept.has(known.name),
  );
  const changes = gone.map((known): Change<S> => ({
    action: 'delete',
    section,
    name: known.name,
    known,
    entry: null,
    members: changedMembers(known.item, null),
  }));
  return section === 'label_groups' ? insideOut(changes).toReversed() : changes;
}

/** Label groups after the groups that they hold. */
function insideOut<S extends Section>(changes: readonly Change<S>[]): Change<S>[] {
  const waiting = new Map(changes.map((change) => [change.name, change]));
  const ordered: Change<S>[] = [];
  const visit = (change: Change<S>): void => {
    if (!waiting.delete(change.name)) return;
    const item: object = change.entry?.item ?? change.known?.item ?? {};
    const inner = 'sub_groups' in item && Array.isArray(item.sub_groups) ? item.sub_groups : [];
    for (const name of inner) {
      const next = waiting.get(String(name));
      if (next !== undefined) visit(next);
    }
    ordered.push(change);
  };
  for (const change of changes) visit(change);
  return ordered;
}

function changedMembers(before: object | null | undefined, after: object | null): MemberChange[] {
  const old = Object.entries(before ?? {});
  const now = Object.entries(after ?? {});
  const names = new Set([...now, ...old].map(([member]) => member));
  const was = new Map<string, unknown>(old);
  const is = new Map<string, unknown>(now);
  return [...names]
    .filter((member) => !isDeepStrictEqual(was.get(member), is.get(member)))
    .map((member) => ({ member, before: was.get(member), after: is.get(member) }));
}

/** Where names lead: to what the PCE has, and to what was created meanwhile. */
export class References {
  readonly #hrefs = new Map<string, string>();
  readonly #workloads: Workloads;
  readonly #client: ApiClient;

  constructor(client: ApiClient, organization: Organization, workloads: Workloads) {
    this.#client = client;
    this.#workloads = workloads;
    for (const section of SECTIONS)
      for (const known of organization[section].values())
        if (!known.deleted) this.learn(section, known.item, known.href);
  }

  learn(section: Section, item: Items[Section], href: string): void {
    const names =
      'sid' in item
        ? [item.sid, item.name]
        : 'value' in item
          ? [`${item.key}=${item.value}`]
          : [item.name];
    for (const name of names) this.#hrefs.set(`${section} ${name}`, href);
  }

  readonly resolve: Resolve = (kind, name) => {
    const href = this.#hrefs.get(`${kind} ${name}`);
    if (href === undefined) throw new Error(`There is no ${REFERENCE_NOUNS[kind]} "${name}"`);
    return href;
  };

  /** Checks every reference of a folder before anything is written. Rejects with FaultsError. */
  async check(folder: Folder): Promise<void> {
    const entries = SECTIONS.flatMap((section) =>
      (folder.sections[section] ?? []).map((entry) => ({ section, entry })),
    );
    const promised = new Set(
      entries.flatMap(({ section, entry: { item, name } }) => [
        `${section} ${name}`,
        ...('sid' in item ? [`${section} ${item.name}`] : []),
      ]),
    );
    const faults: Fault[] = [];
    for (const { section, entry } of entries)
      for (const { kind, name, path } of referencesOf(section, entry)) {
        if (promised.has(`${kind} ${name}`) || this.#hrefs.has(`${kind} ${name}`)) continue;
        const found = await this.#outside(kind, name);
        if ('href' in found) this.#hrefs.set(`${kind} ${name}`, found.href);
        else faults.push(faultAt(entry, path, found.fault));
      }
    if (faults.length > 0) throw new FaultsError(faults);
  }

  async #outside(
    kind: ReferenceKind,
    name: string,
  ): Promise<{ readonly href: string } | { readonly fault: string }> {
    if (kind === 'workloads') return this.#workloads.find(name);
    if (kind === 'networks') {
      const { items } = await this.#client.call('networks.list');
      const network = items.find((one) => one.name === name);
      return network ?? { fault: `there is no network "${name}"; write Corporate or leave it out` };
    }
    const noun = REFERENCE_NOUNS[kind];
    return {
      fault: `there is no ${noun} "${name}"; add it to ${kind}, or name one that the files or the PCE have`,
    };
  }
}

const REFERENCE_NOUNS: Readonly<Record<ReferenceKind, string>> = {
  labels: 'label',
  label_groups: 'label group',
  ip_lists: 'IP list',
  services: 'service',
  virtual_services: 'virtual service',
  user_groups: 'user group',
  workloads: 'workload',
  networks: 'network',
};

interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  readonly path: readonly (string | number)[];
}

function referencesOf(section: Section, entry: Entry): Reference[] {
  const found: Reference[] = [];
  bodyOf(section, entry.item, (kind, name, path) => {
    found.push({ kind, name, path });
    return '';
  });
  return found;
}

/** Body that makes an object what the item says. */
export function bodyOf<S extends Section>(section: S, item: Items[S], resolve: Resolve): object {
  const make: (item: Items[S], resolve: Resolve) => object = BODIES[section] as never;
  return make(item, resolve);
}

function faultAt(entry: Entry, path: readonly (string | number)[], message: string): Fault {
  const at = [...entry.path, ...path];
  return {
    file: entry.file.name,
    ...entry.file.placeOf(at),
    member: pathText(at),
    message,
  };
}
