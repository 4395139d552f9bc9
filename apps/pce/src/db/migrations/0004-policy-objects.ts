/** Virtual service bindings, user groups, iptables rules, and the firewall settings that every organization has. */
import { sql } from 'kysely';
import type { Tx } from '../database.ts';

const AUDITED = `created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL`;

/** As they are in a new organization. */
const FIREWALL_SETTINGS = JSON.stringify({
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
});

const STATEMENTS = [
  'CREATE SEQUENCE id_ip_tables_rules',
  `CREATE TABLE security_principals (
    org_id integer NOT NULL REFERENCES orgs (id), sid text NOT NULL,
    name text NOT NULL, description text, ${AUDITED},
    PRIMARY KEY (org_id, sid))`,
  // A binding goes with its virtual service, when the deletion of that is provisioned.
  `CREATE TABLE service_bindings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    org_id integer NOT NULL REFERENCES orgs (id),
    object_type text NOT NULL DEFAULT 'virtual_services' CHECK (object_type = 'virtual_services'),
    virtual_service_id text NOT NULL,
    workload_id uuid NOT NULL REFERENCES workloads (id),
    external_data_set text, external_data_reference text, ${AUDITED},
    FOREIGN KEY (org_id, object_type, virtual_service_id) REFERENCES policy_objects (org_id, type, id) ON DELETE CASCADE)`,
  'CREATE UNIQUE INDEX service_bindings_pair ON service_bindings (virtual_service_id, workload_id)',
  'CREATE INDEX service_bindings_of_workload ON service_bindings (workload_id)',
  `CREATE UNIQUE INDEX service_bindings_external ON service_bindings (org_id, external_data_set, external_data_reference)`,
];

export async function up(trx: Tx): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(trx);
  await sql`
    INSERT INTO policy_objects (org_id, type, id, draft, active, active_version, created_by, updated_by)
    SELECT id, 'firewall_settings', 'default', ${FIREWALL_SETTINGS}::jsonb, ${FIREWALL_SETTINGS}::jsonb, 1, '/users/0', '/users/0'
    FROM orgs`.execute(trx);
  await sql`
    INSERT INTO policy_object_versions (org_id, type, id, version, content, created_at, created_by, updated_at, updated_by)
    SELECT id, 'firewall_settings', 'default', 1, ${FIREWALL_SETTINGS}::jsonb, now(), '/users/0', now(), '/users/0'
    FROM orgs`.execute(trx);
}
