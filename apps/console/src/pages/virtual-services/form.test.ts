import { expect, test } from 'vitest';
import type { VirtualServiceWire } from '@bulkhead/contract';
import { NEW_VIRTUAL_SERVICE, readForm, toForm } from './form.ts';

const by = { href: '/users/1' };
const STORED: VirtualServiceWire = {
  href: '/orgs/1/sec_policy/draft/virtual_services/a',
  name: 'Shop',
  description: null,
  pce_fqdn: null,
  apply_to: 'host_only',
  service_ports: [{ proto: 6, port: 443 }],
  service_addresses: [
    { ip: '192.0.2.2', port: 8443, network: { href: '/orgs/1/networks/1' } },
    { ip: '2001:db8::1', port: 443 },
    { fqdn: 'shop.example.com', description: 'The front door' },
  ],
  ip_overrides: ['10.0.0.0/24'],
  labels: [{ href: '/orgs/1/labels/1', key: 'app', value: 'Shop' }],
  external_data_set: null,
  external_data_reference: null,
  created_at: '2026-11-25T10:00:00.000Z',
  created_by: by,
  updated_at: '2026-11-25T10:00:00.000Z',
  updated_by: by,
  deleted_at: null,
  deleted_by: null,
  update_type: null,
  caps: ['write'],
  warnings: [],
};

test('what the API holds comes back from the form as it was, also what the form cannot show', () => {
  expect(toForm(STORED).addresses).toBe('192.0.2.2:8443\n[2001:db8::1]:443\nshop.example.com');
  expect(readForm(toForm(STORED), STORED)).toEqual({
    ok: true,
    body: {
      name: 'Shop',
      description: null,
      apply_to: 'host_only',
      service: null,
      service_ports: [{ proto: 6, port: 443 }],
      service_addresses: STORED.service_addresses,
      ip_overrides: ['10.0.0.0/24'],
      labels: [{ href: '/orgs/1/labels/1' }],
    },
  });
});

test('all that is wrong is said at once, each at its field', () => {
  const form = { ...NEW_VIRTUAL_SERVICE, addresses: '10.0.0.256', ipOverrides: '10.0.0.1/24' };
  expect(readForm(form, null)).toMatchObject({
    ok: false,
    errors: {
      name: 'A virtual service needs a name.',
      service: 'Choose a service.',
      service_addresses: expect.stringContaining('"10.0.0.256" is no address and no name'),
      ip_overrides: expect.stringContaining('host bits set'),
    },
  });
});

test('ports of its own are TCP or UDP', () => {
  const form = { ...NEW_VIRTUAL_SERVICE, name: 'Ping', by: 'ports' as const };
  expect(readForm({ ...form, ports: 'icmp' }, null)).toMatchObject({
    errors: { service_ports: 'Only TCP and UDP go here. Choose a service instead.' },
  });
  expect(readForm({ ...form, ports: '' }, null)).toMatchObject({
    errors: { service_ports: 'Write at least one port, such as tcp/443.' },
  });
});
