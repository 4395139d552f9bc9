/** Rules and iptables rules of a ruleset: each has an id, times and a version of its own, and is changed one by one or with all others. */
import { parseHref, type ErrorToken } from '@bulkhead/contract';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { membersInOrder, sameContent } from '../../provisioning/compare.ts';
import {
  laterThan,
  lockDraft,
  mustBeDraft,
  newRuleId,
  refuseStale,
  updateDraft,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import type {
  StoredEntry,
  StoredRuleSet,
  StoredScopes,
} from '../../provisioning/stored-content.ts';
import { presentVersioned } from '../../provisioning/present.ts';
import { viewOf, type ObjectView } from '../../provisioning/objects.ts';

export type RuleSetView = ObjectView<'rule_sets'>;

/** A body and its place in the request, such as `rules[2].`; empty for a rule that is written alone. */
export interface Placed<Body> {
  readonly body: Body;
  readonly at: string;
  /** Says the same as before: somebody with other rights may have written it. */
  readonly isUnchanged?: boolean;
}

/** What entries are checked in. */
export interface CheckContext extends WriteContext {
  /** Of the ruleset that they are in. */
  readonly scopes: StoredScopes;
}

/** One of the two lists of a ruleset. `Write` is what a request says, whole or in part. */
export interface EntryKind<Body extends object, Write extends object> {
  /** Member of the ruleset that holds them. */
  readonly member: 'rules' | 'ip_tables_rules';
  /** As in hrefs. */
  readonly type: 'sec_rules' | 'ip_tables_rules';
  /** As in events. */
  readonly singular: 'sec_rule' | 'ip_tables_rule';
  list(content: StoredRuleSet): readonly StoredEntry<Body>[];
  /** The content with other entries. */
  replace(content: StoredRuleSet, entries: readonly StoredEntry<Body>[]): StoredRuleSet;
  bodyOf(write: Write): Body;
  /** The body with the members that are given put in. */
  changed(before: Body, write: Partial<Write>): Body;
  /** Refuses bodies that cannot be, or that refer to nothing. */
  check(context: CheckContext, bodies: readonly Placed<Body>[]): Promise<void>;
}

type EntryType = EntryKind<object, object>['type'];

type InSet<Write> = Write & {
  readonly href?: string | undefined;
  readonly deleted_at?: unknown;
};

export function entryHref(
  view: RuleSetView,
  type: EntryType,
  entry: { readonly id: number },
): string {
  return `${presentVersioned(view).href}/${type}/${entry.id}`;
}

/** An entry that is in draft only as yet. */
export async function newEntry<Body extends object, Write extends object>(
  deps: Deps,
  context: WriteContext,
  { kind, body }: { kind: EntryKind<Body, Write>; body: Body },
): Promise<StoredEntry<Body>> {
  const now = deps.clock.now().toISOString();
  const { href } = context.caller;
  return {
    id: await newRuleId(context.db, kind.type),
    body,
    version: 0,
    created_at: now,
    created_by: href,
    updated_at: now,
    updated_by: href,
    deleted_at: null,
    deleted_by: null,
  };
}

/** Entries of a ruleset that is made with them. */
export async function newEntries<Body extends object, Write extends object>(
  deps: Deps,
  context: CheckContext,
  { kind, writes }: { kind: EntryKind<Body, Write>; writes: readonly Write[] },
): Promise<StoredEntry<Body>[]> {
  const bodies = writes.map((write, index) => ({
    body: kind.bodyOf(write),
    at: `${kind.member}[${index}].`,
  }));
  await kind.check(context, bodies);
  const entries: StoredEntry<Body>[] = [];
  for (const { body } of bodies) entries.push(await newEntry(deps, context, { kind, body }));
  return entries;
}

export function findEntry<Body extends object, Write extends object>(
  view: RuleSetView,
  kind: EntryKind<Body, Write>,
  id: string,
): StoredEntry<Body> {
  const entry = kind.list(view.content).find((item) => String(item.id) === id);
  if (entry === undefined) throw notFound(`${presentVersioned(view).href}/${kind.type}/${id}`);
  return entry;
}

type Stored = StoredEntry<object>;

/** An entry that was never active goes at once; any other is marked, and goes when that is provisioned. Undefined: it is gone. */
function removed<E extends Stored>(
  entry: E,
  active: readonly Stored[],
  by: { readonly href: string; readonly at: string },
): E | undefined {
  if (!active.some((item) => item.id === entry.id)) return undefined;
  if (entry.deleted_at !== null) return entry;
  return { ...entry, deleted_at: by.at, deleted_by: by.href };
}

function activeOf<Body extends object, Write extends object>(
  view: RuleSetView,
  kind: EntryKind<Body, Write>,
): readonly StoredEntry<Body>[] {
  return view.active === null ? [] : kind.list(view.active);
}

/**
 * A PUT of the whole list: those that are given, in their order. An entry is the one that its href names, or else one of before that says
 * the same; any other is new. Entries that are not given are deleted.
 */
export async function replacedEntries<Body extends object, Write extends object>(
  deps: Deps,
  context: CheckContext,
  {
    view,
    kind,
    writes,
  }: { view: RuleSetView; kind: EntryKind<Body, Write>; writes: readonly InSet<Write>[] },
): Promise<StoredEntry<Body>[]> {
  const at = deps.clock.now().toISOString();
  const by = { href: context.caller.href, at };
  const left = [...kind.list(view.content)];
  const take = (isIt: (entry: StoredEntry<Body>) => boolean): StoredEntry<Body> | undefined => {
    const place = left.findIndex(isIt);
    return place < 0 ? undefined : left.splice(place, 1)[0];
  };
  const named = writes.map((write, index) => {
    const place = `${kind.member}[${index}].`;
    const id = write.href === undefined ? undefined : idIn(view, kind, { href: write.href, place });
    return {
      write,
      at: place,
      before: id === undefined ? undefined : take((entry) => entry.id === id),
    };
  });
  const entries: StoredEntry<Body>[] = [];
  const checked: Placed<Body>[] = [];
  for (const { write, at: place, before } of named) {
    const body = before === undefined ? kind.bodyOf(write) : kind.changed(before.body, write);
    // Read as deleted, and written back so.
    if (before !== undefined && before.deleted_at !== null && write.deleted_at != null) {
      entries.push(before);
      continue;
    }
    const same =
      before ?? take((entry) => entry.deleted_at === null && sameContent(entry.body, body));
    const isUnchanged = same !== undefined && sameContent(same.body, body);
    checked.push({ body, at: place, isUnchanged });
    if (same === undefined) entries.push(await newEntry(deps, context, { kind, body }));
    else if (same.deleted_at === null && isUnchanged) entries.push(same);
    else
      entries.push({
        ...same,
        body,
        updated_at: laterThan(new Date(same.updated_at), deps.clock.now()).toISOString(),
        updated_by: by.href,
        deleted_at: null,
        deleted_by: null,
      });
  }
  await kind.check(context, checked);
  const active = activeOf(view, kind);
  return [...entries, ...left.flatMap((entry) => removed(entry, active, by) ?? [])];
}

function idIn<Body extends object, Write extends object>(
  view: RuleSetView,
  kind: EntryKind<Body, Write>,
  { href, place }: { href: string; place: string },
): number {
  const [set, entry] = parseHref(href)?.path ?? [];
  const id = Number(entry?.[1]);
  const isHere = set?.[1] === view.id && entry?.[0] === kind.type;
  if (isHere && kind.list(view.content).some((item) => item.id === id)) return id;
  throw new DomainError(
    'invalid_uri' satisfies ErrorToken,
    `${place}href: "${href}" is no rule of this ruleset; leave it out to make a new rule`,
  );
}

/** A write of one entry: where it is, and who writes. */
export type EntryContext = WriteContext & {
  readonly params: { readonly pversion: string; readonly rule_set_id: string };
};

/** Entries have times of their own: an edit of one is not held against what became of the ruleset meanwhile. */
async function lockRuleSet(context: EntryContext): Promise<RuleSetView> {
  mustBeDraft(context.params.pversion);
  const view = await lockDraft(
    { ...context, ifUpdatedAt: null },
    { type: 'rule_sets', id: context.params.rule_set_id },
  );
  if (view.updateType === 'delete')
    throw new DomainError(
      'object_not_editable',
      `The ruleset "${view.content.name}" is deleted in draft; revert its deletion to change its rules`,
    );
  return view;
}

/** Adds an entry in draft. Answers it and the ruleset as it is now. */
export async function createEntry<Body extends object, Write extends object>(
  deps: Deps,
  context: EntryContext,
  { kind, write }: { kind: EntryKind<Body, Write>; write: Write },
): Promise<{ view: RuleSetView; entry: StoredEntry<Body> }> {
  const view = await lockRuleSet(context);
  const body = kind.bodyOf(write);
  await kind.check({ ...context, scopes: view.content.scopes }, [{ body, at: '' }]);
  const entry = await newEntry(deps, context, { kind, body });
  const content = kind.replace(view.content, [...kind.list(view.content), entry]);
  await updateDraft(deps, context, { view, content });
  await noteEntry(deps, context, { view, kind, before: null, after: entry, status: 201 });
  const { db, orgId } = context;
  return {
    view: await viewOf(db, orgId, { type: 'rule_sets', word: 'draft', id: view.id }),
    entry,
  };
}

/** Changes an entry in draft. A change of nothing leaves it as it is. */
export async function updateEntry<Body extends object, Write extends object>(
  deps: Deps,
  context: EntryContext,
  { kind, id, write }: { kind: EntryKind<Body, Write>; id: string; write: Partial<Write> },
): Promise<void> {
  const view = await lockRuleSet(context);
  const before = findEntry(view, kind, id);
  await refuseStaleEntry(context, { view, type: kind.type }, before);
  const body = kind.changed(before.body, write);
  if (sameContent(before.body, body)) return;
  await kind.check({ ...context, scopes: view.content.scopes }, [{ body, at: '' }]);
  const after = {
    ...before,
    body,
    updated_at: laterThan(new Date(before.updated_at), deps.clock.now()).toISOString(),
    updated_by: context.caller.href,
  };
  await updateDraft(deps, context, { view, content: withEntry(view, kind, after) });
  await noteEntry(deps, context, { view, kind, before, after, status: 204 });
}

function refuseStaleEntry(
  context: EntryContext,
  { view, type }: { readonly view: RuleSetView; readonly type: EntryType },
  entry: StoredEntry<object>,
): Promise<void> {
  return refuseStale(context, {
    name: `rule ${entry.id} of ${view.content.name}`,
    updatedAt: new Date(entry.updated_at),
    updatedBy: entry.updated_by,
    href: entryHref(view, type, entry),
  });
}

function withEntry<Body extends object, Write extends object>(
  view: RuleSetView,
  kind: EntryKind<Body, Write>,
  entry: StoredEntry<Body>,
): StoredRuleSet {
  const entries = kind.list(view.content);
  return kind.replace(
    view.content,
    entries.map((item) => (item.id === entry.id ? entry : item)),
  );
}

export async function deleteEntry<Body extends object, Write extends object>(
  deps: Deps,
  context: EntryContext,
  { kind, id }: { kind: EntryKind<Body, Write>; id: string },
): Promise<void> {
  const view = await lockRuleSet(context);
  const entry = findEntry(view, kind, id);
  if (entry.deleted_at !== null) return;
  await refuseStaleEntry(context, { view, type: kind.type }, entry);
  const by = { href: context.caller.href, at: deps.clock.now().toISOString() };
  const marked = removed(entry, activeOf(view, kind), by);
  const content =
    marked === undefined
      ? kind.replace(
          view.content,
          kind.list(view.content).filter((item) => item.id !== entry.id),
        )
      : withEntry(view, kind, marked);
  await updateDraft(deps, context, { view, content });
  await noteEntry(deps, context, { view, kind, before: entry, after: null, status: 204 });
}

/** An entry has an event of its own beside the one of its ruleset. */
async function noteEntry<Body extends object, Write extends object>(
  deps: Deps,
  context: WriteContext,
  change: {
    readonly view: RuleSetView;
    readonly kind: EntryKind<Body, Write>;
    readonly before: StoredEntry<Body> | null;
    readonly after: StoredEntry<Body> | null;
    readonly status: number;
  },
): Promise<void> {
  const { view, kind, before, after } = change;
  const entry = after ?? before;
  if (entry === null) return;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  const members = (item: StoredEntry<Body> | null): Record<string, unknown> | null =>
    membersInOrder(item === null ? null : Object.fromEntries(Object.entries(item.body)));
  await recordEvent(deps, context.db, {
    orgId: view.orgId,
    eventType: `${kind.singular}.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: kind.singular,
        href: entryHref(view, kind.type, entry),
        naming: { rule_set: view.content.name },
        changeType: verb,
        changes: describeChanges(members(before), members(after)),
      },
    ],
  });
}
