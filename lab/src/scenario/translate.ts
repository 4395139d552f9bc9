/** A scenario as a policy model. Hrefs are made from kinds and names, so that every reference that cannot be resolved is a fault. */
import { parseAddress, parseSpan, spansCover } from '@bulkhead/net';
import { ALL_TRAFFIC, DEFAULT_FIREWALL_SETTINGS } from '@bulkhead/policy';
import type { EnforcementBoundary, PolicyModel, Rule, WorkloadInterface } from '@bulkhead/policy';
import type { Fault, Scenario } from './format.ts';
import { looksLikePort } from './service-text.ts';
import { ALL_SERVICES, ANY_HREF, Translator, type Path } from './translator.ts';

export interface Host {
  readonly name: string;
  /** Href of the workload; null for an external host. */
  readonly workload: string | null;
  readonly fqdn: string | null;
  readonly addresses: readonly { readonly address: string; readonly interfaceName: string }[];
}

export interface Translation {
  readonly model: PolicyModel;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Rules and boundaries by name, to their hrefs. */
  readonly statements: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
}

function interfacesOf(
  translator: Translator,
  item: Scenario['workloads'][number],
  path: Path,
): WorkloadInterface[] {
  if (item.addresses !== undefined && item.interfaces !== undefined) {
    translator.fault(path, 'write addresses or interfaces, not both');
  }
  if (item.addresses === undefined && item.interfaces === undefined) {
    translator.fault(path, 'needs addresses or interfaces');
  }
  const interfaces =
    item.interfaces?.map((entry, index) => ({ ...entry, at: [...path, 'interfaces', index] })) ??
    (item.addresses === undefined ? [] : [{ name: 'eth0', addresses: item.addresses, at: path }]);
  return interfaces.map((entry) => {
    const profile =
      'network_profile' in entry ? (entry.network_profile ?? 'corporate') : 'corporate';
    if (profile === 'external' && item.type !== 'endpoint') {
      translator.fault([...entry.at, 'network_profile'], 'only endpoints have external interfaces');
    }
    return {
      name: entry.name,
      addresses: entry.addresses.flatMap((text, index) =>
        translator.address([...entry.at, 'addresses', index], text),
      ),
      gateway: gatewayOf(translator, entry),
      linkState: 'up',
      networkProfile: profile,
    };
  });
}

function gatewayOf(
  translator: Translator,
  entry: { readonly gateway?: string | undefined; readonly at: Path },
): string | null {
  if (entry.gateway === undefined) return null;
  if (parseAddress(entry.gateway) === null) {
    translator.fault([...entry.at, 'gateway'], `"${entry.gateway}" is not an address`);
  }
  return entry.gateway;
}

function workloads(translator: Translator, scenario: Scenario): PolicyModel['workloads'] {
  return scenario.workloads.map((item, index) => {
    const path = ['workloads', index];
    const managed = ['enforcement_mode', 'ven_version', 'online'] as const;
    for (const field of item.type === 'unmanaged' ? managed : []) {
      if (item[field] !== undefined) {
        translator.fault([...path, field], 'an unmanaged workload has no VEN; leave it out');
      }
    }
    return {
      href: `workload:${item.name}`,
      name: item.name,
      type: item.type,
      labels: Object.entries(item.labels).map(([key, value]) =>
        translator.label([...path, 'labels', key], `${key}=${value}`),
      ),
      enforcementMode: item.enforcement_mode ?? 'full',
      visibilityLevel: 'flow_summary',
      blockedConnectionAction: 'drop',
      venVersion: item.type === 'unmanaged' ? null : (item.ven_version ?? '23.2.0'),
      online: item.online ?? true,
      suspended: false,
      osFamily: item.type === 'unmanaged' ? null : 'linux',
      interfaces: interfacesOf(translator, item, path),
    };
  });
}

function rules(translator: Translator, ruleset: Scenario['rulesets'][number], path: Path): Rule[] {
  return ruleset.rules.map((item, index) => {
    const at = [...path, 'rules', index];
    const name = item.name ?? `${ruleset.name} #${index + 1}`;
    const href = `rule:${name}`;
    translator.statement(at, name, href);
    const providers = translator.side([...at, 'providers'], item.providers);
    const consumers = translator.side([...at, 'consumers'], item.consumers);
    translator.sides(at, item, { providers, consumers });
    return {
      href,
      name,
      version: 0,
      enabled: item.enabled,
      providers,
      consumers,
      ingressServices: translator.services([...at, 'ingress_services'], item.ingress_services),
      resolveLabelsAs: { providers: ['workloads'], consumers: ['workloads'] },
      consumingSecurityPrincipals: [],
      unscopedConsumers: item.unscoped_consumers,
      useWorkloadSubnets: item.use_workload_subnets,
      networkType: item.network_type,
      stateless: item.stateless,
    };
  });
}

function boundaries(translator: Translator, scenario: Scenario): EnforcementBoundary[] {
  return scenario.enforcement_boundaries.map((item, index) => {
    const path = ['enforcement_boundaries', index];
    const href = `boundary:${item.name}`;
    translator.statement(path, item.name, href);
    const providers = translator.side([...path, 'providers'], item.providers);
    const consumers = translator.side([...path, 'consumers'], item.consumers);
    for (const actor of [...providers, ...consumers]) {
      if (actor.kind === 'virtual_service') {
        translator.fault(path, 'a boundary takes no virtual services');
      }
    }
    translator.sides(path, item, { providers, consumers });
    return {
      href,
      name: item.name,
      version: 0,
      enabled: item.enabled,
      providers,
      consumers,
      ingressServices: translator.services([...path, 'ingress_services'], item.ingress_services),
      networkType: item.network_type,
    };
  });
}

function ipLists(translator: Translator, scenario: Scenario): PolicyModel['ipLists'] {
  const any = [
    { from: '0.0.0.0/0', to: null, exclusion: false },
    { from: '::/0', to: null, exclusion: false },
  ];
  const written = scenario.ip_lists.map((item, index) => {
    const path = ['ip_lists', index];
    const spans = item.ranges.flatMap((text) => {
      const parsed = parseSpan(text);
      return parsed.ok ? [parsed.value] : [];
    });
    item.exclusions.forEach((text, at) => {
      const parsed = parseSpan(text);
      if (parsed.ok && !spansCover(spans, parsed.value)) {
        translator.fault([...path, 'exclusions', at], `${text} is outside the ranges of the list`);
      }
    });
    return {
      href: `ip_list:${item.name}`,
      name: item.name,
      ranges: [
        ...item.ranges.flatMap((text, at) =>
          translator.range([...path, 'ranges', at], text, false),
        ),
        ...item.exclusions.flatMap((text, at) =>
          translator.range([...path, 'exclusions', at], text, true),
        ),
      ],
      fqdns: item.fqdns,
    };
  });
  return [{ href: ANY_HREF, name: 'Any', ranges: any, fqdns: [] }, ...written];
}

function labelGroups(translator: Translator, scenario: Scenario): PolicyModel['labelGroups'] {
  const groups = scenario.label_groups;
  return groups.map((item, index) => {
    const path = ['label_groups', index];
    const within = (name: string, seen: readonly string[]): boolean =>
      groups
        .find((group) => group.name === name)
        ?.sub_groups.some(
          (sub) => sub === item.name || (!seen.includes(sub) && within(sub, [...seen, sub])),
        ) ?? false;
    if (within(item.name, [])) translator.fault([...path, 'sub_groups'], 'a group within itself');
    item.sub_groups.forEach((sub, at) => {
      const other = groups.find((group) => group.name === sub);
      if (other !== undefined && other.key !== item.key) {
        const message = `"${sub}" is a group of ${other.key}; sub groups have the key ${item.key}`;
        translator.fault([...path, 'sub_groups', at], message);
      }
    });
    return {
      href: `label_group:${item.name}`,
      name: item.name,
      key: item.key,
      labels: item.labels.map((value, at) =>
        translator.label([...path, 'labels', at], `${item.key}=${value}`),
      ),
      subGroups: item.sub_groups.map((sub, at) =>
        translator.named([...path, 'sub_groups', at], 'label_group', sub),
      ),
    };
  });
}

/** Translates a scenario of right structure; what it refers to and does not hold, and what the API would refuse, are faults. */
export function translate(scenario: Scenario): Translation {
  const translator = new Translator(scenario);
  const namesOf = (list: 'workloads' | 'external_hosts' | (typeof named)[number]) =>
    scenario[list].map(({ name }, index) => ({ name, at: [list, index] }));
  const named = ['label_groups', 'ip_lists', 'services', 'virtual_services', 'rulesets'] as const;
  translator.unique('host', [...namesOf('workloads'), ...namesOf('external_hosts')]);
  for (const list of named) translator.unique(list.replaceAll('_', ' '), namesOf(list));
  for (const [key, values] of Object.entries(scenario.labels ?? {})) {
    values.forEach((value, index) => translator.label(['labels', key, index], `${key}=${value}`));
  }
  const model: Omit<PolicyModel, 'labels'> = {
    labelGroups: labelGroups(translator, scenario),
    workloads: workloads(translator, scenario),
    ipLists: ipLists(translator, scenario),
    services: [
      { href: ALL_SERVICES, name: 'All Services', ports: [ALL_TRAFFIC] },
      ...scenario.services.map((item, index) => ({
        href: `service:${item.name}`,
        name: item.name,
        ports: item.service_ports.flatMap((port, at) =>
          translator.port(['services', index, 'service_ports', at], port),
        ),
      })),
    ],
    virtualServices: scenario.virtual_services.map((item, index) => {
      const path = ['virtual_services', index];
      const { service } = item;
      return {
        href: `virtual_service:${item.name}`,
        name: item.name,
        labels: [],
        service:
          typeof service === 'string' && !looksLikePort(service)
            ? {
                href:
                  service === 'All Services'
                    ? ALL_SERVICES
                    : translator.named([...path, 'service'], 'service', service),
              }
            : { ports: translator.port([...path, 'service'], service) },
        workloads: item.workloads.map((name, at) =>
          translator.named([...path, 'workloads', at], 'workload', name),
        ),
        addresses: item.addresses.flatMap((text, at) =>
          translator.plainAddress([...path, 'addresses', at], text),
        ),
      };
    }),
    ruleSets: scenario.rulesets.map((item, index) => ({
      href: `rule_set:${item.name}`,
      name: item.name,
      enabled: item.enabled,
      scopes: item.scopes.map((scope, at) =>
        translator.scope(['rulesets', index, 'scopes', at], scope),
      ),
      rules: rules(translator, item, ['rulesets', index]),
      ipTablesRules: [],
    })),
    enforcementBoundaries: boundaries(translator, scenario),
    firewallSettings: DEFAULT_FIREWALL_SETTINGS,
  };
  const hosts = new Map<string, Host>();
  for (const workload of model.workloads) {
    hosts.set(workload.name, {
      name: workload.name,
      workload: workload.href,
      fqdn: null,
      addresses: workload.interfaces.flatMap((item) =>
        item.addresses.map(({ address }) => ({ address, interfaceName: item.name })),
      ),
    });
  }
  scenario.external_hosts.forEach((item, index) => {
    const addresses = item.addresses.flatMap((text, at) =>
      translator.plainAddress(['external_hosts', index, 'addresses', at], text),
    );
    hosts.set(item.name, {
      name: item.name,
      workload: null,
      fqdn: item.fqdn ?? null,
      addresses: addresses.map((address) => ({ address, interfaceName: 'eth0' })),
    });
  });
  return {
    model: { ...model, labels: translator.labelObjects() },
    hosts,
    statements: translator.statements,
    faults: translator.faults,
  };
}
