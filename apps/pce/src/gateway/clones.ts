/** Copies of a paired machine (R-VEN-8): refused, or made workloads of their own where the organization says so. */
import { randomUUID } from 'node:crypto';
import { recordEvent } from '../audit/record-event.ts';
import { json } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { VenCaller } from '../http/caller.ts';
import { hashSecret, newSecret } from '../http/secrets.ts';
import { venHref, workloadHref } from './ven-access.ts';
import { venSettings } from './ven-settings.ts';

/** A clone tries again and again; once in a while is enough to be told. */
const CLONE_EVENT_MS = 10 * 60_000;

export interface NewIdentity {
  readonly ven_uuid: string;
  readonly token: string;
}

export class Clones {
  readonly #deps: Deps;
  readonly #told = new Map<string, number>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Whether a machine that says it is this one is not the one that was activated. A VEN before this was asked says nothing. */
  async isAnotherMachine(venId: string, machineId: string | undefined): Promise<boolean> {
    if (machineId === undefined || machineId === '') return false;
    const row = await this.#deps.db
      .selectFrom('vens')
      .select('machine_id')
      .where('id', '=', venId)
      .executeTakeFirst();
    return row !== undefined && row.machine_id !== '' && row.machine_id !== machineId;
  }

  /** Null: it is refused. An event says what became of it, unless it comes from a golden image. */
  async found(
    caller: VenCaller,
    address: string,
    machineId: string | undefined,
  ): Promise<NewIdentity | null> {
    const { reactivate_clones: reactivates } = await venSettings(this.#deps.db, caller.orgId);
    if (reactivates) return this.#reactivate(caller, address, machineId ?? '');
    await this.#refused(caller, address);
    return null;
  }

  async #reactivate(
    caller: VenCaller,
    address: string,
    machineId: string,
  ): Promise<NewIdentity | null> {
    const { orgId } = caller;
    const id = randomUUID();
    const token = newSecret();
    const now = this.#deps.clock.now();
    return writeTransaction(this.#deps.db, async (trx) => {
      const [workload, ven] = await Promise.all([
        trx
          .selectFrom('workloads')
          .selectAll()
          .where('id', '=', caller.venId)
          .where('deleted', '=', false)
          .executeTakeFirst(),
        trx.selectFrom('vens').selectAll().where('id', '=', caller.venId).executeTakeFirst(),
      ]);
      if (workload === undefined || ven === undefined) return null;
      const by = venHref(orgId, id);
      const audited = { created_at: now, created_by: by, updated_at: now, updated_by: by };
      await trx
        .insertInto('workloads')
        .values({
          id,
          org_id: orgId,
          managed: true,
          ven_type: workload.ven_type,
          // two workloads of one name tell nobody which is which
          name: null,
          hostname: workload.hostname,
          public_ip: address,
          interfaces: json([]),
          os_id: workload.os_id,
          os_detail: workload.os_detail,
          os_type: workload.os_type,
          online: true,
          labels: json(workload.labels),
          enforcement_mode: workload.enforcement_mode,
          visibility_level: workload.visibility_level,
          ...audited,
        })
        .execute();
      await trx
        .insertInto('vens')
        .values({
          id,
          org_id: orgId,
          token_hash: hashSecret(token),
          token_issued_at: now,
          ven_type: ven.ven_type,
          version: ven.version,
          pairing_profile_id: ven.pairing_profile_id,
          machine_id: machineId,
          hostname: ven.hostname,
          os_id: ven.os_id,
          os_detail: ven.os_detail,
          os_platform: ven.os_platform,
          activated_at: now,
          last_heartbeat_at: now,
          last_remote_address: address,
          ...audited,
        })
        .execute();
      const href = workloadHref(orgId, id);
      appendChange(trx, { orgId, kind: 'workload', href });
      if (!ven.golden_image)
        await recordEvent(this.#deps, trx, {
          orgId,
          eventType: 'agent.activate_clone',
          severity: 'warning',
          sourceAddress: address,
          createdBy: { href: by, value: { ven: { href: by, hostname: ven.hostname } } },
          resourceChanges: [
            {
              type: 'workload',
              href,
              naming: { hostname: workload.hostname },
              changeType: 'create',
              changes: { clone_of: { before: null, after: caller.href } },
            },
          ],
        });
      return { ven_uuid: id, token };
    });
  }

  async #refused(caller: VenCaller, address: string): Promise<void> {
    const now = this.#deps.clock.now();
    const last = this.#told.get(caller.venId);
    if (last !== undefined && now.getTime() - last < CLONE_EVENT_MS) return;
    this.#told.set(caller.venId, now.getTime());
    await writeTransaction(this.#deps.db, async (trx) => {
      const ven = await trx
        .selectFrom('vens')
        .select(['golden_image', 'last_remote_address'])
        .where('id', '=', caller.venId)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (ven.golden_image) return;
      const info = {
        ven: { href: caller.href, hostname: caller.hostname },
        src_ip: address,
        original_ip: ven.last_remote_address,
      };
      const event = await recordEvent(this.#deps, trx, {
        orgId: caller.orgId,
        createdBy: {
          href: caller.href,
          value: { ven: { href: caller.href, hostname: caller.hostname } },
        },
        eventType: 'agent.clone_detected',
        status: 'failure',
        severity: 'err',
        sourceAddress: address,
        notifications: [{ type: 'agent.clone_detected', info }],
      });
      const condition = {
        first_reported_timestamp: now.toISOString(),
        latest_event: {
          notification_type: 'agent.clone_detected',
          severity: 'err',
          href: `/orgs/${caller.orgId}/events/${event}`,
          info,
          timestamp: now.toISOString(),
        },
      };
      await trx
        .updateTable('vens')
        .set({ conditions: json([condition]) })
        .where('id', '=', caller.venId)
        .execute();
      appendChange(trx, { orgId: caller.orgId, kind: 'vens', href: caller.href });
    });
  }
}
