/** Actors between the API and pickers. */
import type { ActorWire, ActorWrite, IngressServiceWire } from '@bulkhead/contract';
import { KEY_NAMES } from './words.ts';

/** What an actor is, as a key: equal for the same thing in any version. */
export function actorKey(actor: ActorWire): string {
  const object =
    actor.label ?? actor.label_group ?? actor.workload ?? actor.ip_list ?? actor.virtual_service;
  return object === undefined ? 'ams' : object.href.replace(/\/sec_policy\/[^/]+\//, '/');
}

export function actorName(actor: ActorWire): string {
  const not = actor.exclusion === true ? 'not ' : '';
  if (actor.label !== undefined)
    return `${KEY_NAMES[actor.label.key] ?? actor.label.key}: ${not}${actor.label.value}`;
  if (actor.label_group !== undefined) return `Label group: ${not}${actor.label_group.name}`;
  if (actor.workload !== undefined)
    return `Workload: ${actor.workload.name ?? actor.workload.hostname ?? ''}`;
  if (actor.ip_list !== undefined) return `IP list: ${actor.ip_list.name}`;
  if (actor.virtual_service !== undefined) return `Virtual service: ${actor.virtual_service.name}`;
  return 'All Workloads';
}

export function toActorWrite(actor: ActorWire): ActorWrite {
  const exclusion = actor.exclusion === true ? { exclusion: true } : {};
  if (actor.label !== undefined) return { label: { href: actor.label.href }, ...exclusion };
  if (actor.label_group !== undefined)
    return { label_group: { href: actor.label_group.href }, ...exclusion };
  if (actor.workload !== undefined) return { workload: { href: actor.workload.href } };
  if (actor.ip_list !== undefined) return { ip_list: { href: actor.ip_list.href } };
  if (actor.virtual_service !== undefined)
    return { virtual_service: { href: actor.virtual_service.href } };
  return { actors: 'ams' };
}

export type IngressServiceWrite =
  | { href: string }
  | { proto: 6 | 17; port?: number; to_port?: number };
export function toServiceWrite(service: IngressServiceWire): IngressServiceWrite {
  if (service.href !== undefined) return { href: service.href };
  return {
    proto: service.proto === 17 ? 17 : 6,
    ...(service.port === undefined ? {} : { port: service.port }),
    ...(service.to_port === undefined ? {} : { to_port: service.to_port }),
  };
}
