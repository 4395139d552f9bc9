/** What every new organization has (rest-api 4.3). */
import { FIREWALL_SETTINGS_ID } from '@bulkhead/contract';
import { json, type Tx } from '../db/database.ts';
import { lockPolicy, newObjectId } from './drafts.ts';
import { pendingRows } from './pending.ts';
import { SYSTEM } from './present.ts';
import { writeVersion } from './provision.ts';
import {
  asContent,
  type StoredByType,
  type StoredFirewallSettings,
  type StoredType,
} from './stored-content.ts';

export const ANY_LIST = 'Any (0.0.0.0/0 and ::/0)';
export const ALL_SERVICES = 'All Services';

const NO_EXTERNAL = { external_data_set: null, external_data_reference: null };

const FIREWALL_DEFAULTS: StoredFirewallSettings = {
  name: 'Firewall settings',
  firewall_coexistence: [],
  blocked_connection_reject_scopes: [],
  ipv6_mode: 'policy_based',
  vpn_pools: [],
  ike_authentication_type: 'psk',
  network_detection_mode: null,
  allow_dhcp_client: true,
  allow_traceroute: false,
  allow_igmp: false,
  allow_captive_portal_outbound: false,
  log_dropped_multicast: false,
  log_dropped_broadcast: false,
  static_policy_scopes: [],
  containers_inherit_host_policy_scopes: [],
  loopback_interfaces_in_policy_scopes: [],
  ip_forwarding_enabled_scopes: [],
  rule_hit_count_enabled_scopes: [],
};

/** The IP list Any, the service All Services and the firewall settings, in draft and active. */
export async function seedPolicy(trx: Tx, orgId: number): Promise<void> {
  await lockPolicy(trx, orgId);
  await insert(trx, orgId, 'ip_lists', {
    name: ANY_LIST,
    description: null,
    ip_ranges: [
      { from_ip: '0.0.0.0/0', to_ip: null, exclusion: false, description: null },
      { from_ip: '::/0', to_ip: null, exclusion: false, description: null },
    ],
    fqdns: [],
    ...NO_EXTERNAL,
  });
  await insert(trx, orgId, 'services', {
    name: ALL_SERVICES,
    description: null,
    process_name: null,
    service_ports: [{ proto: -1 }],
    ...NO_EXTERNAL,
  });
  await insert(trx, orgId, 'firewall_settings', FIREWALL_DEFAULTS);
  await writeVersion(trx, orgId, {
    rows: await pendingRows(trx, orgId),
    message: 'What every organization has',
    by: SYSTEM,
    now: new Date(),
  });
}

async function insert<T extends StoredType>(
  trx: Tx,
  orgId: number,
  type: T,
  content: StoredByType[T],
): Promise<void> {
  await trx
    .insertInto('policy_objects')
    .values({
      org_id: orgId,
      type,
      id: type === 'firewall_settings' ? FIREWALL_SETTINGS_ID : await newObjectId(trx, type),
      draft: json(asContent(content)),
      update_type: 'create',
      created_by: SYSTEM,
      updated_by: SYSTEM,
    })
    .execute();
}
