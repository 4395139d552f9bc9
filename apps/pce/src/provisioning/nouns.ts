/** Types of objects as messages call them. */
const NOUNS: Readonly<Record<string, string>> = {
  ip_lists: 'IP list',
  services: 'service',
  label_groups: 'label group',
  rule_sets: 'ruleset',
  enforcement_boundaries: 'enforcement boundary',
  labels: 'label',
  label_dimensions: 'label dimension',
  workloads: 'workload',
  virtual_services: 'virtual service',
  firewall_settings: 'settings',
  security_principals: 'user group',
  pairing_profiles: 'pairing profile',
  permissions: 'permission',
};

export function nounOf(type: string): string {
  return NOUNS[type] ?? type.replaceAll('_', ' ');
}
