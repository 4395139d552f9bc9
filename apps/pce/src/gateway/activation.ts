/** Activation code to identity: one transaction makes the workload, its VEN and the token. */
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { VEN_PROTOCOL, type ActivateRequest, type ActivateResponse } from '@bulkhead/contract';
import { VEN_CAPABILITIES, venCan, type EnforcementMode } from '@bulkhead/policy';
import { recordEvent } from '../audit/record-event.ts';
import { json, type PairingKeysTable, type PairingProfilesTable, type Tx } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { hashSecret, newSecret } from '../http/secrets.ts';
import { storedInterfaces } from './interfaces.ts';
import { ensureUpgradeRuleset } from './upgrade-ruleset.ts';
import { venHref, workloadHref } from './ven-access.ts';

export const HEARTBEAT_SECONDS = 300;

type Profile = Selectable<PairingProfilesTable>;
type Key = Selectable<PairingKeysTable>;
type ActivateContext = ContextOf<'ven.activate'>;

export async function activate(
  deps: Deps,
  publicKey: string,
  context: ActivateContext,
): Promise<ActivateResponse> {
  const { body } = context;
  if (body.protocol !== VEN_PROTOCOL)
    throw new DomainError(
      'input_validation_error',
      `The VEN speaks protocol ${body.protocol} and this PCE ${VEN_PROTOCOL}; install the VEN that this PCE offers`,
    );
  let orgId: number | undefined;
  try {
    return await writeTransaction(deps.db, async (trx) => {
      const key = await findKey(trx, body.activation_code);
      orgId = key.org_id;
      const profile = await usableProfile(trx, key, body, deps.clock.now());
      return pair(deps, trx, { context, key, profile, publicKey });
    });
  } catch (error) {
    if (error instanceof DomainError && orgId !== undefined)
      await recordRefusal(deps, orgId, context, error);
    throw error;
  }
}

async function findKey(trx: Tx, code: string): Promise<Key> {
  const key = await trx
    .selectFrom('pairing_keys')
    .selectAll()
    .where('code_hash', '=', hashSecret(code))
    .forUpdate()
    .executeTakeFirst();
  if (key === undefined)
    throw new DomainError(
      'activation_code_invalid',
      'The activation code is unknown; generate a new one in the pairing profile',
    );
  return key;
}

async function usableProfile(
  trx: Tx,
  key: Key,
  body: ActivateRequest,
  now: Date,
): Promise<Profile> {
  if (key.revoked_at !== null)
    throw new DomainError(
      'activation_code_invalid',
      'The activation code was revoked; generate a new one in the pairing profile',
    );
  if (key.expires_at !== null && key.expires_at <= now)
    throw new DomainError(
      'activation_code_expired',
      `The activation code expired at ${key.expires_at.toISOString()}; generate a new one in the pairing profile`,
    );
  if (key.uses_left === 0)
    throw new DomainError(
      'activation_code_used_up',
      'The activation code was used as often as it may be; generate a new one in the pairing profile',
    );
  const profile = await trx
    .selectFrom('pairing_profiles')
    .selectAll()
    .where('id', '=', key.pairing_profile_id)
    .executeTakeFirstOrThrow();
  if (!profile.enabled)
    throw new DomainError(
      'activation_code_invalid',
      `The pairing profile "${profile.name ?? ''}" is disabled; enable it, or take another one`,
    );
  if (profile.ven_type !== 'specified_during_activation' && profile.ven_type !== body.ven_type)
    throw new DomainError(
      'ven_type_refused',
      `The pairing profile "${profile.name ?? ''}" is for ${profile.ven_type} VENs and this one activates as ${body.ven_type}`,
    );
  if (body.ven_type === 'endpoint' && !venCan(body.facts.version, 'endpoint_mode'))
    throw new DomainError(
      'ven_type_refused',
      `VEN ${body.facts.version} ${VEN_CAPABILITIES.endpoint_mode.lacking}; install a newer one, or activate it as a server`,
    );
  return profile;
}

interface Pairing {
  readonly context: ActivateContext;
  readonly key: Key;
  readonly profile: Profile;
  readonly publicKey: string;
}

async function pair(
  deps: Deps,
  trx: Tx,
  { context, key, profile, publicKey }: Pairing,
): Promise<ActivateResponse> {
  const { body } = context;
  const { facts } = body;
  const orgId = key.org_id;
  const now = deps.clock.now();
  const id = randomUUID();
  const href = venHref(orgId, id);
  const workload = workloadHref(orgId, id);
  const labels = await labelsOf(trx, orgId, profile, body);
  const enforcementMode: EnforcementMode =
    body.enforcement_mode === undefined || profile.locks['enforcement_mode_lock'] === true
      ? profile.enforcement_mode
      : body.enforcement_mode;
  const audited = { created_at: now, created_by: href, updated_at: now, updated_by: href };
  await trx
    .insertInto('workloads')
    .values({
      id,
      org_id: orgId,
      managed: true,
      ven_type: body.ven_type,
      name: body.name ?? null,
      hostname: facts.hostname,
      public_ip: context.ip,
      interfaces: json(storedInterfaces(body.interfaces, body.ven_type, facts.version)),
      os_id: facts.os_id,
      os_detail: facts.os_detail,
      os_type: facts.os_platform,
      online: true,
      labels: json(labels),
      enforcement_mode: enforcementMode,
      visibility_level: profile.visibility_level,
      ...audited,
    })
    .execute();
  const token = newSecret();
  await trx
    .insertInto('vens')
    .values({
      id,
      org_id: orgId,
      token_hash: hashSecret(token),
      token_issued_at: now,
      ven_type: body.ven_type,
      version: facts.version,
      pairing_profile_id: profile.id,
      machine_id: facts.machine_id ?? '',
      hostname: facts.hostname,
      os_id: facts.os_id,
      os_detail: facts.os_detail,
      os_platform: facts.os_platform,
      facts: json({ ...facts }),
      activated_at: now,
      last_heartbeat_at: now,
      last_remote_address: context.ip,
      uptime_seconds: Math.round(facts.uptime_seconds),
      ...audited,
    })
    .execute();
  if (key.uses_left !== null)
    await trx
      .updateTable('pairing_keys')
      .set({ uses_left: key.uses_left - 1 })
      .where('id', '=', key.id)
      .execute();
  await trx
    .updateTable('pairing_profiles')
    .set((set) => ({ total_use_count: set('total_use_count', '+', 1), last_pairing_at: now }))
    .where('id', '=', profile.id)
    .execute();
  await recordEvent(deps, trx, {
    orgId,
    eventType: 'agent.activate',
    actor: context,
    createdBy: { href, value: { ven: { href, hostname: facts.hostname } } },
    httpStatus: 201,
    resourceChanges: [
      {
        type: 'workload',
        href: workload,
        naming: { name: body.name ?? null, hostname: facts.hostname },
        changeType: 'create',
        changes: {
          hostname: { before: null, after: facts.hostname },
          ven_type: { before: null, after: body.ven_type },
          enforcement_mode: { before: null, after: enforcementMode },
          labels: { before: null, after: labels },
        },
      },
    ],
  });
  await ensureUpgradeRuleset(deps, trx, orgId);
  appendChange(trx, { orgId, kind: 'workload', href: workload });
  appendChange(trx, { orgId, kind: 'vens', href: `/orgs/${orgId}/pairing_profiles/${profile.id}` });
  return {
    protocol: VEN_PROTOCOL,
    org_id: orgId,
    ven_uuid: id,
    token,
    policy_public_key: publicKey,
    pce_fqdn: deps.config.fqdn,
    heartbeat_seconds: HEARTBEAT_SECONDS,
  };
}

/** Labels of the profile, and for keys that it does not lock those that the VEN was given. */
async function labelsOf(
  trx: Tx,
  orgId: number,
  profile: Profile,
  body: ActivateRequest,
): Promise<string[]> {
  const byKey = new Map<string, string>();
  const ids = profile.labels
    .flatMap((href) => /\/labels\/(\d+)$/.exec(href)?.[1] ?? [])
    .map(Number);
  if (ids.length > 0) {
    const rows = await trx
      .selectFrom('labels')
      .select(['id', 'key'])
      .where('org_id', '=', orgId)
      .where('id', 'in', ids)
      .where('deleted', '=', false)
      .execute();
    for (const row of rows) byKey.set(row.key, `/orgs/${orgId}/labels/${row.id}`);
  }
  for (const [key, value] of Object.entries(body.labels ?? {})) {
    if (profile.locks[`${key}_label_lock`] === true) continue;
    const row = await trx
      .selectFrom('labels')
      .select('id')
      .where('org_id', '=', orgId)
      .where('key', '=', key)
      .where('value', '=', value)
      .where('deleted', '=', false)
      .executeTakeFirst();
    if (row === undefined)
      throw new DomainError(
        'input_validation_error',
        `There is no label ${key} "${value}"; create it, or activate with one that exists`,
      );
    byKey.set(key, `/orgs/${orgId}/labels/${row.id}`);
  }
  return [...byKey.entries()].toSorted(([a], [b]) => a.localeCompare(b)).map(([, href]) => href);
}

async function recordRefusal(
  deps: Deps,
  orgId: number,
  context: ActivateContext,
  error: DomainError,
): Promise<void> {
  await writeTransaction(deps.db, (trx) =>
    recordEvent(deps, trx, {
      orgId,
      eventType: 'agent.activate',
      status: 'failure',
      severity: 'warning',
      actor: context,
      httpStatus: error.status,
      info: { hostname: context.body.facts.hostname },
      errors: error.errors.map(({ token, message }) => ({ token, message })),
    }),
  );
}
