/** Writes of workloads, one by one and in bulk. */
import type { z } from 'zod';
import { z as zod } from 'zod';
import type { endpoints } from '@bulkhead/contract';
import { canonicalAddress, familyOf } from '@bulkhead/net';
import { describeChanges, recordEvent } from '../../audit/record-event.ts';
import { json, type StoredInterface, type Tx } from '../../db/database.ts';
import { appendChange } from '../../db/transaction.ts';
import type { Deps } from '../../deps.ts';
import { DomainError, notFound } from '../../http/domain-error.ts';
import { sameContent } from '../../provisioning/compare.ts';
import {
  guardExternal,
  lockPolicy,
  refuseStale,
  type WriteContext,
} from '../../provisioning/drafts.ts';
import { describeUsers, usersOf, UUID } from '../../provisioning/references.ts';
import { checkedLabels } from './labels.ts';
import { enforcementModeOf, workloadHref } from './presenter.ts';
import { findWorkload, type WorkloadRow } from './query.ts';

export type WorkloadBody = z.output<(typeof endpoints)['workloads.create']['body']>;
type InterfaceBody = NonNullable<WorkloadBody['interfaces']>[number];

const agentConfig = zod.object({ config: zod.object({ mode: zod.string() }) });

/** `enforcement_mode` wins over the mode that older clients write. */
function modeOf(body: WorkloadBody): WorkloadRow['enforcement_mode'] | undefined {
  if (body.enforcement_mode !== undefined) return body.enforcement_mode;
  const agent = agentConfig.safeParse(body.agent);
  return agent.success ? enforcementModeOf(agent.data.config.mode) : undefined;
}

function addressOf(text: string, member: string): string {
  const canonical = canonicalAddress(text);
  if (canonical !== null) return canonical;
  const hint = text.includes('/') ? '; the prefix length goes into cidr_block' : '';
  throw new DomainError(
    'invalid_ip_address',
    `${member}: "${text}" is not an address; write IPv4 such as 192.0.2.1 or IPv6 such as 2001:db8::1${hint}`,
  );
}

function storedInterface(item: InterfaceBody, index: number): StoredInterface {
  const at = `interfaces[${index}]`;
  const address = addressOf(item.address, `${at}.address`);
  const gateway = item.default_gateway_address ?? null;
  const prefix = item.cidr_block ?? null;
  if (prefix !== null && familyOf(address) === 4 && prefix > 32)
    throw new DomainError(
      'invalid_ip_address',
      `${at}.cidr_block: ${prefix} is no prefix length of IPv4; it is 0 to 32`,
    );
  return {
    name: item.name,
    friendly_name: item.friendly_name ?? null,
    address,
    cidr_block: prefix,
    default_gateway_address:
      gateway === null ? null : addressOf(gateway, `${at}.default_gateway_address`),
    link_state: item.link_state ?? null,
    loopback: address === '::1' || address.startsWith('127.'),
    network: 'corporate',
    network_detection_mode: null,
  };
}

function storedInterfaces(items: readonly InterfaceBody[]): StoredInterface[] {
  const stored = items.map(storedInterface);
  const seen = new Set<string>();
  stored.forEach((item, index) => {
    const key = `${item.name} ${item.address}`;
    if (seen.has(key))
      throw new DomainError(
        'input_validation_error',
        `interfaces[${index}]: ${item.name} has the address ${item.address} twice; leave one out`,
      );
    seen.add(key);
  });
  return stored;
}

/** Members that a request may change. */
type Writable = Pick<
  WorkloadRow,
  | 'name'
  | 'hostname'
  | 'description'
  | 'external_data_set'
  | 'external_data_reference'
  | 'service_principal_name'
  | 'distinguished_name'
  | 'public_ip'
  | 'interfaces'
  | 'ignored_interface_names'
  | 'service_provider'
  | 'data_center'
  | 'data_center_zone'
  | 'os_id'
  | 'os_detail'
  | 'online'
  | 'labels'
  | 'enforcement_mode'
  | 'visibility_level'
>;

const NOTHING: Writable = {
  name: null,
  hostname: null,
  description: null,
  external_data_set: null,
  external_data_reference: null,
  service_principal_name: null,
  distinguished_name: null,
  public_ip: null,
  interfaces: [],
  ignored_interface_names: [],
  service_provider: null,
  data_center: null,
  data_center_zone: null,
  os_id: null,
  os_detail: null,
  online: false,
  labels: [],
  enforcement_mode: 'visibility_only',
  visibility_level: 'flow_summary',
};

function writableOf(row: Writable): Writable {
  return Object.fromEntries(
    Object.keys(NOTHING).map((key) => [key, row[key as keyof Writable]]), // keys of NOTHING are those of Writable
  ) as unknown as Writable; // every member was taken over
}

/** Null clears; absent leaves it. */
function given<T>(value: T | undefined, before: T): T {
  return value === undefined ? before : value;
}

async function changed(
  trx: Tx,
  orgId: number,
  { before, body, managed }: { before: Writable; body: WorkloadBody; managed: boolean },
): Promise<Writable> {
  const publicIp = body.public_ip;
  const common: Writable = {
    ...before,
    name: given(body.name, before.name),
    description: given(body.description, before.description),
    external_data_set: given(body.external_data_set, before.external_data_set),
    external_data_reference: given(body.external_data_reference, before.external_data_reference),
    service_principal_name: given(body.service_principal_name, before.service_principal_name),
    service_provider: given(body.service_provider, before.service_provider),
    data_center: given(body.data_center, before.data_center),
    data_center_zone: given(body.data_center_zone, before.data_center_zone),
    ignored_interface_names: given(body.ignored_interface_names, before.ignored_interface_names),
    public_ip:
      publicIp === undefined || publicIp === null
        ? given(publicIp, before.public_ip)
        : addressOf(publicIp, 'public_ip'),
    labels:
      body.labels === undefined ? before.labels : await checkedLabels(trx, orgId, body.labels),
    enforcement_mode: given(modeOf(body), before.enforcement_mode),
    visibility_level: given(body.visibility_level, before.visibility_level),
  };
  // What the VEN reports is not for requests to change.
  if (managed) return common;
  return {
    ...common,
    hostname: given(body.hostname, before.hostname),
    distinguished_name: given(body.distinguished_name, before.distinguished_name),
    os_id: given(body.os_id, before.os_id),
    os_detail: given(body.os_detail, before.os_detail),
    online: given(body.online, before.online),
    interfaces:
      body.interfaces === undefined ? before.interfaces : storedInterfaces(body.interfaces),
  };
}

function columns(values: Writable) {
  return {
    ...values,
    interfaces: json(values.interfaces),
    ignored_interface_names: json(values.ignored_interface_names),
    labels: json(values.labels),
  };
}

async function note(
  deps: Deps,
  context: WriteContext,
  change: {
    readonly row: Pick<WorkloadRow, 'org_id' | 'id' | 'name' | 'hostname'>;
    readonly before: Writable | null;
    readonly after: Writable | null;
    readonly status: number;
  },
): Promise<void> {
  const { row, before, after } = change;
  const verb = before === null ? 'create' : after === null ? 'delete' : 'update';
  const href = workloadHref(row);
  appendChange(context.db, { orgId: row.org_id, kind: 'workload', href });
  await recordEvent(deps, context.db, {
    orgId: row.org_id,
    eventType: `workload.${verb}`,
    actor: context,
    httpStatus: change.status,
    resourceChanges: [
      {
        type: 'workload',
        href,
        naming: { name: row.name, hostname: row.hostname },
        changeType: verb,
        changes: describeChanges(
          before === null ? null : { ...before },
          after === null ? null : { ...after },
        ),
      },
    ],
  });
}

/** Makes an unmanaged workload. */
export async function createWorkload(
  deps: Deps,
  context: WriteContext,
  body: WorkloadBody,
): Promise<WorkloadRow> {
  const { db, orgId, caller } = context;
  const values = await changed(db, orgId, { before: NOTHING, body, managed: false });
  const now = deps.clock.now();
  const row = await guardExternal(() =>
    db
      .insertInto('workloads')
      .values({
        org_id: orgId,
        ...columns(values),
        created_at: now,
        created_by: caller.href,
        updated_at: now,
        updated_by: caller.href,
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
  await note(deps, context, { row, before: null, after: values, status: 201 });
  return { ...row, ven: null };
}

async function lockWorkload(context: WriteContext, id: string): Promise<WorkloadRow> {
  const { db, orgId } = context;
  const missing = notFound(`The workload ${id}`);
  if (!UUID.test(id)) throw missing;
  const locked = await db
    .selectFrom('workloads')
    .select('id')
    .where('org_id', '=', orgId)
    .where('id', '=', id)
    .where('deleted', '=', false)
    .forUpdate()
    .executeTakeFirst();
  const row = locked === undefined ? undefined : await findWorkload(db, orgId, id);
  if (row === undefined) throw missing;
  await refuseStale(context, {
    name: row.name ?? row.hostname ?? row.id,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  });
  return row;
}

export async function updateWorkload(
  deps: Deps,
  context: WriteContext,
  change: { readonly id: string; readonly body: WorkloadBody },
): Promise<void> {
  const { db, orgId, caller } = context;
  const row = await lockWorkload(context, change.id);
  const before = writableOf(row);
  const after = await changed(db, orgId, { before, body: change.body, managed: row.managed });
  if (sameContent(before, after)) return;
  await guardExternal(() =>
    db
      .updateTable('workloads')
      .set({ ...columns(after), updated_at: deps.clock.now(), updated_by: caller.href })
      .where('id', '=', row.id)
      .execute(),
  );
  await note(deps, context, {
    row: { ...row, name: after.name, hostname: after.hostname },
    before,
    after,
    status: 204,
  });
}

/** Deletes an unmanaged workload that no rule or boundary names. */
export async function deleteWorkload(deps: Deps, context: WriteContext, id: string): Promise<void> {
  const { db, orgId, caller } = context;
  await lockPolicy(db, orgId);
  const row = await lockWorkload(context, id);
  const href = workloadHref(row);
  const name = row.name ?? row.hostname ?? row.id;
  if (row.managed)
    throw new DomainError(
      'method_not_allowed_error',
      `"${name}" has a VEN and cannot be deleted; unpair it (PUT vens/unpair)`,
      { href },
    );
  const users = await usersOf(db, orgId, href);
  if (users.length > 0)
    throw new DomainError(
      'workload_referenced',
      `The workload "${name}" is used by ${describeUsers(users)}; take it off there first`,
      { href },
    );
  const now = deps.clock.now();
  await db
    .updateTable('workloads')
    .set({
      deleted: true,
      deleted_at: now,
      deleted_by: caller.href,
      online: false,
      updated_at: now,
      updated_by: caller.href,
    })
    .where('id', '=', row.id)
    .execute();
  await note(deps, context, { row, before: writableOf(row), after: null, status: 204 });
}
