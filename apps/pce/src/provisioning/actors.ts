/** Sides of rules and boundaries, and scopes: what a request says as it is stored, what may not go together, how it is shown. */
import type { z } from 'zod';
import {
  withVersion,
  type ActorWire,
  type ActorWrite,
  type IngressServiceWire,
  type ingressServiceWriteSchema,
} from '@bulkhead/contract';
import type { NetworkType } from '@bulkhead/policy';
import { DomainError } from '../http/domain-error.ts';
import { identityOf, type Names, type ReferenceKind, type Wanted } from './references.ts';
import type {
  StoredActor,
  StoredIngressService,
  StoredScopeEntry,
  StoredScopes,
} from './stored-content.ts';

type ScopeEntryWrite = Extract<ActorWrite, { label: unknown } | { label_group: unknown }>;
type IngressServiceWrite = z.infer<typeof ingressServiceWriteSchema>;

function exclusionOf(entry: { exclusion?: boolean | undefined }): { exclusion?: true } {
  return entry.exclusion === true ? { exclusion: true } : {};
}

function storedScopeEntry(entry: ScopeEntryWrite): StoredScopeEntry {
  return 'label' in entry
    ? { label: { href: identityOf(entry.label.href) }, ...exclusionOf(entry) }
    : { label_group: { href: identityOf(entry.label_group.href) }, ...exclusionOf(entry) };
}

function storedActor(actor: ActorWrite): StoredActor {
  if ('actors' in actor) return { actors: 'ams' };
  if ('label' in actor || 'label_group' in actor) return storedScopeEntry(actor);
  if ('workload' in actor) return { workload: { href: identityOf(actor.workload.href) } };
  if ('virtual_service' in actor)
    return { virtual_service: { href: identityOf(actor.virtual_service.href) } };
  return { ip_list: { href: identityOf(actor.ip_list.href) } };
}

/** Only the references are kept, whatever other members the request gave along with them. */
export function storedActors(actors: readonly ActorWrite[]): StoredActor[] {
  return actors.map(storedActor);
}

export function storedScopes(
  scopes: readonly (readonly ScopeEntryWrite[])[],
): StoredScopeEntry[][] {
  return scopes.map((scope) => scope.map(storedScopeEntry));
}

export function storedIngressServices(
  items: readonly IngressServiceWrite[],
): StoredIngressService[] {
  return items.map((item) => {
    if ('href' in item) return { href: identityOf(item.href) };
    const { proto, port, to_port: toPort } = item;
    return {
      proto,
      ...(port === undefined ? {} : { port }),
      ...(toPort === undefined ? {} : { to_port: toPort }),
    };
  });
}

function referenceOf(
  actor: StoredActor,
): { readonly kind: ReferenceKind; readonly href: string } | null {
  if ('actors' in actor) return null;
  if ('label' in actor) return { kind: 'labels', href: actor.label.href };
  if ('label_group' in actor) return { kind: 'label_groups', href: actor.label_group.href };
  if ('workload' in actor) return { kind: 'workloads', href: actor.workload.href };
  if ('virtual_service' in actor)
    return { kind: 'virtual_services', href: actor.virtual_service.href };
  return { kind: 'ip_lists', href: actor.ip_list.href };
}

/** References of a side or scope, to be checked; `member` is its place in the request. */
export function wantedActors(actors: readonly StoredActor[], member: string): Wanted[] {
  return actors.flatMap((actor, index) => {
    const reference = referenceOf(actor);
    return reference === null ? [] : [{ ...reference, member: `${member}[${index}]` }];
  });
}

export function wantedServices(items: readonly StoredIngressService[], member: string): Wanted[] {
  return items.flatMap((item, index): Wanted[] =>
    'href' in item ? [{ href: item.href, kind: 'services', member: `${member}[${index}]` }] : [],
  );
}

function onlyIpLists(actors: readonly StoredActor[]): boolean {
  return actors.every((actor) => 'ip_list' in actor);
}

/** R-POL-6, and that one side is more than addresses. `at` is the place in the request, such as `rules[2].`. */
export function checkSides(
  item: {
    readonly providers: readonly StoredActor[];
    readonly consumers: readonly StoredActor[];
    readonly network_type: NetworkType;
  },
  at = '',
): void {
  const { providers, consumers, network_type: networkType } = item;
  if (onlyIpLists(providers) && onlyIpLists(consumers))
    throw new DomainError(
      'rule_needs_workload_side',
      `${at}providers and ${at}consumers are IP lists only, so no host would enforce it; put labels, workloads or All Workloads on one side`,
    );
  if (networkType !== 'brn' && !onlyIpLists(providers) && !onlyIpLists(consumers)) {
    const name = networkType === 'all' ? 'All Networks' : 'Non-Corporate Networks';
    throw new DomainError(
      'network_type_requires_ip_list_side',
      `${at}network_type: ${name} needs providers or consumers that are IP lists only, because workloads are no peers outside the corporate network; put IP lists alone on one side, or choose brn (Corporate)`,
    );
  }
}

/** A scope has at most one entry of a key. */
export function checkScopes(scopes: StoredScopes, names: Names, member = 'scopes'): void {
  scopes.forEach((scope, index) => {
    const keys = scope.map((entry) => names.get(referenceOf(entry)?.href ?? '')?.key ?? null);
    const twice = keys.find((key, at) => key !== null && keys.indexOf(key) !== at);
    if (twice === undefined) return;
    throw new DomainError(
      'input_validation_error',
      `${member}[${index}]: has two entries of the key ${twice}; a scope has one entry per key, several values go into a label group or into scopes of their own`,
    );
  });
}

// --- showing ---

export function presentScopeEntry(
  entry: StoredScopeEntry,
  names: Names,
  word: string,
): Pick<ActorWire, 'label' | 'label_group' | 'exclusion'> {
  const exclusion = entry.exclusion === true ? { exclusion: true } : {};
  if ('label' in entry) {
    const { href } = entry.label;
    const found = names.get(href);
    return { label: { href, key: found?.key ?? '', value: found?.value ?? '' }, ...exclusion };
  }
  const { href } = entry.label_group;
  const found = names.get(href);
  return {
    label_group: {
      href: withVersion(href, word),
      key: found?.key ?? '',
      name: found?.name ?? '',
    },
    ...exclusion,
  };
}

export function presentActor(actor: StoredActor, names: Names, word: string): ActorWire {
  if ('actors' in actor) return { actors: 'ams' };
  if ('label' in actor || 'label_group' in actor) return presentScopeEntry(actor, names, word);
  if ('workload' in actor) {
    const { href } = actor.workload;
    const { name = null, hostname = null, deleted = true } = names.get(href) ?? {};
    return { workload: { href, name, hostname, deleted } };
  }
  if ('virtual_service' in actor) {
    const { href } = actor.virtual_service;
    return {
      virtual_service: { href: withVersion(href, word), name: names.get(href)?.name ?? '' },
    };
  }
  const { href } = actor.ip_list;
  return { ip_list: { href: withVersion(href, word), name: names.get(href)?.name ?? '' } };
}

export function presentIngressService(
  item: StoredIngressService,
  names: Names,
  word: string,
): IngressServiceWire {
  if (!('href' in item)) return item;
  const name = names.get(item.href)?.name;
  return { href: withVersion(item.href, word), ...(name == null ? {} : { name }) };
}
