import type { z } from 'zod';
import type { endpoints, EnforcementBoundaryWire } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import type { ContextOf, Routes } from '../../http/routes.ts';
import {
  checkSides,
  presentActor,
  presentIngressService,
  storedActors,
  storedIngressServices,
  wantedActors,
  wantedServices,
} from '../../provisioning/actors.ts';
import {
  createDraft,
  deleteDraft,
  lockDraft,
  lockPolicy,
  mustBeDraft,
  updateDraft,
  type WriteContext,
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
  hrefsIn,
  identityOf,
  loadNames,
  type Names,
} from '../../provisioning/references.ts';
import type { StoredBoundary } from '../../provisioning/stored-content.ts';
import { holdsPort, loadServicePorts, portsIn, type RuleFacts } from '../rule-sets/rule-facts.ts';
import { boundaryWarnings, loadBoundaryFacts, type BoundaryFacts } from './warnings.ts';

const TYPE = 'enforcement_boundaries';
type View = ObjectView<typeof TYPE>;
type Body = z.output<(typeof endpoints)['enforcement_boundaries.create']['body']>;

interface Presenting {
  readonly names: Names;
  readonly facts: BoundaryFacts;
  readonly caller: UserCaller;
}

function present(view: View, { names, facts, caller }: Presenting): EnforcementBoundaryWire {
  const { content, word } = view;
  return {
    ...presentVersioned(view),
    name: content.name,
    enabled: content.enabled,
    providers: content.providers.map((actor) => presentActor(actor, names, word)),
    consumers: content.consumers.map((actor) => presentActor(actor, names, word)),
    ingress_services: content.ingress_services.map((item) =>
      presentIngressService(item, names, word),
    ),
    network_type: content.network_type,
    caps: word === 'draft' ? capsFor(caller) : [],
    warnings: boundaryWarnings(content, facts),
  };
}

async function presentAll(
  db: Db,
  views: readonly View[],
  caller: UserCaller,
): Promise<EnforcementBoundaryWire[]> {
  const [first] = views;
  if (first === undefined) return [];
  const hrefs = hrefsIn(views.map((view) => view.content));
  const presenting = {
    names: await loadNames(db, first.orgId, { hrefs, word: first.word }),
    facts: await loadBoundaryFacts(db, first.orgId, hrefs),
    caller,
  };
  return views.map((view) => present(view, presenting));
}

async function presentOne(
  db: Db,
  view: View,
  caller: UserCaller,
): Promise<EnforcementBoundaryWire> {
  const [wire] = await presentAll(db, [view], caller);
  if (wire === undefined) throw new Error('A boundary that was read is presented');
  return wire;
}

/** Sides, services and network profile that are given, as they are stored. */
function storedSides(
  body: Partial<Pick<Body, 'providers' | 'consumers' | 'ingress_services'>>,
): Partial<StoredBoundary> {
  return {
    ...(body.providers === undefined ? {} : { providers: storedActors(body.providers) }),
    ...(body.consumers === undefined ? {} : { consumers: storedActors(body.consumers) }),
    ...(body.ingress_services === undefined
      ? {}
      : { ingress_services: storedIngressServices(body.ingress_services) }),
  };
}

async function check(
  context: Pick<WriteContext, 'db' | 'orgId'>,
  content: StoredBoundary,
): Promise<void> {
  checkSides(content);
  await checkReferences(context.db, context.orgId, [
    ...wantedActors(content.providers, 'providers'),
    ...wantedActors(content.consumers, 'consumers'),
    ...wantedServices(content.ingress_services, 'ingress_services'),
  ]);
}

function matches(
  content: StoredBoundary,
  query: ContextOf<'enforcement_boundaries.list'>['query'],
  services: RuleFacts['services'],
): boolean {
  const { network_type: networkType, labels, service } = query;
  const port = query['service_ports.port'];
  const proto = query['service_ports.proto'];
  const named = new Set(
    [...content.providers, ...content.consumers].flatMap((actor) =>
      'label' in actor ? [actor.label.href] : [],
    ),
  );
  const ports = portsIn(content.ingress_services, { services });
  return (
    matchesCommon(content, query) &&
    (networkType === undefined || content.network_type === networkType) &&
    (labels === undefined ||
      labels.some((list) => list.every((href) => named.has(identityOf(href))))) &&
    (service === undefined ||
      content.ingress_services.some(
        (item) => 'href' in item && item.href === identityOf(service),
      )) &&
    (port === undefined || ports.some((entry) => holdsPort(entry, port))) &&
    (proto === undefined || ports.some((entry) => entry.proto === proto))
  );
}

export function enforcementBoundaryRoutes(deps: Deps): Routes {
  return {
    'enforcement_boundaries.list': async ({ db, orgId, params, query, caller }) => {
      const isByPort =
        query['service_ports.port'] !== undefined || query['service_ports.proto'] !== undefined;
      const services = isByPort
        ? await loadServicePorts(db, orgId, params.pversion)
        : new Map<string, never>();
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) => matches(content, query, services),
      );
      return { items: await presentAll(db, pageOf(views, query), caller), total: views.length };
    },
    'enforcement_boundaries.has_any': async ({ db, orgId, params }) => {
      const views = await viewsOf(db, orgId, { type: TYPE, word: params.pversion });
      return { has_any: views.some(({ updateType }) => updateType !== 'delete') };
    },
    'enforcement_boundaries.get': async ({ db, orgId, params, caller }) =>
      presentOne(
        db,
        await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id }),
        caller,
      ),
    'enforcement_boundaries.create': async (context) => {
      const { db, orgId, body, params, caller } = context;
      mustBeDraft(params.pversion);
      await lockPolicy(db, orgId);
      const content: StoredBoundary = {
        name: body.name,
        enabled: body.enabled ?? true,
        providers: storedActors(body.providers),
        consumers: storedActors(body.consumers),
        ingress_services: storedIngressServices(body.ingress_services),
        network_type: body.network_type ?? 'brn',
      };
      await check(context, content);
      return presentOne(db, await createDraft(deps, context, { type: TYPE, content }), caller);
    },
    'enforcement_boundaries.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { name, enabled, network_type } = body;
      const content: StoredBoundary = {
        ...view.content,
        ...defined({ name, enabled, network_type }),
        ...storedSides(defined(body)),
      };
      await check(context, content);
      await updateDraft(deps, context, { view, content });
    },
    'enforcement_boundaries.delete': async (context) => {
      mustBeDraft(context.params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: context.params.id });
      await deleteDraft(deps, context, view);
    },
  };
}
