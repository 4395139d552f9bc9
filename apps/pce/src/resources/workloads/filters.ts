/** The filters of workloads and VENs as conditions in SQL. */
import { sql, type Expression, type SqlBool } from 'kysely';
import type { z } from 'zod';
import { parseHref, type endpoints } from '@bulkhead/contract';
import { formatAddress, parseSpan } from '@bulkhead/net';
import { DomainError } from '../../http/domain-error.ts';
import { identityOf, UUID } from '../../provisioning/references.ts';
import { enforcementModeOf } from './words.ts';

type Query<Op extends 'workloads.list' | 'vens.list'> = Partial<
  z.output<(typeof endpoints)[Op]['query']>
>;
export type WorkloadFilters = Query<'workloads.list'>;
export type VenFilters = Query<'vens.list'>;

/** Of a query over `workloads` with `vens` beside them, which are null where there is none. */
export type Condition = Expression<SqlBool>;

/** A text as a part of any text, whatever letters it has. */
function part(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function like(column: string, text: string): Condition {
  return sql<SqlBool>`${sql.ref(column)} ILIKE ${part(text)}`;
}

function is(column: string, value: unknown): Condition {
  return sql<SqlBool>`${sql.ref(column)} = ${value}`;
}

const NONE: Condition = sql<SqlBool>`false`;

function holdsAddress(condition: Condition): Condition {
  return sql<SqlBool>`EXISTS (SELECT 1 FROM workload_addresses AS own
    WHERE own.workload_id = workloads.id AND ${condition})`;
}

/** Throws 406 for what is no part of an address. */
function address(text: string): Condition {
  const wanted = text.trim();
  if (/[/-]/.test(wanted)) {
    const span = parseSpan(wanted);
    if (!span.ok)
      throw new DomainError('invalid_ip_address', `query parameter ip_address: ${span.message}`);
    const { family, first, last } = span.value;
    const [from, to] = [first, last].map((value) => formatAddress({ family, value }));
    return holdsAddress(sql<SqlBool>`own.address BETWEEN ${from}::inet AND ${to}::inet`);
  }
  if (!/^[0-9a-f.:]+$/i.test(wanted))
    throw new DomainError(
      'invalid_ip_address',
      `query parameter ip_address: "${text}" is no part of an address; write 192.0.2.1, a part of it such as 192.0.2., or 192.0.2.0/24`,
    );
  return holdsAddress(sql<SqlBool>`host(own.address) ILIKE ${part(wanted)}`);
}

/** What the console's search field finds. */
function anywhere(text: string): Condition {
  const named = sql<SqlBool>`${like('workloads.name', text)} OR ${like('workloads.hostname', text)}`;
  const isAddress = /^[0-9a-f.:]+$/i.test(text);
  return isAddress
    ? sql<SqlBool>`(${named} OR ${holdsAddress(sql<SqlBool>`host(own.address) ILIKE ${part(text)}`)})`
    : sql<SqlBool>`(${named})`;
}

/** Lists of labels: all of an inner one, of any list. */
function labelled(lists: readonly (readonly string[])[]): Condition {
  if (lists.length === 0) return NONE;
  return sql<SqlBool>`(${sql.join(
    lists.map((list) => sql`workloads.labels @> ${JSON.stringify(list.map(identityOf))}::jsonb`),
    sql` OR `,
  )})`;
}

const HAS_CONDITION = sql<SqlBool>`vens.conditions <> '[]'::jsonb`;
const HAS_ERROR = sql<SqlBool>`(vens.policy_sync_state = 'error' OR vens.status = 'stopped'
  OR vens.conditions @? '$[*].latest_event ? (@.severity == "err")')`;
/** `healthy`, `warning` or `error` of a VEN. */
export const VEN_HEALTH = sql<string>`CASE WHEN ${HAS_ERROR} THEN 'error' WHEN ${HAS_CONDITION} THEN 'warning' ELSE 'healthy' END`;
const POLICY_HEALTH = sql<string>`CASE WHEN vens.status = 'suspended' THEN 'suspended'
  WHEN vens.policy_sync_state = 'error' THEN 'error' WHEN ${HAS_CONDITION} THEN 'warning' ELSE 'active' END`;
/** Versions compare by their numbers. */
const VERSION_FORM = String.raw`^\d{1,9}(\.\d{1,9})*(-\d{1,9})?$`;

function version(comparison: '<=' | '>=', text: string): Condition {
  const numbers = `{${text.replaceAll(/[.-]/g, ',')}}`;
  return sql<SqlBool>`(CASE WHEN vens.version ~ ${VERSION_FORM}
    THEN string_to_array(translate(vens.version, '-', '.'), '.')::integer[] ${sql.raw(comparison)} ${numbers}::integer[]
    ELSE false END)`;
}

function venOf(href: string): Condition {
  const [type, id] = parseHref(href)?.path[0] ?? [];
  if (type === 'vens' && id !== undefined && UUID.test(id))
    return sql<SqlBool>`vens.id = ${id}::uuid`;
  throw new DomainError('invalid_uri', `query parameter ven: "${href}" is no href of a VEN`);
}

/** Turns a filter that is there into its condition. */
type Rules<F> = { readonly [K in keyof F]?: (value: NonNullable<F[K]>) => Condition };

function conditionsOf<F extends object>(filters: F, rules: Rules<F>): Condition[] {
  return (Object.keys(rules) as (keyof F)[]).flatMap((key) => {
    const value = filters[key];
    return value === undefined || value === null ? [] : [rules[key]?.(value) ?? NONE];
  });
}

const LOGS_TRAFFIC = sql<SqlBool>`(workloads.visibility_level NOT IN ('flow_off', 'flow_drops'))`;

const SHARED: Rules<WorkloadFilters & VenFilters> = {
  query: anywhere,
  name: (text) => like('workloads.name', text),
  hostname: (text) => like('workloads.hostname', text),
  ip_address: address,
  labels: labelled,
  external_data_set: (text) => is('workloads.external_data_set', text),
  external_data_reference: (text) => is('workloads.external_data_reference', text),
  // No cluster can connect, so nothing is of one.
  container_clusters: (clusters) => (clusters.length === 0 ? sql<SqlBool>`true` : NONE),
};

/** `fqdn` is this PCE's name: every VEN is its own. */
export function workloadConditions(filters: WorkloadFilters, fqdn: string): Condition[] {
  const shown =
    filters.soft_deleted === true
      ? sql<SqlBool>`(workloads.deleted AND workloads.delete_type = 'soft')`
      : filters.include_deleted === true
        ? sql<SqlBool>`true`
        : sql<SqlBool>`NOT workloads.deleted`;
  return [
    shown,
    ...conditionsOf(filters, {
      ...SHARED,
      description: (text) => like('workloads.description', text),
      os_id: (text) => like('workloads.os_id', text),
      managed: (value) => is('workloads.managed', value),
      online: (value) => is('workloads.online', value),
      enforcement_mode: (mode) => is('workloads.enforcement_mode', mode),
      enforcement_modes: (modes) =>
        sql<SqlBool>`workloads.enforcement_mode = ANY(${[...modes]}::text[])`,
      mode: (word) => is('workloads.enforcement_mode', enforcementModeOf(word)),
      visibility_level: (level) => is('workloads.visibility_level', level),
      log_traffic: (value) => (value ? LOGS_TRAFFIC : sql<SqlBool>`(NOT ${LOGS_TRAFFIC})`),
      policy_health: (health) =>
        sql<SqlBool>`(workloads.managed AND vens.id IS NOT NULL AND ${POLICY_HEALTH} = ${health})`,
      security_policy_sync_state: (state) => is('vens.policy_sync_state', state),
      security_policy_update_mode: (mode) =>
        mode === 'adaptive' ? sql<SqlBool>`vens.id IS NOT NULL` : NONE,
      'last_heartbeat_on[gte]': (date) => sql<SqlBool>`vens.last_heartbeat_at >= ${date}`,
      'last_heartbeat_on[lte]': (date) => sql<SqlBool>`vens.last_heartbeat_at <= ${date}`,
      ven: venOf,
      'ven.ven_type': (type) => is('workloads.ven_type', type),
      'agent.active_pce_fqdn': (name) => (name === fqdn ? sql<SqlBool>`vens.id IS NOT NULL` : NONE),
      // Nothing scans for vulnerabilities, so no workload has a score.
      'vulnerability_summary.vulnerability_exposure_score[gte]': () => NONE,
      'vulnerability_summary.vulnerability_exposure_score[lte]': () => NONE,
    }),
  ];
}

/** VENs that were unpaired are shown only to who asks for them. */
export function venConditions(filters: VenFilters, fqdn: string): Condition[] {
  return [
    sql<SqlBool>`vens.id IS NOT NULL`,
    ...(filters.status === undefined ? [sql<SqlBool>`NOT workloads.deleted`] : []),
    ...conditionsOf(filters, {
      ...SHARED,
      description: (text) => like('vens.description', text),
      os: (text) =>
        sql<SqlBool>`(${like('vens.os_id', text)} OR ${like('vens.os_detail', text)} OR ${like('vens.os_platform', text)})`,
      status: (status) => is('vens.status', status),
      ven_type: (type) => is('vens.ven_type', type),
      activation_type: (type) => is('vens.activation_type', type),
      health: (health) =>
        health === 'unhealthy'
          ? sql<SqlBool>`(${VEN_HEALTH} <> 'healthy')`
          : sql<SqlBool>`(${VEN_HEALTH} = ${health})`,
      condition: (type) =>
        sql<SqlBool>`vens.conditions @> ${JSON.stringify([{ latest_event: { notification_type: type } }])}::jsonb`,
      version: (text) => like('vens.version', text),
      'version[gte]': (text) => version('>=', text),
      'version[lte]': (text) => version('<=', text),
      'last_heartbeat_at[gte]': (date) => sql<SqlBool>`vens.last_heartbeat_at >= ${date}`,
      'last_heartbeat_at[lte]': (date) => sql<SqlBool>`vens.last_heartbeat_at <= ${date}`,
      'last_goodbye_at[gte]': (date) => sql<SqlBool>`vens.last_goodbye_at >= ${date}`,
      'last_goodbye_at[lte]': (date) => sql<SqlBool>`vens.last_goodbye_at <= ${date}`,
      disconnected_before: (date) =>
        sql<SqlBool>`(vens.connected_at IS NULL AND (vens.last_heartbeat_at IS NULL OR vens.last_heartbeat_at < ${date}))`,
      // Nothing is being upgraded: the PCE gives VENs their software when they are paired.
      upgrade_pending: (value) => (value ? NONE : sql<SqlBool>`true`),
      active_pce_fqdn: (name) => (name === fqdn ? sql<SqlBool>`true` : NONE),
    }),
  ];
}
