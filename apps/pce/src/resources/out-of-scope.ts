/** Collections of what is no part of this product: clients read them at start. */
import type { Routes } from '../http/routes.ts';
import { parseWord } from '../provisioning/objects.ts';

const NOTHING = { items: [], total: 0 };

export function outOfScopeRoutes(): Routes {
  const atVersion = ({ params }: { readonly params: { readonly pversion: string } }) => {
    parseWord(params.pversion);
    return NOTHING;
  };
  return {
    'virtual_servers.list': atVersion,
    'secure_connect_gateways.list': atVersion,
    'slbs.list': () => NOTHING,
    'discovered_virtual_servers.list': () => NOTHING,
  };
}
