/** Hrefs: the path after `/api/v2`, identity of an object. A policy object has one id; `draft`, `active` or a version number says which state. */

/** Resources whose hrefs carry `sec_policy/<version>`. */
export const POLICY_TYPES = [
  'ip_lists',
  'services',
  'rule_sets',
  'label_groups',
  'virtual_services',
  'enforcement_boundaries',
  'firewall_settings',
] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

/** Id under which the one firewall settings object of an organization is kept; its href ends in the type and shows no id. */
export const FIREWALL_SETTINGS_ID = 'default';

/** `draft`, `active` or a version number as text. */
export type PolicyVersionWord = string;

export interface Href {
  /** Null for `/users/N`. */
  readonly orgId: number | null;
  readonly version: PolicyVersionWord | null;
  /** Pairs of type and id from the outside in: `[['rule_sets','3'],['sec_rules','7']]`. */
  readonly path: readonly (readonly [type: string, id: string])[];
}

/** Parses an href; undefined when it is malformed. Accepts a leading `/api/vN`, repeated and trailing slashes. */
export function parseHref(text: string): Href | undefined {
  const parts = text.split('/').filter((part) => part !== '');
  if (parts[0] === 'api' && /^v\d{1,2}$/.test(parts[1] ?? '')) parts.splice(0, 2);
  let orgId: number | null = null;
  if (parts[0] === 'orgs') {
    if (!/^\d{1,9}$/.test(parts[1] ?? '')) return undefined;
    orgId = Number(parts[1]);
    parts.splice(0, 2);
  }
  let version: PolicyVersionWord | null = null;
  if (
    parts[0] === 'sec_policy' &&
    /^(draft|active|\d{1,9})$/.test(parts[1] ?? '') &&
    parts.length > 2
  ) {
    version = parts[1] ?? null;
    parts.splice(0, 2);
  }
  if (version !== null && parts.length === 1 && parts[0] === 'firewall_settings')
    parts.push(FIREWALL_SETTINGS_ID);
  if (parts.length === 0 || parts.length % 2 !== 0) return undefined;
  const path: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const type = parts[index] ?? '';
    const id = parts[index + 1] ?? '';
    if (!/^[a-z_]+$/.test(type) || !/^[A-Za-z0-9_.:-]{1,255}$/.test(id)) return undefined;
    path.push([type, id]);
  }
  return { orgId, version, path };
}

/** Href of an object that is not versioned. */
export function objectHref(orgId: number, type: string, id: string | number): string {
  return `/orgs/${orgId}/${type}/${id}`;
}

/** Href of a policy object in one state. The firewall settings have no id in theirs. */
export function policyHref(
  orgId: number,
  version: PolicyVersionWord,
  type: string,
  id: string | number,
): string {
  const place = `/orgs/${orgId}/sec_policy/${version}/${type}`;
  return type === 'firewall_settings' ? place : `${place}/${id}`;
}

/** The same object in another state: only the word changes. Hrefs without a version stay as they are. */
export function withVersion(href: string, version: PolicyVersionWord): string {
  return href.replace(/^(\/orgs\/\d+\/sec_policy\/)(draft|active|\d+)(\/)/, `$1${version}$3`);
}
