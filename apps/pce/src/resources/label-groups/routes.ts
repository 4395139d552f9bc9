import { policyHref, withVersion, type LabelGroupWire } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { refuseDimension } from '../label-dimensions/store.ts';
import {
  createDraft,
  deleteUnused,
  lockDraft,
  lockPolicy,
  mustBeDraft,
  updateDraft,
} from '../../provisioning/drafts.ts';
import {
  matchesCommon,
  pageOf,
  viewOf,
  viewsOf,
  type ObjectView,
} from '../../provisioning/objects.ts';
import { capsFor, defined, presentVersioned } from '../../provisioning/present.ts';
import {
  checkReferences,
  describeUsers,
  hrefsIn,
  identityOf,
  loadNames,
  type Names,
} from '../../provisioning/references.ts';
import { refuseLoop } from '../../provisioning/group-loops.ts';
import { withUsage } from '../labels/usage.ts';
import type { StoredLabelGroup } from '../../provisioning/stored-content.ts';
import { permissionsWith } from '../labels/usage.ts';

const TYPE = 'label_groups';
type View = ObjectView<typeof TYPE>;

function present(view: View, names: Names, caller: UserCaller): LabelGroupWire {
  const { content, word } = view;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    key: content.key,
    labels: content.labels.map(({ href }) => ({
      href,
      key: content.key,
      value: names.get(href)?.value ?? '',
    })),
    sub_groups: content.sub_groups.map(({ href }) => ({
      href: withVersion(href, word),
      name: names.get(href)?.name ?? '',
    })),
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: word === 'draft' ? capsFor(caller) : [],
  };
}

async function presentAll(
  db: Db,
  views: readonly View[],
  caller: UserCaller,
): Promise<LabelGroupWire[]> {
  const [first] = views;
  if (first === undefined) return [];
  const hrefs = hrefsIn(views.map((view) => view.content));
  const names = await loadNames(db, first.orgId, { hrefs, word: first.word });
  return views.map((view) => present(view, names, caller));
}

async function presentOne(db: Db, view: View, caller: UserCaller): Promise<LabelGroupWire> {
  return only(await presentAll(db, [view], caller));
}

function only([wire]: readonly LabelGroupWire[]): LabelGroupWire {
  if (wire === undefined) throw new Error('A label group that was read is presented');
  return wire;
}

/** Members exist, are of the group's key, and no group is within itself. */
async function check(
  db: Db,
  orgId: number,
  group: { content: StoredLabelGroup; own: string | null },
): Promise<void> {
  const { content, own } = group;
  const names = await checkReferences(db, orgId, [
    ...content.labels.map(({ href }, index) => ({
      href,
      kind: 'labels' as const,
      member: `labels[${index}]`,
    })),
    ...content.sub_groups.map(
      ({ href }, index) => ({ href, kind: TYPE, member: `sub_groups[${index}]` }) as const,
    ),
  ]);
  for (const { href } of [...content.labels, ...content.sub_groups]) {
    const key = names.get(href)?.key;
    if (key !== content.key) {
      throw new DomainError(
        'input_validation_error',
        `${href} is of the key ${key}; the members of this group are of the key ${content.key}`,
      );
    }
  }
  if (own !== null) await refuseLoop(db, orgId, { own, subs: content.sub_groups });
}

const identities = (refs: readonly { href: string }[]) =>
  refs.map(({ href }) => ({ href: identityOf(href) }));

/** A group among all of its state, which are by identity. */
async function groupOf(
  db: Db,
  orgId: number,
  { pversion, id }: { readonly pversion: string; readonly id: string },
) {
  const view = await viewOf(db, orgId, { type: TYPE, word: pversion, id });
  const all = await viewsOf(db, orgId, { type: TYPE, word: pversion });
  const byHref = new Map(all.map((item) => [identityOf(presentVersioned(item).href), item]));
  return { view, all, byHref, own: identityOf(presentVersioned(view).href) };
}

/** Groups that a group holds, directly or through others. */
function within(
  view: View,
  byHref: ReadonlyMap<string, View>,
  found: Set<string> = new Set(),
): Set<string> {
  for (const { href } of view.content.sub_groups) {
    if (found.has(href)) continue;
    found.add(href);
    const inner = byHref.get(href);
    if (inner !== undefined) within(inner, byHref, found);
  }
  return found;
}

export function labelGroupRoutes(deps: Deps): Routes {
  return {
    'label_groups.list': async ({ db, orgId, params, query, caller }) => {
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) =>
          matchesCommon(content, query) && (query.key === undefined || content.key === query.key),
      );
      const items = await presentAll(db, pageOf(views, query), caller);
      return { items: await withUsage(db, orgId, query.usage, items), total: views.length };
    },
    'label_groups.get': async ({ db, orgId, params, query, caller }) => {
      const view = await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id });
      const items = await presentAll(db, [view], caller);
      return only(await withUsage(db, orgId, query.usage, items));
    },
    'label_groups.member_of': async ({ db, orgId, params }) => {
      const group = await groupOf(db, orgId, params);
      const holding = group.all.filter(
        (view) => view.id !== params.id && within(view, group.byHref).has(group.own),
      );
      return {
        items: holding.map((view) => ({
          href: presentVersioned(view).href,
          name: view.content.name,
        })),
        total: holding.length,
      };
    },
    'label_groups.all_labels': async ({ db, orgId, params }) => {
      const { view, own, byHref } = await groupOf(db, orgId, params);
      const groups = [own, ...within(view, byHref)];
      const hrefs = new Set(
        groups.flatMap((href) => byHref.get(href)?.content.labels.map((ref) => ref.href) ?? []),
      );
      const names = await loadNames(db, orgId, { hrefs, word: view.word });
      const items = [...hrefs].map((href) => ({
        href,
        key: view.content.key,
        value: names.get(href)?.value ?? '',
      }));
      return { items, total: items.length };
    },
    'label_groups.create': async (context) => {
      const { db, orgId, body, params, caller } = context;
      mustBeDraft(params.pversion);
      await lockPolicy(db, orgId);
      const content: StoredLabelGroup = {
        name: body.name,
        description: body.description ?? null,
        key: body.key,
        labels: identities(body.labels ?? []),
        sub_groups: identities(body.sub_groups ?? []),
        external_data_set: body.external_data_set ?? null,
        external_data_reference: body.external_data_reference ?? null,
      };
      await refuseDimension(db, orgId, body.key);
      await check(db, orgId, { content, own: null });
      const view = await createDraft(deps, context, { type: TYPE, content });
      return presentOne(db, view, caller);
    },
    'label_groups.update': async (context) => {
      const { db, orgId, body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { labels, sub_groups: subGroups, ...rest } = body;
      const content: StoredLabelGroup = {
        ...view.content,
        ...defined(rest),
        ...(labels === undefined ? {} : { labels: identities(labels) }),
        ...(subGroups === undefined ? {} : { sub_groups: identities(subGroups) }),
      };
      await check(db, orgId, { content, own: presentVersioned(view).href });
      await updateDraft(deps, context, { view, content });
    },
    'label_groups.delete': async (context) => {
      const { pversion, id } = context.params;
      mustBeDraft(pversion);
      const refusal = 'label_group_referenced';
      const href = policyHref(context.orgId, 'draft', TYPE, id);
      const permitted = await permissionsWith(context.db, context.orgId, href);
      if (permitted.length > 0)
        throw new DomainError(
          refusal,
          `The label group is in the scope of the ${describeUsers(permitted)}; take it off there first`,
        );
      await deleteUnused(deps, context, { type: TYPE, id, refusal });
    },
  };
}
