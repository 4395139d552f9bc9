/** The two networks that interfaces and flows refer to. They are the same in every organization, so they need no table. */
import { objectHref } from '@bulkhead/contract';
import type { NetworkProfile } from '@bulkhead/policy';

const NETWORKS = {
  corporate: {
    id: '6f1d2c3a-0b5e-4c1d-9a7e-000000000001',
    name: 'Corporate',
    description: 'Servers, and interfaces of endpoints on the corporate network',
  },
  external: {
    id: '6f1d2c3a-0b5e-4c1d-9a7e-000000000002',
    name: 'External',
    description: 'Interfaces of endpoints on any other network',
  },
} as const;

export function networkRef(
  orgId: number,
  profile: NetworkProfile,
): { href: string; name: 'Corporate' | 'External' } {
  const { id, name } = NETWORKS[profile];
  return { href: objectHref(orgId, 'networks', id), name };
}

export function networksOf(orgId: number): { href: string; name: string; description: string }[] {
  return [NETWORKS.corporate, NETWORKS.external].map(({ id, name, description }) => ({
    href: objectHref(orgId, 'networks', id),
    name,
    description,
  }));
}
