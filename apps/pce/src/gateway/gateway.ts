/** The VEN side of the PCE: activation, reports, detection, policy, channel, unpairing, software. */
import type { Compute } from '../compute/compute.ts';
import { afterCommit, writeTransaction } from '../db/transaction.ts';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { UpgradeHandler } from '../http/build-app.ts';
import type { VenResolver } from '../http/caller.ts';
import type { Routes } from '../http/routes.ts';
import type { WriteContext } from '../provisioning/drafts.ts';
import { activate } from './activation.ts';
import { Channel } from './channel.ts';
import { corporateSpans, profileOf } from './detection.ts';
import { checkOffline } from './offline.ts';
import { explainToVen } from './explain.ts';
import { loadPolicySigner, type PolicySigner } from './policy-signing.ts';
import { redetectionOf } from './redetection.ts';
import { requirePaired } from './refuse-unpaired.ts';
import { report } from './report.ts';
import { VenSoftware } from './software.ts';
import { ensureUpgradeRuleset } from './upgrade-ruleset.ts';
import { StatusWriter } from './status-writer.ts';
import { goodbye, unpairVens } from './unpair.ts';
import { Clones } from './clones.ts';
import { compatibilityOf, takeCompatibility } from './compatibility.ts';
import { generateMaintenanceTokens } from './maintenance.ts';
import { vensToRestart } from './remote-action.ts';
import { rotateToken } from './token.ts';
import { workloadHref } from './ven-access.ts';
import { updateVenSettings, venSettings, venSettingsHref } from './ven-settings.ts';
import { takeVenStatus } from './ven-status.ts';
import { VenRecords } from './ven-records.ts';

const OFFLINE_CHECK_MS = 30_000;
const CHANNEL_PATH = '/api/v2/ven/channel';

export class Gateway {
  readonly #deps: Deps;
  readonly #compute: Compute;
  readonly #records: VenRecords;
  readonly #status: StatusWriter;
  #signer: PolicySigner | undefined;
  #channel: Channel | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: Deps, compute: Compute) {
    this.#deps = deps;
    this.#compute = compute;
    this.#records = new VenRecords(deps);
    this.#status = new StatusWriter(deps.db, deps.logger);
  }

  readonly resolveVen: VenResolver = (token) => this.#records.byToken(token);

  readonly upgrades: ReadonlyMap<string, UpgradeHandler> = new Map([
    [CHANNEL_PATH, (request, socket, head) => this.#open().channel.upgrade(request, socket, head)],
  ]);

  async start(): Promise<void> {
    const { deps } = { deps: this.#deps };
    this.#signer = await loadPolicySigner(deps.db);
    await this.#records.allDisconnected();
    await writeTransaction(deps.db, async (trx) => {
      for (const { id } of await trx.selectFrom('orgs').select('id').execute())
        await ensureUpgradeRuleset(deps, trx, id);
    });
    this.#channel = new Channel({
      compute: this.#compute,
      signer: this.#signer,
      status: this.#status,
      records: this.#records,
      clones: new Clones(deps),
      clock: deps.clock,
      logger: deps.logger,
    });
    this.#channel.start();
    this.#unsubscribe = deps.changeLog.subscribe((rows) => {
      const organizations = new Set(
        rows.filter((row) => row.href.includes('/corporate_ips')).map((row) => row.orgId),
      );
      for (const orgId of organizations) this.#channel?.redetect(orgId);
      for (const { href } of rows) {
        const workload = redetectionOf(href);
        if (workload !== undefined) this.#channel?.redetectWorkload(workload);
      }
      for (const { orgId, href } of rows)
        if (href === venSettingsHref(orgId))
          this.#channel
            ?.tellSettings(orgId)
            .catch((error: unknown) =>
              deps.logger.warn({ err: error }, 'VENs could not be told of new settings'),
            );
    });
    this.#timer = setInterval(() => {
      this.checkOffline().catch((error: unknown) =>
        deps.logger.warn({ err: error }, 'the offline timers could not be checked'),
      );
    }, OFFLINE_CHECK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    await this.#channel?.stop();
    await this.#status.flush();
  }

  checkOffline(): Promise<number> {
    return checkOffline(this.#deps, (workload) => this.#channel?.isConnected(workload) ?? false);
  }

  routes(): Routes {
    const deps = this.#deps;
    const software = new VenSoftware(deps);
    return {
      'ven.activate': (context) => activate(deps, this.#open().signer.publicKey, context),
      'ven.report': (context) => report(deps, context),
      'ven.detect': async ({ db, caller, ip }) => {
        await requirePaired(db, caller.venId);
        return {
          network_profile: profileOf(ip, await corporateSpans(db, caller.orgId)),
          public_ip: ip,
        };
      },
      'ven.policy': async ({ db, caller }) => {
        await requirePaired(db, caller.venId);
        const document = await this.#open().channel.wholePolicy(caller);
        if (document === undefined)
          throw new DomainError(
            'service_unavailable',
            'The policy of this host is being computed; ask again',
            { retryAfter: 1 },
          );
        return document;
      },
      'ven.explain': (context) => explainToVen(this.#compute, context),
      'ven.goodbye': async (context) => {
        const isGone = await goodbye(deps, context);
        if (!isGone) return;
        const { orgId, venId } = context.caller;
        afterCommit(context.db, () => this.#channel?.dismiss(workloadHref(orgId, venId)));
      },
      'vens.unpair': (context) =>
        this.#unpair(context, {
          vens: context.body.vens,
          restore: context.body.firewall_restore ?? 'default',
          eventType: 'agents.unpair',
        }),
      'workloads.unpair': (context) =>
        this.#unpair(context, {
          // The VEN of a workload has its id.
          vens: context.body.workloads.map(({ href }) => ({
            href: href.replace(/\/workloads\/(?=[^/]+$)/, '/vens/'),
          })),
          restore: context.body.ip_table_restore ?? 'default',
          eventType: 'workloads.unpair',
        }),
      'ven.status': (context) => takeVenStatus(deps, context),
      'ven.token': (context) => rotateToken(deps, context),
      'ven.compatibility_report': (context) => takeCompatibility(deps, context),
      'vens.compatibility_report': (context) => compatibilityOf(context),
      'vens.generate_maintenance_token': (context) =>
        generateMaintenanceTokens(deps, this.#open().signer, context),
      'vens.remote_action': async (context) => {
        const { vens, errors } = await vensToRestart(deps, context);
        for (const { href, id } of vens)
          if (!this.#open().channel.restart(workloadHref(context.orgId, id)))
            errors.add('ven_not_connected', 'The VEN is not connected now', href);
        return { errors: errors.all() };
      },
      'ven_settings.get': ({ db, orgId }) => venSettings(db, orgId),
      'ven_settings.update': (context) => updateVenSettings(deps, context),
      'software.image': (context, reply) => software.answer(context, reply),
    };
  }

  async #unpair(
    context: WriteContext,
    wanted: Parameters<typeof unpairVens>[2],
  ): Promise<{ errors: Awaited<ReturnType<typeof unpairVens>>['errors'] }> {
    const { unpaired, errors } = await unpairVens(this.#deps, context, wanted);
    afterCommit(context.db, () => {
      for (const id of unpaired)
        this.#channel?.unpair(workloadHref(context.orgId, id), wanted.restore);
    });
    return { errors };
  }

  #open(): { signer: PolicySigner; channel: Channel } {
    if (this.#signer === undefined || this.#channel === undefined)
      throw new DomainError('service_unavailable', 'The PCE is starting', { retryAfter: 1 });
    return { signer: this.#signer, channel: this.#channel };
  }
}
