/** Topics of live events, and which operation's data belongs to which. */
const ALIASES: Record<string, string> = {
  corporate_ips: 'settings',
  event_settings: 'settings',
  networks: 'settings',
  syslog_destinations: 'settings',
  webhooks: 'settings',
  workload_settings: 'settings',
  sec_rules: 'rule_sets',
  ip_tables_rules: 'rule_sets',
  pairing_keys: 'pairing_profiles',
  async_queries: 'traffic_flows',
};

/** Operations whose answer depends on more than their own resource. */
const OPERATIONS: Record<string, string> = { 'policy_tests.run': 'sec_policy' };

export function topicOf(operation: string): string {
  const alone = OPERATIONS[operation];
  if (alone !== undefined) return alone;
  const [resource = ''] = operation.split('.');
  return ALIASES[resource] ?? resource;
}

/** Topics of an event as query keys; aliases folded, each once. */
export function topicsOfEvent(topics: readonly string[]): string[] {
  return [...new Set(topics.map((topic) => ALIASES[topic] ?? topic))];
}
