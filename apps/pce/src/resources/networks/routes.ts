import { notFound } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { pageOf } from '../../provisioning/objects.ts';
import { networksOf } from './networks.ts';

export function networkRoutes(): Routes {
  return {
    'networks.list': ({ orgId, query }) => {
      const part = (query.name ?? query.query ?? '').toLowerCase();
      const matching = networksOf(orgId).filter(({ name }) => name.toLowerCase().includes(part));
      return { items: pageOf(matching, query), total: matching.length };
    },
    'networks.get': ({ orgId, params }) => {
      const found = networksOf(orgId).find(({ href }) => href.endsWith(`/${params.id}`));
      if (found === undefined) throw notFound(`The network ${params.id}`);
      return found;
    },
  };
}
