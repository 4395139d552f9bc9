/** Shorthand for tests of policy: what most of them create, and what a refusal said. */
import {
  ApiRequestError,
  type ApiClient,
  type EnforcementBoundaryWire,
  type IpListWire,
  type LabelWire,
  type RuleSetWire,
  type SecRuleWire,
  type SecRuleWrite,
  type ServiceWire,
  type VirtualServiceWire,
  type VirtualServiceWrite,
} from '@bulkhead/contract';

export const DRAFT = { pversion: 'draft' } as const;
export const ACTIVE = { pversion: 'active' } as const;

export function idOf(object: { readonly href: string }): string {
  return object.href.split('/').at(-1) ?? '';
}

export function refOf(object: { readonly href: string }): { href: string } {
  return { href: object.href };
}

/** The same object in active policy. */
export function activeHref(object: { readonly href: string }): string {
  return object.href.replace('/draft/', '/active/');
}

/** What the API answered instead of doing it. Throws when it did it. */
export async function refusalOf(work: Promise<unknown>): Promise<ApiRequestError> {
  const answer = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in answer && answer.error instanceof ApiRequestError) return answer.error;
  if ('error' in answer) throw answer.error;
  throw new Error(`It was not refused: ${JSON.stringify(answer.value)}`);
}

export async function anyList(client: ApiClient): Promise<IpListWire> {
  const { items } = await client.call('ip_lists.list', {
    params: DRAFT,
    query: { name: 'Any (0.0.0.0/0' },
  });
  return first(items);
}

export async function allServices(client: ApiClient): Promise<ServiceWire> {
  const { items } = await client.call('services.list', {
    params: DRAFT,
    query: { name: 'All Services' },
  });
  return first(items);
}

export function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error('There is none');
  return item;
}

export function makeLabel(client: ApiClient, key: string, value: string): Promise<LabelWire> {
  return client.call('labels.create', { body: { key, value } });
}

export function makeIpList(
  client: ApiClient,
  name: string,
  ...from: string[]
): Promise<IpListWire> {
  return client.call('ip_lists.create', {
    params: DRAFT,
    body: { name, ip_ranges: from.map((from_ip) => ({ from_ip })) },
  });
}

export function makeService(client: ApiClient, name: string, port: number): Promise<ServiceWire> {
  return client.call('services.create', {
    params: DRAFT,
    body: { name, service_ports: [{ proto: 6, port }] },
  });
}

export function makeRuleSet(client: ApiClient, name: string): Promise<RuleSetWire> {
  return client.call('rule_sets.create', { params: DRAFT, body: { name, scopes: [] } });
}

type RuleInput = Partial<SecRuleWrite> & Pick<SecRuleWrite, 'providers' | 'consumers'>;

/** On TCP 443 unless the rule says something else. */
export function rule(input: RuleInput): SecRuleWrite {
  return {
    enabled: true,
    ingress_services: [{ proto: 6, port: 443 }],
    resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    ...input,
  };
}

export function makeRule(
  client: ApiClient,
  ruleSet: { readonly href: string },
  input: RuleInput,
): Promise<SecRuleWire> {
  return client.call('sec_rules.create', {
    params: { ...DRAFT, rule_set_id: idOf(ruleSet) },
    body: rule(input),
  });
}

export async function makeBoundary(
  client: ApiClient,
  name: string,
  sides: Pick<RuleInput, 'providers' | 'consumers'>,
): Promise<EnforcementBoundaryWire> {
  return client.call('enforcement_boundaries.create', {
    params: DRAFT,
    body: { name, ingress_services: [{ proto: 6, port: 22 }], ...sides },
  });
}

export function provisionAll(client: ApiClient): Promise<{ version: number; href: string }> {
  return client.call('sec_policy.provision', { body: { update_description: 'test' } });
}

/** On TCP 443 unless it says something else. */
export function makeVirtualService(
  client: ApiClient,
  name: string,
  members: Partial<VirtualServiceWrite> = {},
): Promise<VirtualServiceWire> {
  return client.call('virtual_services.create', {
    params: DRAFT,
    body: { name, service_ports: [{ proto: 6, port: 443 }], ...members },
  });
}
