/**
 * The public REST API v2 as clients know it, one operation a line:
 * `METHOD path ?query parameters <body members >answer members`. `O` is an organization, `P` its policy at a version; `x.y` is a member of
 * a member, of a list's items too. Lines that begin with # are headings. What of it this product offers is worked out from the endpoint table.
 */
export const PUBLIC_API = `
# Node and product
GET /node_available ?redirect_to_leader
GET /noop
GET /product_version >version build long_display short_display release_info engineering_info product_name
GET /health >fqdn type status available_seconds generated_at notifications listen_only_mode_enabled_at nodes.hostname nodes.ip_address nodes.type nodes.runlevel nodes.uptime_seconds nodes.cpu nodes.memory nodes.disk nodes.services nodes.generated_at network.replication
GET /supercluster/leader
GET /components_version

# Users and access
GET /users ?type >href username full_name time_zone type locked effective_groups local_profile login_count last_login_on last_login_ip_address presence_status created_at updated_at
POST /users <username full_name time_zone type
GET /users/:id
PUT /users/:id <full_name time_zone locked
GET /users/:id/orgs
GET /users/login >href auth_username session_token inactivity_expiration_minutes full_name type time_zone last_login_on last_login_ip_address certificate login_url product_version orgs.org_id orgs.href orgs.org_href orgs.display_name
PUT /users/:id/logout
POST /login_users/authenticate ?pce_fqdn <one_time_password >auth_token
PUT /login_users/:id/password <password
POST /users/:id/local_profile
DELETE /users/:id/local_profile
PUT /users/:id/local_profile/reinvite
PUT /users/:id/local_profile/password <password
GET /users/:id/api_keys >href key_id auth_username name description created_at last_login_on state expires_in_seconds account
POST /users/:id/api_keys <name description >href key_id auth_username name description created_at secret
GET /users/:id/api_keys/:key_id
PUT /users/:id/api_keys/:key_id <name description
DELETE /users/:id/api_keys/:key_id
GET /users/:id/kvpair/:key
PUT /users/:id/kvpair/:key
DELETE /users/:id/kvpair/:key
GET O/api_keys ?type state name username role max_results
GET O/api_keys/:id
DELETE O/api_keys/:id
GET O/service_accounts >href name description access_restriction permissions
POST O/service_accounts <name description access_restriction permissions api_key
GET O/service_accounts/:id
PUT O/service_accounts/:id <name description access_restriction permissions
DELETE O/service_accounts/:id
POST O/service_accounts/:id/api_keys
DELETE O/service_accounts/:id/api_keys/:key_id
GET O >href display_name
PUT O <display_name
GET O/roles >href
GET O/roles/:id >href
GET O/permissions ?auth_security_principal role scope >href role scope auth_security_principal
POST O/permissions <role scope auth_security_principal
GET O/permissions/:id
PUT O/permissions/:id <role scope auth_security_principal
DELETE O/permissions/:id
GET O/auth_security_principals ?name type >href type name display_name access_restriction
POST O/auth_security_principals <type name display_name access_restriction
GET O/auth_security_principals/:id
PUT O/auth_security_principals/:id <type name display_name access_restriction
DELETE O/auth_security_principals/:id
GET O/access_restrictions >href name description ips
POST O/access_restrictions <name description ips
GET O/access_restrictions/:id
PUT O/access_restrictions/:id <name description ips
DELETE O/access_restrictions/:id
GET /authentication_settings
PUT /authentication_settings
GET /authentication_settings/password_policy >require_type_number require_type_lowercase require_type_uppercase require_type_symbol min_characters_per_type min_length min_changed_characters history_count expire_time_days session_timeout_minutes
PUT /authentication_settings/password_policy <require_type_number require_type_lowercase require_type_uppercase require_type_symbol min_characters_per_type min_length min_changed_characters history_count expire_time_days session_timeout_minutes
GET /authentication_settings/saml_configs
GET /authentication_settings/ldap_configs
GET /authentication_settings/radius_configs

# Labels
GET O/labels ?key value usage include_deleted external_data_set external_data_reference max_results >href key value deleted external_data_set external_data_reference created_at created_by updated_at updated_by usage
POST O/labels <key value external_data_set external_data_reference
GET O/labels/:id ?usage
PUT O/labels/:id <value external_data_set external_data_reference
DELETE O/labels/:id
PUT O/labels/delete <hrefs
GET O/labels/autocomplete ?query max_results
GET O/labels/facets ?facet query
GET O/label_dimensions ?key display_name include_deleted external_data_set external_data_reference >href key display_name display_info.icon display_info.initial display_info.background_color display_info.foreground_color display_info.sort_ordinal display_info.display_name_plural usage.labels usage.label_groups deleted caps
POST O/label_dimensions <key display_name display_info external_data_set external_data_reference
GET O/label_dimensions/:id
PUT O/label_dimensions/:id <display_name display_info external_data_set external_data_reference
DELETE O/label_dimensions/:id
GET P/label_groups ?key name description usage external_data_set external_data_reference >href name description key labels.href labels.key labels.value sub_groups.href sub_groups.name usage update_type
POST P/label_groups <name description key labels sub_groups external_data_set external_data_reference
GET P/label_groups/:id ?usage
PUT P/label_groups/:id <name description labels sub_groups external_data_set external_data_reference
DELETE P/label_groups/:id
GET P/label_groups/:id/member_of >href name
GET P/label_groups/:id/all_labels

# IP lists and services
GET P/ip_lists ?name description fqdn ip_address external_data_set external_data_reference max_results >href name description ip_ranges.from_ip ip_ranges.to_ip ip_ranges.exclusion ip_ranges.description fqdns.fqdn fqdns.description size update_type external_data_set external_data_reference
POST P/ip_lists <name description ip_ranges fqdns external_data_set external_data_reference
GET P/ip_lists/:id
PUT P/ip_lists/:id <name description ip_ranges fqdns external_data_set external_data_reference
DELETE P/ip_lists/:id
PUT P/ip_lists/delete <hrefs
PUT P/ip_lists/bulk_upload
GET P/services ?name description port proto external_data_set external_data_reference max_results >href name description description_url process_name service_ports.proto service_ports.port service_ports.to_port service_ports.icmp_type service_ports.icmp_code windows_services windows_egress_services risk_details.ransomware update_type
POST P/services <name description process_name service_ports windows_services windows_egress_services risk_details external_data_set external_data_reference
GET P/services/:id
PUT P/services/:id <name description process_name service_ports windows_services windows_egress_services risk_details external_data_set external_data_reference
DELETE P/services/:id
PUT P/services/delete <hrefs

# Rulesets and rules
GET P/rule_sets ?name description labels labels_scope external_data_set external_data_reference max_results >href name description enabled scopes rules ip_tables_rules deny_rules update_type external_data_set external_data_reference caps
POST P/rule_sets <name description enabled scopes rules ip_tables_rules external_data_set external_data_reference
GET P/rule_sets/:id
PUT P/rule_sets/:id <name description enabled scopes rules ip_tables_rules external_data_set external_data_reference
DELETE P/rule_sets/:id
PUT P/rule_sets/delete <hrefs
GET P/rule_sets/:id/sec_rules ?external_data_set external_data_reference >href enabled description providers.actors providers.label providers.label_group providers.workload providers.virtual_service providers.virtual_server providers.ip_list providers.exclusion consumers.actors consumers.label consumers.label_group consumers.workload consumers.virtual_service consumers.ip_list consumers.exclusion ingress_services resolve_labels_as.providers resolve_labels_as.consumers unscoped_consumers consuming_security_principals sec_connect stateless machine_auth log_flow network_type use_workload_subnets egress_services external_data_set external_data_reference update_type
POST P/rule_sets/:id/sec_rules <enabled description providers consumers ingress_services resolve_labels_as unscoped_consumers consuming_security_principals sec_connect stateless machine_auth log_flow network_type use_workload_subnets egress_services external_data_set external_data_reference
GET P/rule_sets/:id/sec_rules/:rule
PUT P/rule_sets/:id/sec_rules/:rule <enabled description providers consumers ingress_services resolve_labels_as unscoped_consumers consuming_security_principals sec_connect stateless machine_auth log_flow network_type use_workload_subnets egress_services external_data_set external_data_reference
DELETE P/rule_sets/:id/sec_rules/:rule
PUT P/rule_sets/:id/sec_rules/delete <hrefs
GET P/rule_sets/:id/sec_rules/:rule/providers
PUT P/rule_sets/:id/sec_rules/:rule/providers
GET P/rule_sets/:id/sec_rules/:rule/consumers
PUT P/rule_sets/:id/sec_rules/:rule/consumers
GET P/rule_sets/:id/deny_rules >enabled override description providers consumers ingress_services egress_services network_type unscoped_consumers
POST P/rule_sets/:id/deny_rules <enabled override description providers consumers ingress_services egress_services network_type unscoped_consumers
GET P/rule_sets/:id/deny_rules/:rule
PUT P/rule_sets/:id/deny_rules/:rule
DELETE P/rule_sets/:id/deny_rules/:rule
GET P/rule_sets/:id/ip_tables_rules >href enabled description ip_version statements.table_name statements.chain_name statements.parameters actors
POST P/rule_sets/:id/ip_tables_rules <enabled description ip_version statements actors
GET P/rule_sets/:id/ip_tables_rules/:rule
PUT P/rule_sets/:id/ip_tables_rules/:rule <enabled description ip_version statements actors
DELETE P/rule_sets/:id/ip_tables_rules/:rule

# Enforcement boundaries
GET P/enforcement_boundaries ?name labels service service_ports.port service_ports.proto network_type >href name enabled providers consumers ingress_services network_type warnings update_type
POST P/enforcement_boundaries <name enabled providers consumers ingress_services network_type
GET P/enforcement_boundaries/:id
PUT P/enforcement_boundaries/:id <name enabled providers consumers ingress_services network_type
DELETE P/enforcement_boundaries/:id
GET P/enforcement_boundaries/has_any >has_any

# Virtual services, bindings, user groups
GET P/virtual_services ?name description labels service service_address.fqdn service_address.ip service_ports.port service_ports.proto usage external_data_set external_data_reference >href name description apply_to service service_ports service_addresses.ip service_addresses.port service_addresses.network service_addresses.fqdn service_addresses.description ip_overrides labels pce_fqdn update_type
POST P/virtual_services <name description apply_to service service_ports service_addresses ip_overrides labels external_data_set external_data_reference
GET P/virtual_services/:id
PUT P/virtual_services/:id <name description apply_to service service_ports service_addresses ip_overrides labels external_data_set external_data_reference
DELETE P/virtual_services/:id
PUT P/virtual_services/bulk_create
PUT P/virtual_services/bulk_update
GET O/service_bindings ?virtual_service workload external_data_set external_data_reference >href bound_service virtual_service workload.href workload.name workload.hostname workload.deleted port_overrides external_data_set external_data_reference
POST O/service_bindings
GET O/service_bindings/:id
DELETE O/service_bindings/:id
PUT O/service_bindings/delete <hrefs
GET P/virtual_servers
POST P/virtual_servers
GET O/slbs
GET O/discovered_virtual_servers
GET O/security_principals ?name sid >href sid name description deleted used_by_ruleset
POST O/security_principals <sid name description
GET O/security_principals/:id
PUT O/security_principals/:id <name description
DELETE O/security_principals/:id
PUT O/security_principals/bulk_create

# Workloads
GET O/workloads ?name hostname description os_id ip_address labels managed online enforcement_mode enforcement_modes mode visibility_level log_traffic policy_health security_policy_sync_state security_policy_update_mode last_heartbeat_on[gte] last_heartbeat_on[lte] ven ven.ven_type agent.active_pce_fqdn container_clusters include_deleted soft_deleted external_data_set external_data_reference vulnerability_summary.vulnerability_exposure_score[gte] vulnerability_summary.vulnerability_exposure_score[lte] representation max_results >href deleted delete_type name description hostname managed service_principal_name agent_to_pce_certificate_authentication_id distinguished_name public_ip external_data_set external_data_reference interfaces.href interfaces.name interfaces.friendly_name interfaces.address interfaces.cidr_block interfaces.default_gateway_address interfaces.link_state interfaces.loopback interfaces.network interfaces.network_detection_mode ignored_interface_names service_provider data_center data_center_zone os_id os_detail os_type online labels services.uptime_seconds services.open_service_ports enforcement_mode visibility_level num_enforcement_boundaries selectively_enforced_services firewall_coexistence.illumio_primary containers_inherit_host_policy blocked_connection_action vulnerabilities_summary detected_vulnerabilities risk_summary agent.href agent.config.mode agent.config.log_traffic agent.status.agent_version agent.status.last_heartbeat_on agent.status.security_policy_sync_state agent.status.agent_health ven container_cluster ike_authentication_certificate deleted_at deleted_by caps
POST O/workloads <name hostname description external_data_set external_data_reference service_principal_name distinguished_name public_ip interfaces service_provider data_center data_center_zone os_id os_detail online labels enforcement_mode agent
GET O/workloads/:id
PUT O/workloads/:id <name description external_data_set external_data_reference public_ip service_principal_name service_provider data_center data_center_zone labels enforcement_mode visibility_level interfaces ignored_interface_names agent
DELETE O/workloads/:id
PUT O/workloads/bulk_create
PUT O/workloads/bulk_update ?create_labels
PUT O/workloads/bulk_delete
PUT O/workloads/bulk_import ?create_labels delete_token dry_run
PUT O/workloads/set_labels <workloads labels delete_existing_keys
PUT O/workloads/remove_labels <workloads keys
PUT O/workloads/unpair <workloads ip_table_restore
POST O/workloads/set_flow_reporting_frequency <workloads
PUT O/workloads/update <workloads
PUT O/workloads/apply_policy <workloads
POST O/workloads/verify_caps
POST O/workloads/bulk_read
GET O/workloads/:id/interfaces
POST O/workloads/:id/interfaces <name link_state address cidr_block default_gateway_address friendly_name
GET O/workloads/:id/interfaces/:name
DELETE O/workloads/:id/interfaces/:name
GET O/workloads/:id/ignored_interfaces
PUT O/workloads/:id/ignored_interfaces
GET O/workloads/:id/service_reports/latest
POST O/workloads/:id/recalc_rules
POST O/workloads/:id/redetect_network
GET O/workloads/:id/risk_details
GET O/workloads/:id/detected_vulnerabilities

# VENs and agents
GET O/vens ?name hostname description os ip_address labels status ven_type activation_type health condition version version[gte] version[lte] last_heartbeat_at[gte] last_heartbeat_at[lte] last_goodbye_at[gte] last_goodbye_at[lte] disconnected_before upgrade_pending container_clusters active_pce_fqdn representation >href name description hostname uid os_id os_detail os_platform version status activation_type ven_type active_pce_fqdn target_pce_fqdn labels interfaces workloads container_cluster secure_connect unpair_allowed last_heartbeat_at last_goodbye_at upgrade_expires_at upgrade_target_version authentication_recovery conditions caps
GET O/vens/:id
PUT O/vens/:id <name description target_pce_fqdn status
GET O/vens/:id/compatibility_report
PUT O/vens/unpair <vens firewall_restore
PUT O/vens/upgrade <vens release dry_run upgrade_timeout_seconds
POST O/vens/statistics <property_counts
PUT O/vens/remote_action <action vens
PUT O/vens/clear_conditions <vens
PUT O/vens/authentication_recovery <vens recovery_enabled recovery_duration_seconds
POST O/vens/generate_maintenance_token
GET O/agents/:id
GET O/agents/:id/compatibility_report
PUT O/agents/:id/update <target_pce_fqdn

# Pairing and VEN software
GET O/pairing_profiles ?name description labels agent_software_release ven_type external_data_set external_data_reference >href name description enabled ven_type enforcement_mode enforcement_mode_lock mode mode_lock visibility_level visibility_level_lock log_traffic log_traffic_lock status_lock allowed_uses_per_key key_lifespan labels role_label_lock app_label_lock env_label_lock loc_label_lock agent_software_release external_data_set external_data_reference is_default total_use_count last_pairing_at last_pairing_key_generated_at last_pairing_key_generated_by
POST O/pairing_profiles <name description enabled ven_type enforcement_mode enforcement_mode_lock mode mode_lock visibility_level visibility_level_lock log_traffic log_traffic_lock status_lock allowed_uses_per_key key_lifespan labels role_label_lock app_label_lock env_label_lock loc_label_lock agent_software_release external_data_set external_data_reference
GET O/pairing_profiles/:id
PUT O/pairing_profiles/:id <name description enabled ven_type enforcement_mode labels
DELETE O/pairing_profiles/:id
PUT O/pairing_profiles/delete <hrefs
POST O/pairing_profiles/:id/pairing_key >activation_code
DELETE O/pairing_profiles/:id/pairing_keys
GET O/software/ven/releases
GET O/software/ven/releases/:id
DELETE O/software/ven/releases/:id
GET O/software/ven/releases/:id/images
GET O/software/ven/releases/:id/images/:name
PUT O/software/ven/releases/default <release
PUT O/software/ven/releases/defaults
GET /software/ven/image ?pair_script profile_id

# Provisioning and policy questions
GET O/sec_policy >href version commit_message workloads_affected object_counts created_at created_by
POST O/sec_policy <update_description change_subset
GET O/sec_policy/:pversion
GET O/sec_policy/pending >rule_sets.href rule_sets.name rule_sets.update_type rule_sets.updated_at rule_sets.updated_by rule_sets.caps rule_sets.related_ip_lists rule_sets.related_services ip_lists services label_groups virtual_services firewall_settings enforcement_boundaries
DELETE O/sec_policy/pending
PUT O/sec_policy/delete <change_subset
POST P/dependencies <operation change_subset
POST O/sec_policy/impact <change_subset >num_sets num_virtual_servers num_managed_workloads num_container_workloads num_unmanaged_workloads all_workloads_optimization
POST P/restore
GET P/modified_objects >object_type href name update_type updated_at updated_by
GET P/allow ?src_workload src_external_ip src_container_workload dst_workload dst_external_ip protocol port service network_type
GET P/policy_check ?src_workload src_external_ip dst_workload dst_external_ip protocol port service network_type >sec_rules deny_rules override_deny_rules
POST P/rule_coverage ?include_deny_rules >rules edges deny_rules deny_edges override_deny_rules override_deny_edges
POST P/rule_search <providers consumers providers_or_consumers ingress_services consuming_security_principals enabled description sec_connect machine_auth stateless unscoped_consumers update_type resolve_actors max_results rule_types
GET P/policy_view ?workload
GET P/firewall_settings >static_policy_scopes containers_inherit_host_policy_scopes blocked_connection_reject_scopes loopback_interfaces_in_policy_scopes ip_forwarding_enabled_scopes rule_hit_count_enabled_scopes firewall_coexistence.scope firewall_coexistence.illumio_primary firewall_coexistence.workload_mode ike_authentication_type allow_captive_portal_outbound allow_dhcp_client log_dropped_multicast log_dropped_broadcast allow_traceroute allow_igmp allow_ipv6 ipv6_mode network_detection_mode
PUT P/firewall_settings <static_policy_scopes containers_inherit_host_policy_scopes blocked_connection_reject_scopes loopback_interfaces_in_policy_scopes ip_forwarding_enabled_scopes rule_hit_count_enabled_scopes firewall_coexistence ike_authentication_type allow_captive_portal_outbound allow_dhcp_client log_dropped_multicast log_dropped_broadcast allow_traceroute allow_igmp allow_ipv6 ipv6_mode network_detection_mode

# Settings
GET O/settings >max_api_key_expiration_in_seconds expired_api_keys_retention_in_seconds max_explorer_query_timespan_days ven_maintenance_token_required automatic_label_application_on_ven_activation
PUT O/settings
GET O/settings/workloads >workload_disconnected_timeout_seconds workload_goodbye_timeout_seconds workload_disconnected_notification_seconds ven_uninstall_timeout_hours
PUT O/settings/workloads <workload_disconnected_timeout_seconds workload_goodbye_timeout_seconds workload_disconnected_notification_seconds ven_uninstall_timeout_hours
GET O/settings/corporate_ips >href name ip_addresses
POST O/settings/corporate_ips <name ip_addresses
PUT O/settings/corporate_ips/default <ip_addresses
GET O/settings/corporate_ips/:id
PUT O/settings/corporate_ips/:id <name ip_addresses
DELETE O/settings/corporate_ips/:id
GET O/settings/trusted_proxy_ips >max_trusted_proxy_ips_per_region trusted_proxy_ips
PUT O/settings/trusted_proxy_ips <trusted_proxy_ips
GET O/settings/syslog/destinations >href pce_scope type description audit_event_logger traffic_event_logger node_status_logger remote_syslog
POST O/settings/syslog/destinations <pce_scope type description audit_event_logger traffic_event_logger node_status_logger remote_syslog
GET O/settings/syslog/destinations/:id
PUT O/settings/syslog/destinations/:id
DELETE O/settings/syslog/destinations/:id
GET O/settings/events >audit_event_retention_seconds audit_event_min_severity format
PUT O/settings/events <audit_event_retention_seconds audit_event_min_severity format
GET O/settings/traffic_collector >href transmission action target data_source network
POST O/settings/traffic_collector <transmission action target data_source network
GET O/settings/traffic_collector/:id
PUT O/settings/traffic_collector/:id
DELETE O/settings/traffic_collector/:id
GET O/settings/reports
GET O/settings/vens
GET O/settings/core_services
GET O/optional_features >name enabled preview
PUT O/optional_features
GET O/announcements

# Traffic
POST O/traffic_flows/async_queries <query_name sources destinations services policy_decisions boundary_decisions start_date end_date sources_destinations_query_op max_results exclude_workloads_from_ip_list_query data_sources >href status created_at created_by query_parameters
GET O/traffic_flows/async_queries
GET O/traffic_flows/async_queries/:id >href status result rules matches_count flows_count regions created_at updated_at created_by query_parameters
PUT O/traffic_flows/async_queries/:id <status
DELETE O/traffic_flows/async_queries/:id
GET O/traffic_flows/async_queries/:id/download ?include_draft_policy_in_csv
PUT O/traffic_flows/async_queries/:id/update_rules ?label_based_rules offset limit
POST O/traffic_flows/traffic_analysis_queries
GET O/traffic_flows/database_metrics
POST O/agents/bulk_traffic_flows

# Events
GET O/events ?created_by event_type severity status timestamp[gte] timestamp[lte] max_results >href timestamp pce_fqdn event_type status severity version created_by.user created_by.agent created_by.ven created_by.container_cluster created_by.system action.uuid action.api_endpoint action.api_method action.http_status_code action.src_ip action.info action.errors resource_changes.uuid resource_changes.resource resource_changes.changes resource_changes.change_type notifications.uuid notifications.notification_type notifications.info
GET O/events/:id
GET /system_events
GET /system_events/:id

# Jobs, support, reports
GET O/jobs ?job_type max_results >href job_type description status result requested_at requested_by terminated_at
GET O/jobs/:id
DELETE O/jobs/:id
GET O/datafiles/:id ?filename
GET O/support_report_requests
POST O/support_report_requests
GET O/support_report_requests/:id
DELETE O/support_report_requests/:id
GET O/support_bundle_requests
POST O/support_bundle_requests
GET O/support_bundle_requests/:id
DELETE O/support_bundle_requests/:id
GET O/reports
POST O/reports
GET O/reports/:id
PUT O/reports/:id
GET O/reports/:id/download
GET O/report_templates
PUT O/report_templates/:id
GET O/report_schedules
POST O/report_schedules
PUT O/report_schedules/:id
DELETE O/report_schedules/:id

# Networks, and what has no part in this product
GET O/networks ?name >href name description
GET O/networks/:id
GET O/container_clusters ?name
POST O/container_clusters <name description
GET O/container_clusters/:id
PUT O/container_clusters/:id <name description
DELETE O/container_clusters/:id
GET O/container_clusters/:id/container_workload_profiles
POST O/container_clusters/:id/container_workload_profiles
GET O/container_clusters/:id/container_workload_profiles/:profile
PUT O/container_clusters/:id/container_workload_profiles/:profile
DELETE O/container_clusters/:id/container_workload_profiles/:profile
GET O/container_clusters/:id/service_backends
GET O/container_workloads
GET O/kubernetes_workloads
GET O/network_enforcement_nodes
GET O/network_devices
GET O/nfcs
GET O/vulnerabilities
GET O/vulnerability_reports
GET P/secure_connect_gateways
GET O/label_mapping_rules
GET O/core_service_types
GET O/detected_core_services
GET O/enforcement_points
GET O/licenses
`;
