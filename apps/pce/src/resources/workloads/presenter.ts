import {
  objectHref,
  type InterfaceWire,
  type VenWire,
  type WorkloadWire,
} from '@bulkhead/contract';
import type { StoredInterface } from '../../db/database.ts';
import type { UserCaller } from '../../http/caller.ts';
import { workloadCaps } from '../../provisioning/present.ts';
import type { Names } from '../../provisioning/references.ts';
import { networkRef } from '../networks/networks.ts';
import { logsTraffic } from './content.ts';
import { presentLabels } from './labels.ts';
import { blockedActionOf, boundariesOf, isPrimary, type PolicyFacts } from './policy-facts.ts';
import type { VenRow, WorkloadRow } from './query.ts';
import { workloadWarnings } from './warnings.ts';
import { AGENT_MODES } from './words.ts';

export interface Presenting {
  readonly names: Names;
  readonly policy: PolicyFacts;
  readonly caller: UserCaller;
  /** Public name of this PCE. */
  readonly fqdn: string;
}

export function workloadHref(row: Pick<WorkloadRow, 'org_id' | 'id'>): string {
  return objectHref(row.org_id, 'workloads', row.id);
}

export function venHref(row: Pick<WorkloadRow, 'org_id' | 'id'>): string {
  return objectHref(row.org_id, 'vens', row.id);
}

export function presentInterfaces(
  row: Pick<WorkloadRow, 'org_id' | 'id' | 'interfaces'>,
): InterfaceWire[] {
  return row.interfaces.map((item: StoredInterface) => ({
    href: `${workloadHref(row)}/interfaces/${item.name}`,
    name: item.name,
    friendly_name: item.friendly_name ?? null,
    address: item.address,
    cidr_block: item.cidr_block,
    default_gateway_address: item.default_gateway_address,
    link_state: item.link_state,
    loopback: item.loopback,
    network: networkRef(row.org_id, item.network),
    network_detection_mode: item.network_detection_mode,
  }));
}

export function presentWorkload(row: WorkloadRow, presenting: Presenting): WorkloadWire {
  const { names, policy, caller } = presenting;
  const { ven } = row;
  return {
    href: workloadHref(row),
    deleted: row.deleted,
    delete_type: row.delete_type,
    name: row.name,
    description: row.description,
    hostname: row.hostname,
    managed: row.managed,
    service_principal_name: row.service_principal_name,
    agent_to_pce_certificate_authentication_id: null,
    distinguished_name: row.distinguished_name,
    public_ip: row.public_ip,
    external_data_set: row.external_data_set,
    external_data_reference: row.external_data_reference,
    interfaces: presentInterfaces(row),
    ignored_interface_names: row.ignored_interface_names,
    service_provider: row.service_provider,
    data_center: row.data_center,
    data_center_zone: row.data_center_zone,
    os_id: row.os_id,
    os_detail: row.os_detail,
    os_type: row.os_type,
    online: row.online,
    labels: presentLabels(row.labels, names),
    services: row.managed ? presentServices(row) : null,
    enforcement_mode: row.enforcement_mode,
    visibility_level: row.visibility_level,
    num_enforcement_boundaries: boundariesOf(row, policy),
    selectively_enforced_services: [],
    firewall_coexistence: { illumio_primary: isPrimary(row, policy) },
    containers_inherit_host_policy: false,
    blocked_connection_action: blockedActionOf(row, policy),
    vulnerabilities_summary: null,
    detected_vulnerabilities: [],
    risk_summary: null,
    agent: presentAgent(row, presenting),
    ven:
      ven === null
        ? null
        : {
            href: venHref(row),
            hostname: ven.hostname,
            name: row.name,
            status: ven.status,
            ven_type: ven.ven_type === 'endpoint' ? 'endpoint' : 'server',
          },
    container_cluster: null,
    ike_authentication_certificate: null,
    warnings: workloadWarnings(row),
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
    deleted_at: row.deleted_at?.toISOString() ?? null,
    deleted_by: row.deleted_by === null ? null : { href: row.deleted_by },
    caps: row.deleted ? [] : workloadCaps(caller, row.labels),
  };
}

export function presentServices(row: WorkloadRow): NonNullable<WorkloadWire['services']> {
  const open = row.services['open_service_ports'];
  return {
    uptime_seconds: row.ven?.uptime_seconds ?? null,
    created_at: row.ven?.last_heartbeat_at?.toISOString() ?? null,
    open_service_ports: Array.isArray(open) ? open : [],
  };
}

function presentAgent(row: WorkloadRow, { fqdn }: Presenting): WorkloadWire['agent'] {
  const { ven } = row;
  if (ven === null) return { config: { mode: 'idle', log_traffic: false } };
  return {
    href: objectHref(row.org_id, 'agents', ven.agent_id),
    type: 'Host',
    config: {
      mode: AGENT_MODES[row.enforcement_mode],
      log_traffic: logsTraffic(row.visibility_level),
      visibility_level: row.visibility_level,
      security_policy_update_mode: 'adaptive',
    },
    secure_connect: { matching_issuer_name: '' },
    unpair_allowed: ven.status !== 'uninstalled',
    active_pce_fqdn: fqdn,
    target_pce_fqdn: null,
    status: {
      uid: ven.id,
      instance_id: null,
      status: ven.status,
      last_heartbeat_on: ven.last_heartbeat_at?.toISOString() ?? null,
      uptime_seconds: ven.uptime_seconds,
      agent_version: ven.version,
      managed_since: ven.activated_at.toISOString(),
      fw_config_current: ven.policy_sync_state === 'applied',
      firewall_rule_count: ven.firewall_rule_count,
      security_policy_refresh_at: null,
      security_policy_received_at: ven.policy_received_at?.toISOString() ?? null,
      security_policy_applied_at: ven.policy_applied_at?.toISOString() ?? null,
      security_policy_sync_state: ven.policy_sync_state,
      agent_health_errors: {
        errors: listOf(ven.health['errors']),
        warnings: listOf(ven.health['warnings']),
      },
      agent_health: ven.conditions,
    },
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `row.ven` is there. */
export function presentVen(row: WorkloadRow, ven: VenRow, presenting: Presenting): VenWire {
  const { names, caller, fqdn } = presenting;
  const labels = presentLabels(row.labels, names);
  const interfaces = presentInterfaces(row);
  return {
    href: venHref(row),
    name: row.name,
    description: ven.description,
    hostname: ven.hostname,
    uid: ven.id,
    os_id: ven.os_id,
    os_detail: ven.os_detail,
    os_platform: ven.os_platform ?? row.os_type,
    version: ven.version,
    status: ven.status,
    activation_type: ven.activation_type,
    ven_type: ven.ven_type === 'endpoint' ? 'endpoint' : 'server',
    active_pce_fqdn: fqdn,
    target_pce_fqdn: null,
    labels,
    interfaces,
    workloads: [
      {
        href: workloadHref(row),
        name: row.name,
        hostname: row.hostname,
        managed: row.managed,
        online: row.online,
        labels,
        public_ip: row.public_ip,
        interfaces,
        enforcement_mode: row.enforcement_mode,
        mode: AGENT_MODES[row.enforcement_mode],
        visibility_level: row.visibility_level,
        log_traffic: logsTraffic(row.visibility_level),
        security_policy_applied_at: ven.policy_applied_at?.toISOString() ?? null,
        security_policy_received_at: ven.policy_received_at?.toISOString() ?? null,
        security_policy_sync_state: ven.policy_sync_state,
        os_id: row.os_id,
        os_detail: row.os_detail,
      },
    ],
    container_cluster: null,
    unpair_allowed: ven.status !== 'uninstalled',
    last_heartbeat_at: ven.last_heartbeat_at?.toISOString() ?? null,
    last_goodbye_at: ven.last_goodbye_at?.toISOString() ?? null,
    upgrade_expires_at: null,
    upgrade_target_version: null,
    authentication_recovery: false,
    golden_image: ven.golden_image,
    conditions: ven.conditions,
    connected: ven.connected_at !== null,
    policy_messages: ven.policy_messages,
    policy_hash: ven.policy_hash,
    created_at: ven.created_at.toISOString(),
    created_by: { href: ven.created_by },
    updated_at: ven.updated_at.toISOString(),
    updated_by: { href: ven.updated_by },
    caps: ven.status === 'uninstalled' ? [] : workloadCaps(caller, row.labels),
  };
}

/** A VEN as older clients know it. */
export function presentOldAgent(row: WorkloadRow, ven: VenRow, { names }: Presenting) {
  return {
    href: objectHref(row.org_id, 'agents', ven.agent_id),
    name: row.name,
    hostname: ven.hostname,
    online: row.online,
    mode: AGENT_MODES[row.enforcement_mode],
    enforcement_mode: row.enforcement_mode,
    uid: ven.id,
    last_heartbeat_on: ven.last_heartbeat_at?.toISOString() ?? null,
    uptime_seconds: ven.uptime_seconds,
    agent_version: ven.version,
    public_ip: row.public_ip,
    os_id: ven.os_id,
    labels: presentLabels(row.labels, names),
    log_traffic: logsTraffic(row.visibility_level),
    visibility_level: row.visibility_level,
    ven: { href: venHref(row) },
  };
}
