/** The tables as Kysely sees them. Columns are snake_case here and nowhere else; presenters map them. */
import type { Generated, Kysely, Transaction } from 'kysely';
import type {
  BlockedConnectionAction,
  EnforcementMode,
  VisibilityLevel,
  WorkloadType,
} from '@bulkhead/policy';
import type {
  CompatibilityCheck,
  JobStatus,
  PolicyTestResult,
  PolicyTestState,
  PolicyType,
} from '@bulkhead/contract';
import type { StoredPolicyTest } from '../policy-tests/stored-test.ts';
import type { AccessTables } from './access-tables.ts';
import type {
  Audited,
  External,
  Json,
  JsonText,
  JsonWithDefault,
  Nullable,
  NullableJson,
  NullableTimestamp,
  Timestamp,
  TimestampWithDefault,
  WithDefault,
} from './columns.ts';

export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

export function json<T>(value: T): JsonText<T> {
  return JSON.stringify(value);
}

export const CHANGE_KINDS = [
  'workload',
  'label',
  'label_group',
  'service_binding',
  'security_principal',
  'provision',
  'vens',
  'settings',
  'draft',
  'event',
  'flow',
  'policy_test',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/**
 * What changed, in the order of commits: a row is never seen after one with a higher sequence. The href of kind `service_binding` is the
 * virtual service's (draft), whose bound workloads are others now.
 */
export interface ChangeLogTable {
  sequence: Generated<number>;
  org_id: number;
  kind: ChangeKind;
  href: string;
  at: TimestampWithDefault;
}

export interface EventsTable {
  id: string;
  /** Order of writing. */
  position: Generated<number>;
  /** Null: of the whole system, such as a sign-in with an unknown name. */
  org_id: Nullable<number>;
  at: Timestamp;
  pce_fqdn: string;
  event_type: string;
  status: Nullable<'success' | 'failure'>;
  severity: 'err' | 'warning' | 'info';
  created_by: Json<Record<string, unknown>>;
  /** Href of the creator, or `system`; for the filter. */
  created_by_href: string;
  action: NullableJson<Record<string, unknown>>;
  resource_changes: Json<unknown[]>;
  notifications: Json<unknown[]>;
}

/** A receiver of events: a syslog destination or a webhook. */
export interface EventSinksTable extends Audited {
  id: Generated<string>;
  org_id: number;
  kind: 'syslog' | 'webhook';
  /** The write form of the API, without secrets. */
  settings: Json<Record<string, unknown>>;
  /** Key of a webhook's signatures, wrapped. */
  secret: Nullable<Buffer>;
}

/** How far a sink is. Events are sent in the order of `events.position`. */
export interface EventSinkStatesTable {
  sink_id: string;
  /** Of the last event that the receiver has, or that it was not to have. */
  position: number;
  /** Null: nothing was sent yet. */
  connected: Nullable<boolean>;
  last_error: Nullable<string>;
  last_error_at: NullableTimestamp;
  last_delivered_at: NullableTimestamp;
  events_delivered: WithDefault<number>;
  events_lost: WithDefault<number>;
  flows_sent: WithDefault<number>;
  flows_lost: WithDefault<number>;
}

export interface LabelsTable extends Audited, External {
  /** From sequence id_labels. */
  id: Generated<number>;
  org_id: number;
  key: string;
  value: string;
  deleted: WithDefault<boolean>;
  deleted_at: NullableTimestamp;
  deleted_by: Nullable<string>;
}

export interface LabelDimensionsTable extends Audited, External {
  id: Generated<string>;
  org_id: number;
  key: string;
  display_name: string;
  display_info: Json<Record<string, unknown>>;
  deleted: WithDefault<boolean>;
  deleted_at: NullableTimestamp;
  deleted_by: Nullable<string>;
}

/** Content of a policy object as it is stored: wire members less href, audit and difference members. */
export type PolicyContent = Record<string, unknown>;

/**
 * One row per policy object. `draft` keeps its content when the object is deleted in draft (`update_type` = delete) until that is
 * provisioned; then the row goes. Rules live inside their ruleset's content with ids of their own (sequences id_sec_rules and
 * id_ip_tables_rules).
 */
export interface PolicyObjectsTable extends Audited {
  org_id: number;
  type: PolicyType;
  /** Integer as text from sequence id_<type>, or a UUID. */
  id: string;
  draft: Json<PolicyContent>;
  active: NullableJson<PolicyContent>;
  update_type: Nullable<'create' | 'update' | 'delete'>;
  /** Of the active content. */
  active_version: Nullable<number>;
  active_updated_at: NullableTimestamp;
  active_updated_by: Nullable<string>;
  deleted_at: NullableTimestamp;
  deleted_by: Nullable<string>;
}

export interface PolicyVersionsTable {
  org_id: number;
  version: number;
  commit_message: Nullable<string>;
  created_at: TimestampWithDefault;
  created_by: string;
  /** Hosts that enforce something else by it; null until that is computed. */
  workloads_affected: Nullable<number>;
  object_counts: Json<Record<string, number>>;
  change_set: Json<unknown>;
  /** Set when failing policy tests were passed over. */
  policy_test_override: NullableJson<PolicyTestOverride>;
}

export interface PolicyTestOverride {
  readonly reason: string;
  /** Href of the user. */
  readonly by: string;
  /** Names of the tests that failed. */
  readonly failed: readonly string[];
}

export interface PolicyTestsTable extends Audited {
  id: Generated<string>;
  org_id: number;
  name: string;
  description: Nullable<string>;
  enabled: WithDefault<boolean>;
  content: Json<StoredPolicyTest>;
  result_state: WithDefault<PolicyTestState>;
  /** Null while it was never run as it is now. */
  result: NullableJson<PolicyTestResult>;
}

/** Content of each object at each version that changed it; null content: deleted by that version. */
export interface PolicyObjectVersionsTable {
  org_id: number;
  type: PolicyType;
  id: string;
  version: number;
  content: NullableJson<PolicyContent>;
  created_at: Timestamp;
  created_by: string;
  updated_at: Timestamp;
  updated_by: string;
}

/** A user group of a directory, as rules name it. */
export interface SecurityPrincipalsTable extends Audited {
  org_id: number;
  sid: string;
  name: string;
  description: Nullable<string>;
}

/** A workload bound to a virtual service, whose row it goes with. Counts in active policy and draft alike, without provisioning. */
export interface ServiceBindingsTable extends Audited, External {
  id: Generated<string>;
  org_id: number;
  object_type: WithDefault<'virtual_services'>;
  virtual_service_id: string;
  workload_id: string;
}

export interface PairingProfilesTable extends Audited, External {
  /** From sequence id_pairing_profiles. */
  id: Generated<number>;
  org_id: number;
  name: Nullable<string>;
  description: Nullable<string>;
  enabled: WithDefault<boolean>;
  is_default: WithDefault<boolean>;
  ven_type: WithDefault<'server' | 'endpoint' | 'specified_during_activation'>;
  enforcement_mode: WithDefault<EnforcementMode>;
  visibility_level: WithDefault<VisibilityLevel>;
  /** The `…_lock` members, by name. */
  locks: JsonWithDefault<Record<string, boolean>>;
  /** Null: unlimited. */
  allowed_uses_per_key: Nullable<number>;
  /** Null: unlimited. */
  key_lifespan_seconds: Nullable<number>;
  /** Label hrefs. */
  labels: JsonWithDefault<string[]>;
  agent_software_release: Nullable<string>;
  total_use_count: WithDefault<number>;
  last_pairing_at: NullableTimestamp;
}

export interface PairingKeysTable {
  id: Generated<string>;
  org_id: number;
  pairing_profile_id: number;
  /** SHA-256 of the activation code. */
  code_hash: Buffer;
  /** Null: unlimited. */
  uses_left: Nullable<number>;
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
  created_at: TimestampWithDefault;
  created_by: string;
}

/** One address of an interface, as on the wire less the network's href. */
export interface StoredInterface {
  name: string;
  friendly_name?: string | null;
  address: string;
  cidr_block: number | null;
  default_gateway_address: string | null;
  link_state: 'up' | 'down' | 'unknown' | null;
  loopback: boolean;
  network: 'corporate' | 'external';
  network_detection_mode: string | null;
}

export interface WorkloadsTable extends Audited, External {
  id: Generated<string>;
  org_id: number;
  managed: WithDefault<boolean>;
  ven_type: Nullable<WorkloadType>;
  name: Nullable<string>;
  description: Nullable<string>;
  hostname: Nullable<string>;
  service_principal_name: Nullable<string>;
  distinguished_name: Nullable<string>;
  public_ip: Nullable<string>;
  interfaces: JsonWithDefault<StoredInterface[]>;
  ignored_interface_names: JsonWithDefault<string[]>;
  service_provider: Nullable<string>;
  data_center: Nullable<string>;
  data_center_zone: Nullable<string>;
  os_id: Nullable<string>;
  os_detail: Nullable<string>;
  os_type: WithDefault<'windows' | 'linux' | 'mac' | 'unknown'>;
  online: WithDefault<boolean>;
  /** Label hrefs, at most one per key. */
  labels: JsonWithDefault<string[]>;
  services: JsonWithDefault<Record<string, unknown>>;
  enforcement_mode: WithDefault<EnforcementMode>;
  visibility_level: WithDefault<VisibilityLevel>;
  blocked_connection_action: WithDefault<BlockedConnectionAction>;
  deleted: WithDefault<boolean>;
  delete_type: Nullable<string>;
  deleted_at: NullableTimestamp;
  deleted_by: Nullable<string>;
}

/** The VEN of a managed workload: same UUID. */
export interface VensTable {
  id: string;
  org_id: number;
  /** The N of `ORG/agents/N`. */
  agent_id: Generated<number>;
  /** SHA-256 of the VEN's token; null once it is unpaired. */
  token_hash: Nullable<Buffer>;
  /** The token before, accepted until `previous_token_expires_at`. */
  previous_token_hash: Nullable<Buffer>;
  previous_token_expires_at: NullableTimestamp;
  token_issued_at: NullableTimestamp;
  status: WithDefault<'active' | 'suspended' | 'stopped' | 'uninstalled'>;
  ven_type: WorkloadType;
  version: string;
  activation_type: WithDefault<'pairing_key' | 'kerberos' | 'certificate'>;
  pairing_profile_id: Nullable<number>;
  /** Identity of the machine as the VEN reports it; clone detection. */
  machine_id: string;
  hostname: string;
  os_id: Nullable<string>;
  os_detail: Nullable<string>;
  os_platform: Nullable<string>;
  facts: JsonWithDefault<Record<string, unknown>>;
  capabilities: JsonWithDefault<string[]>;
  activated_at: TimestampWithDefault;
  last_heartbeat_at: NullableTimestamp;
  last_goodbye_at: NullableTimestamp;
  connected_at: NullableTimestamp;
  uptime_seconds: Nullable<number>;
  last_remote_address: Nullable<string>;
  policy_version: Nullable<number>;
  policy_hash: Nullable<string>;
  policy_received_at: NullableTimestamp;
  policy_applied_at: NullableTimestamp;
  policy_sync_state: WithDefault<'applied' | 'syncing' | 'staged' | 'error'>;
  firewall_rule_count: Nullable<number>;
  health: JsonWithDefault<Record<string, unknown>>;
  conditions: JsonWithDefault<unknown[]>;
  /** A command that the VEN has not acknowledged yet, such as an unpair with its firewall choice. */
  pending_command: NullableJson<Record<string, unknown>>;
  /** Policy messages sent to it since activation. */
  policy_messages: WithDefault<number>;
  /** Of the VEN process that is or was connected last. */
  boot_id: Nullable<string>;
  /** Of the newest flow report that was stored. */
  flow_sequence: Nullable<number>;
  /** Flow records that the VEN lost because its buffer was full. */
  flows_dropped: WithDefault<number>;
  /** The last compatibility report, and when it came. */
  compatibility: NullableJson<CompatibilityCheck[]>;
  compatibility_at: NullableTimestamp;
  /** Machines are copied from this one: copies raise no events. */
  golden_image: WithDefault<boolean>;
  description: Nullable<string>;
  created_at: TimestampWithDefault;
  created_by: string;
  updated_at: TimestampWithDefault;
  updated_by: string;
}

export interface CorporateIpsTable extends Audited {
  org_id: number;
  /** `default` is the one of the console's page. */
  id: string;
  name: string;
  /** IPv4 addresses and CIDR blocks as text. */
  ip_addresses: Json<string[]>;
}

export interface SettingsTable {
  org_id: number;
  key: string;
  value: Json<unknown>;
  updated_at: TimestampWithDefault;
  updated_by: string;
}

export interface AsyncQueriesTable {
  id: Generated<string>;
  org_id: number;
  kind: string;
  created_by: string;
  status: string;
  parameters: Json<Record<string, unknown>>;
  result: NullableJson<unknown>;
  rules_status: Nullable<string>;
  matches_count: Nullable<number>;
  flows_count: Nullable<number>;
  error: Nullable<string>;
  created_at: TimestampWithDefault;
  updated_at: TimestampWithDefault;
  expires_at: Timestamp;
}

/** Flows of a completed traffic query, in parts, so that none is large. */
export interface AsyncQueryResultsTable {
  query_id: string;
  part: number;
  rows: Json<unknown[]>;
}

/** A collection that is being collected, or was, for the user who asked. */
export interface JobsTable {
  id: Generated<string>;
  org_id: number;
  /** Href of who asked; it belongs to them. */
  requested_by: string;
  /** Name in the endpoint table. */
  operation: string;
  /** Path of the collection as an href. */
  description: string;
  /** Of the path and of the query, as they came. */
  params: Json<Record<string, string>>;
  query: Json<Record<string, string>>;
  request_id: string;
  ip_address: string;
  status: WithDefault<JobStatus>;
  /** How often a node began it. */
  attempts: WithDefault<number>;
  /** While it runs: until when the node that runs it is believed to live. */
  lease_until: NullableTimestamp;
  /** Of the data file, once it is done. */
  item_count: Nullable<number>;
  /** Why it failed. */
  message: Nullable<string>;
  requested_at: Timestamp;
  terminated_at: NullableTimestamp;
  expires_at: Timestamp;
}

/** Part of a data file: JSON items, each followed by a line feed, compressed (Zstandard). */
export interface DatafilePartsTable {
  job_id: string;
  part: number;
  content: Buffer;
}

/** Which reported traffic is dropped or aggregated. Null: any. */
export interface StoredCollector {
  readonly transmission: 'broadcast' | 'multicast' | 'unicast';
  readonly action: 'drop' | 'aggregate';
  readonly target: {
    readonly proto: number;
    readonly dst_port?: number | undefined;
    readonly dst_ip?: string | undefined;
    readonly src_ip?: string | undefined;
  } | null;
  readonly data_source: 'server' | 'endpoint' | null;
}

export interface TrafficCollectorSettingsTable extends Audited {
  id: Generated<string>;
  org_id: number;
  content: Json<StoredCollector>;
}

export interface ContainerClustersTable extends Audited {
  id: Generated<string>;
  org_id: number;
  name: string;
  description: Nullable<string>;
  /** SHA-256 of the token that was shown once. */
  token_hash: Buffer;
}

/** Labels as hrefs. */
export interface StoredContainerProfile {
  readonly name: string;
  readonly description: string | null;
  readonly managed: boolean;
  readonly enforcement_mode: EnforcementMode;
  readonly visibility_level: VisibilityLevel;
  readonly labels: readonly {
    readonly key: string;
    readonly assignment?: string;
    readonly restriction?: readonly string[];
  }[];
}

export interface ContainerWorkloadProfilesTable extends Audited {
  id: Generated<string>;
  org_id: number;
  cluster_id: string;
  content: Json<StoredContainerProfile>;
  is_default: boolean;
}

/** Limits of an organization that are not the ones every organization has. */
export interface ObjectLimitsTable {
  org_id: number;
  type: string;
  soft: number;
  hard: number;
}

/** Secrets of the PCE itself (signing keys), by purpose; one for all nodes. */
export interface ServerKeysTable {
  purpose: string;
  value: Buffer;
  created_at: TimestampWithDefault;
}

export interface MigrationsTable {
  name: string;
  applied_at: TimestampWithDefault;
}

export interface Database extends AccessTables {
  schema_migrations: MigrationsTable;
  change_log: ChangeLogTable;
  events: EventsTable;
  event_sinks: EventSinksTable;
  event_sink_states: EventSinkStatesTable;
  labels: LabelsTable;
  label_dimensions: LabelDimensionsTable;
  policy_objects: PolicyObjectsTable;
  policy_versions: PolicyVersionsTable;
  policy_object_versions: PolicyObjectVersionsTable;
  policy_tests: PolicyTestsTable;
  security_principals: SecurityPrincipalsTable;
  service_bindings: ServiceBindingsTable;
  pairing_profiles: PairingProfilesTable;
  pairing_keys: PairingKeysTable;
  workloads: WorkloadsTable;
  vens: VensTable;
  corporate_ips: CorporateIpsTable;
  settings: SettingsTable;
  async_queries: AsyncQueriesTable;
  async_query_results: AsyncQueryResultsTable;
  jobs: JobsTable;
  datafile_parts: DatafilePartsTable;
  object_limits: ObjectLimitsTable;
  container_clusters: ContainerClustersTable;
  container_workload_profiles: ContainerWorkloadProfilesTable;
  traffic_collector_settings: TrafficCollectorSettingsTable;
  server_keys: ServerKeysTable;
}
