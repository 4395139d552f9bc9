import { endpoints, parseHref } from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import { DomainError } from '../../http/domain-error.ts';
import { parseBody } from '../../http/request-parsing.ts';
import type { ContextOf, Routes } from '../../http/routes.ts';
import {
  createDraft,
  deleteUnused,
  lockDraft,
  lockPolicy,
  mustBeDraft,
  updateDraft,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { matchesCommon, pageOf, viewOf, viewsOf } from '../../provisioning/objects.ts';
import { presentVersioned } from '../../provisioning/present.ts';
import { identityOf } from '../../provisioning/references.ts';
import type { StoredVirtualService } from '../../provisioning/stored-content.ts';
import { eachItem, membersOf } from '../bulk.ts';
import { withUsage } from '../labels/usage.ts';
import { refuseBound } from '../service-bindings/store.ts';
import { changedContent, newContent } from './content.ts';
import { presentVirtualServices, type VirtualServiceView } from './presenter.ts';

const TYPE = 'virtual_services';

function matches(
  content: StoredVirtualService,
  query: ContextOf<'virtual_services.list'>['query'],
): boolean {
  const { labels, service } = query;
  const fqdn = query['service_address.fqdn']?.toLowerCase();
  const ip = query['service_address.ip'];
  const port = query['service_ports.port'];
  const proto = query['service_ports.proto'];
  const own = new Set(content.labels.map(({ href }) => href));
  const addresses = [
    ...content.service_addresses,
    ...content.ip_overrides.map((text) => ({ ip: text })),
  ];
  return (
    matchesCommon(content, query) &&
    (labels === undefined ||
      labels.some((list) => list.every((href) => own.has(identityOf(href))))) &&
    (service === undefined || content.service?.href === identityOf(service)) &&
    (fqdn === undefined ||
      content.service_addresses.some((item) => item.fqdn?.toLowerCase().includes(fqdn) === true)) &&
    (ip === undefined || addresses.some((item) => item.ip?.includes(ip) === true)) &&
    (port === undefined ||
      content.service_ports.some(
        ({ port: first = 0, to_port: last = first }) =>
          first === 0 || (port >= first && port <= last),
      )) &&
    (proto === undefined || content.service_ports.some((item) => item.proto === proto))
  );
}

async function create(
  deps: Deps,
  context: WriteContext,
  body: ContextOf<'virtual_services.create'>['body'],
): Promise<VirtualServiceView> {
  await lockPolicy(context.db, context.orgId);
  const content = await newContent(context, body);
  return createDraft(deps, context, { type: TYPE, content });
}

async function update(
  deps: Deps,
  context: WriteContext,
  { id, body }: { id: string; body: ContextOf<'virtual_services.update'>['body'] },
): Promise<void> {
  const view = await lockDraft(context, { type: TYPE, id });
  const content = await changedContent(context, view.content, body);
  await updateDraft(deps, context, { view, content });
}

function idOf(orgId: number, href: unknown): string {
  const parsed = typeof href === 'string' ? parseHref(href) : undefined;
  const [type, id] = parsed?.path[0] ?? [];
  if (parsed?.orgId === orgId && type === TYPE && id !== undefined) return id;
  throw new DomainError('invalid_uri', `href: "${String(href)}" is no href of a virtual service`);
}

export function virtualServiceRoutes(deps: Deps): Routes {
  return {
    'virtual_services.list': async ({ db, orgId, params, query, caller }) => {
      const all = await viewsOf(db, orgId, { type: TYPE, word: params.pversion });
      const views = all.filter(({ content }) => matches(content, query));
      const items = await presentVirtualServices(db, pageOf(views, query), caller);
      return { items: await withUsage(db, orgId, query.usage, items), total: views.length };
    },
    'virtual_services.get': async ({ db, orgId, params, query, caller }) => {
      const view = await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id });
      const items = await presentVirtualServices(db, [view], caller);
      return presentOne(await withUsage(db, orgId, query.usage, items));
    },
    'virtual_services.create': async (context) => {
      mustBeDraft(context.params.pversion);
      const view = await create(deps, context, context.body);
      return presentOne(await presentVirtualServices(context.db, [view], context.caller));
    },
    'virtual_services.bulk_create': (context) => {
      mustBeDraft(context.params.pversion);
      const spec = endpoints['virtual_services.create'];
      return eachItem(context, async (own, item) => {
        const view = await create(deps, own, spec.body.parse(parseBody(spec, item)));
        return { href: presentVersioned(view).href, status: 'created' };
      });
    },
    'virtual_services.bulk_update': (context) => {
      mustBeDraft(context.params.pversion);
      const spec = endpoints['virtual_services.update'];
      return eachItem(context, async (own, item) => {
        const { href, ...members } = membersOf(item);
        const id = idOf(own.orgId, href);
        await update(deps, own, { id, body: spec.body.parse(parseBody(spec, members)) });
        return { href: identityOf(String(href)), status: 'updated' };
      });
    },
    'virtual_services.update': (context) => {
      const { params, body } = context;
      mustBeDraft(params.pversion);
      return update(deps, context, { id: params.id, body });
    },
    'virtual_services.delete': async (context) => {
      const { pversion, id } = context.params;
      mustBeDraft(pversion);
      const view = await lockDraft(context, { type: TYPE, id });
      await refuseBound(context.db, view);
      const refusal = 'virtual_service_referenced';
      await deleteUnused(deps, context, { type: TYPE, id, refusal });
    },
  };
}

function presentOne<T>([wire]: readonly T[]): T {
  if (wire === undefined) throw new Error('A virtual service that was read is presented');
  return wire;
}
