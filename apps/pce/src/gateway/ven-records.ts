/** What the gateway reads and writes of VENs in the database, each in one transaction with its event. */
import type { VenSettings } from '@bulkhead/contract';
import { recordEvent, type EventInput } from '../audit/record-event.ts';
import type { Tx } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import type { VenCaller } from '../http/caller.ts';
import { venSettings } from './ven-settings.ts';
import { venHref, venOfToken, workloadHref } from './ven-access.ts';

export type FirewallRestore = 'saved' | 'default' | 'disable';

export class VenRecords {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  byToken(token: string): Promise<VenCaller | undefined> {
    return venOfToken(this.#deps.db, token, this.#deps.clock.now());
  }

  /** The last policy version that the VEN acknowledged, 0 for none. */
  async policyVersion(venId: string): Promise<number> {
    const row = await this.#deps.db
      .selectFrom('vens')
      .select('policy_version')
      .where('id', '=', venId)
      .executeTakeFirst();
    return row?.policy_version ?? 0;
  }

  settings(orgId: number): Promise<VenSettings> {
    return venSettings(this.#deps.db, orgId);
  }

  /** Set when the VEN was unpaired and has not been told yet. */
  async pendingUnpair(venId: string): Promise<FirewallRestore | undefined> {
    const row = await this.#deps.db
      .selectFrom('vens')
      .select(['status', 'pending_command'])
      .where('id', '=', venId)
      .executeTakeFirst();
    if (row === undefined || row.status !== 'uninstalled') return undefined;
    const restore = row.pending_command?.['firewall_restore'];
    return restore === 'default' || restore === 'disable' ? restore : 'saved';
  }

  async connected(caller: VenCaller, address: string, bootId: string): Promise<void> {
    const now = this.#deps.clock.now();
    await writeTransaction(this.#deps.db, async (trx) => {
      const ven = await trx
        .selectFrom('vens')
        .select('status')
        .where('id', '=', caller.venId)
        .forUpdate()
        .executeTakeFirst();
      if (ven === undefined || ven.status === 'uninstalled') return;
      await trx
        .updateTable('vens')
        .set({
          connected_at: now,
          last_heartbeat_at: now,
          boot_id: bootId,
          last_remote_address: address,
          status: ven.status === 'stopped' ? 'active' : ven.status,
        })
        .where('id', '=', caller.venId)
        .execute();
      appendChange(trx, { orgId: caller.orgId, kind: 'vens', href: caller.href });
      await setOnline(this.#deps, trx, caller, true);
    });
  }

  async disconnected(caller: VenCaller): Promise<void> {
    await writeTransaction(this.#deps.db, async (trx) => {
      await trx
        .updateTable('vens')
        .set({ connected_at: null })
        .where('id', '=', caller.venId)
        .execute();
      appendChange(trx, { orgId: caller.orgId, kind: 'vens', href: caller.href });
    });
  }

  /** No channel is open when the PCE starts, whatever the last run left behind. */
  async allDisconnected(): Promise<void> {
    await this.#deps.db
      .updateTable('vens')
      .set({ connected_at: null })
      .where('connected_at', 'is not', null)
      .execute();
  }

  async applyFailed(
    caller: VenCaller,
    address: string,
    failure: { version: number; message: string },
  ): Promise<void> {
    await this.#event({
      ...ofVen(caller),
      eventType: 'agent.refresh_policy',
      status: 'failure',
      severity: 'err',
      sourceAddress: address,
      notifications: [
        {
          type: 'agent.policy_deploy_failed',
          info: { version: failure.version, message: failure.message, src_ip: address },
        },
      ],
    });
  }

  async tampering(
    caller: VenCaller,
    address: string,
    report: { detail: string; reverted: boolean },
  ): Promise<void> {
    await this.#event({
      ...ofVen(caller),
      eventType: 'agent.tampering',
      status: null,
      severity: 'warning',
      sourceAddress: address,
      notifications: [
        {
          type: 'workload.oob_policy_changes',
          info: {
            tampering_revert_succeeded: report.reverted,
            num_reverts: report.reverted ? 1 : 0,
            detail: report.detail,
            src_ip: address,
          },
        },
      ],
    });
  }

  async #event(event: EventInput): Promise<void> {
    await writeTransaction(this.#deps.db, (trx) => recordEvent(this.#deps, trx, event));
  }
}

/** Creator of an event that a VEN caused outside of a request. */
export function ofVen(caller: VenCaller): Pick<EventInput, 'orgId' | 'createdBy'> {
  return {
    orgId: caller.orgId,
    createdBy: {
      href: caller.href,
      value: { ven: { href: caller.href, hostname: caller.hostname } },
    },
  };
}

/** Whether others count the host among their peers (policy-model: offline and goodbye timers). */
export async function setOnline(
  deps: Deps,
  trx: Tx,
  ven: { venId: string; orgId: number },
  online: boolean,
): Promise<boolean> {
  const changed = await trx
    .updateTable('workloads')
    .set({ online })
    .where('id', '=', ven.venId)
    .where('online', '=', !online)
    .where('deleted', '=', false)
    .returning(['id', 'name', 'hostname'])
    .executeTakeFirst();
  if (changed === undefined) return false;
  const href = workloadHref(ven.orgId, ven.venId);
  const venLink = venHref(ven.orgId, ven.venId);
  appendChange(trx, { orgId: ven.orgId, kind: 'workload', href });
  if (online)
    await recordEvent(deps, trx, {
      orgId: ven.orgId,
      eventType: 'workload.online',
      createdBy: {
        href: venLink,
        value: { ven: { href: venLink, hostname: changed.hostname ?? '' } },
      },
      resourceChanges: [
        {
          type: 'workload',
          href,
          naming: { name: changed.name, hostname: changed.hostname },
          changeType: 'update',
          changes: { online: { before: false, after: true } },
        },
      ],
    });
  return true;
}
