import type { FirewallSettingsWire } from '@bulkhead/contract';

const by = { href: '/users/1' };
/** Firewall settings as the API answers them. */
export const FIREWALL_SETTINGS: FirewallSettingsWire = {
  href: '/orgs/1/sec_policy/draft/firewall_settings',
  firewall_coexistence: [
    { scope: [{ href: '/orgs/1/labels/1' }], illumio_primary: true, workload_mode: null },
  ],
  blocked_connection_reject_scopes: [],
  ipv6_mode: 'policy_based',
  allow_ipv6: true,
  vpn_pools: ['10.200.0.0/16'],
  ike_authentication_type: 'psk',
  network_detection_mode: null,
  allow_dhcp_client: true,
  allow_traceroute: true,
  allow_igmp: true,
  allow_captive_portal_outbound: false,
  log_dropped_multicast: false,
  log_dropped_broadcast: false,
  static_policy_scopes: [],
  containers_inherit_host_policy_scopes: [],
  loopback_interfaces_in_policy_scopes: [],
  ip_forwarding_enabled_scopes: [],
  rule_hit_count_enabled_scopes: [],
  created_at: '2026-11-25T10:00:00.000Z',
  created_by: by,
  updated_at: '2026-11-25T10:00:00.000Z',
  updated_by: by,
  deleted_at: null,
  deleted_by: null,
  update_type: null,
  caps: ['write'],
};
