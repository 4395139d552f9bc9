/** What sides and services of rules stand for at one state, by label and by reference: to find rules, not to decide connections. */
import { policyHref, type PolicyVersionWord } from '@bulkhead/contract';
import type { Db } from '../../db/database.ts';
import { entriesMatch, loadLabelFacts, type LabelFacts } from '../../provisioning/matching.ts';
import { viewsOf } from '../../provisioning/objects.ts';
import { UUID } from '../../provisioning/references.ts';
import type {
  StoredRef,
  StoredRuleBody,
  StoredScopeEntry,
  StoredScopes,
} from '../../provisioning/stored-content.ts';

export type Side = 'providers' | 'consumers';

interface Port {
  readonly proto: number;
  readonly port?: number | null | undefined;
  readonly to_port?: number | null | undefined;
}

/** A service, or a port in place. */
export type OpenedService = StoredRef | Port;

interface VirtualServiceFacts {
  readonly labels: ReadonlySet<string>;
  /** What it is provided on, whatever the rule says. */
  readonly services: readonly OpenedService[];
}

export interface RuleFacts extends LabelFacts {
  /** Ports of services by draft href. */
  readonly services: ReadonlyMap<string, readonly Port[]>;
  /** By draft href. */
  readonly virtualServices: ReadonlyMap<string, VirtualServiceFacts>;
  /** Labels of the workloads that were asked for. */
  readonly workloads: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function loadRuleFacts(
  db: Db,
  orgId: number,
  asked: { readonly word: PolicyVersionWord; readonly workloads: readonly string[] },
): Promise<RuleFacts> {
  const { word } = asked;
  const virtual = await viewsOf(db, orgId, { type: 'virtual_services', word });
  return {
    ...(await loadLabelFacts(db, orgId, word)),
    services: await loadServicePorts(db, orgId, word),
    virtualServices: new Map(
      virtual.map(({ id, content }) => [
        policyHref(orgId, 'draft', 'virtual_services', id),
        {
          labels: new Set(content.labels.map(({ href }) => href)),
          services: content.service === null ? content.service_ports : [content.service],
        },
      ]),
    ),
    workloads: await labelsOfWorkloads(db, orgId, asked.workloads),
  };
}

/** Ports of services by draft href. */
export async function loadServicePorts(
  db: Db,
  orgId: number,
  word: PolicyVersionWord,
): Promise<RuleFacts['services']> {
  const services = await viewsOf(db, orgId, { type: 'services', word });
  return new Map(
    services.map(({ id, content }) => [
      policyHref(orgId, 'draft', 'services', id),
      [
        ...content.service_ports,
        ...(content.windows_services ?? []).map((entry) => ({
          ...entry,
          proto: entry.proto ?? -1,
        })),
      ],
    ]),
  );
}

export async function labelsOfWorkloads(
  db: Db,
  orgId: number,
  hrefs: readonly string[],
): Promise<RuleFacts['workloads']> {
  const ids = hrefs.map((href) => href.split('/').at(-1) ?? '').filter((id) => UUID.test(id));
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('workloads')
    .select(['id', 'labels'])
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, labels }) => [`/orgs/${orgId}/workloads/${id}`, new Set(labels)]));
}

/** Scopes in which the label part of a side counts; one without entries where there is no restriction. */
export function scopesFor(
  scopes: StoredScopes,
  body: Pick<StoredRuleBody, 'unscoped_consumers'>,
  side: Side,
): StoredScopes {
  const isScoped = side === 'providers' || !body.unscoped_consumers;
  return isScoped && scopes.length > 0 ? scopes : [[]];
}

/** Labels that a side or scope lets in by name, itself or by a group. */
export function letsIn(
  entries: readonly StoredScopeEntry[],
  label: string,
  facts: LabelFacts,
): boolean {
  const key = facts.keys.get(label);
  const ofKey = entries.filter((entry) => keyOf(entry, facts) === key);
  return ofKey.length > 0 && entriesMatch(new Set([label]), ofKey, facts);
}

export function keyOf(entry: StoredScopeEntry, facts: LabelFacts): string | undefined {
  return 'label' in entry
    ? facts.keys.get(entry.label.href)
    : facts.groups.get(entry.label_group.href)?.key;
}

/** Whether the services of a rule hold all of what is asked. */
export function opens(services: readonly OpenedService[], wanted: Port, facts: RuleFacts): boolean {
  return portsIn(services, facts).some((have) => holds(have, wanted));
}

/** All ports of services and of ports in place. */
export function portsIn(
  services: readonly OpenedService[],
  facts: Pick<RuleFacts, 'services'>,
): Port[] {
  return services.flatMap((item) =>
    'href' in item ? (facts.services.get(item.href) ?? []) : [item],
  );
}

/** Whether a port is among those of an entry. */
export function holdsPort(have: Port, port: number): boolean {
  const [first, last] = rangeOf(have);
  return first <= port && port <= last;
}

function holds(have: Port, wanted: Port): boolean {
  if (have.proto === -1) return true;
  if (have.proto !== wanted.proto) return false;
  const [first, last] = rangeOf(have);
  const [from, to] = rangeOf(wanted);
  return first <= from && to <= last;
}

/** Port 0, -1 or none: all. */
function rangeOf({ port, to_port: toPort }: Port): [number, number] {
  const first = port ?? 0;
  if (first <= 0) return [0, 65535];
  return [first, Math.max(first, toPort ?? 0)];
}
