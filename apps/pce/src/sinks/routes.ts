/** Syslog destinations and webhooks of the API. */
import { X509Certificate } from 'node:crypto';
import {
  syslogDestinationWriteSchema,
  type SyslogDestinationWire,
  type SyslogDestinationWrite,
  type WebhookWire,
} from '@bulkhead/contract';
import type { Deps } from '../deps.ts';
import { DomainError } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import { newSecret } from '../http/secrets.ts';
import { syslogSettings, webhookSettings, type SinkRow } from './sink.ts';
import type { Sinks } from './sinks.ts';
import { statusOf } from './status.ts';
import { createSink, deleteSink, findSink, listSinks, sinkHref, updateSink } from './store.ts';

export function sinkRoutes(deps: Deps, sinks: Sinks): Routes {
  const presentSyslog = async (row: SinkRow): Promise<SyslogDestinationWire> => ({
    href: sinkHref(row),
    ...syslogSettings(row),
    status: await statusOf(deps.db, row),
    ...auditOf(row),
  });
  const presentWebhook = async (row: SinkRow): Promise<WebhookWire> => ({
    href: sinkHref(row),
    ...webhookSettings(row),
    status: await statusOf(deps.db, row),
    ...auditOf(row),
  });
  const page = async <T>(
    rows: readonly SinkRow[],
    limit: number | undefined,
    present: (row: SinkRow) => Promise<T>,
  ) => ({
    items: await Promise.all(rows.slice(0, limit ?? 500).map(present)),
    total: rows.length,
  });
  return {
    'syslog_destinations.list': async ({ db, orgId, query }) =>
      page(await listSinks(db, orgId, 'syslog'), query.max_results, presentSyslog),
    'syslog_destinations.get': async ({ db, orgId, params }) =>
      presentSyslog(await findSink(db, { orgId, kind: 'syslog', id: params.id })),
    'syslog_destinations.create': async (context) => {
      refuseImpossible(context.body);
      const row = await createSink(deps, context, { kind: 'syslog', settings: context.body });
      return { href: sinkHref(row), ...context.body, status: NEW, ...auditOf(row) };
    },
    'syslog_destinations.update': async (context) => {
      const { db, orgId, params, body } = context;
      const row = await findSink(db, { orgId, kind: 'syslog', id: params.id }, 'write');
      const settings = syslogDestinationWriteSchema.parse({ ...syslogSettings(row), ...body });
      refuseImpossible(settings);
      await updateSink(deps, context, { row, settings });
    },
    'syslog_destinations.delete': async (context) => {
      const { db, orgId, params } = context;
      await deleteSink(
        deps,
        context,
        await findSink(db, { orgId, kind: 'syslog', id: params.id }, 'write'),
      );
    },
    'syslog_destinations.test': async ({ db, orgId, params, caller }) => {
      const row = await findSink(db, { orgId, kind: 'syslog', id: params.id });
      return tested(await sinks.test(row, caller));
    },
    'webhooks.list': async ({ db, orgId, query }) =>
      page(await listSinks(db, orgId, 'webhook'), query.max_results, presentWebhook),
    'webhooks.get': async ({ db, orgId, params }) =>
      presentWebhook(await findSink(db, { orgId, kind: 'webhook', id: params.id })),
    'webhooks.create': async (context) => {
      const { secret = newSecret(), ...settings } = context.body;
      refuseBundle(settings.tls_ca_bundle);
      const row = await createSink(deps, context, {
        kind: 'webhook',
        settings,
        secret: sinks.box.wrap(secret),
      });
      return { href: sinkHref(row), ...settings, secret, status: NEW, ...auditOf(row) };
    },
    'webhooks.update': async (context) => {
      const { db, orgId, params, body } = context;
      const { secret, ...members } = body;
      const row = await findSink(db, { orgId, kind: 'webhook', id: params.id }, 'write');
      refuseBundle(members.tls_ca_bundle);
      await updateSink(deps, context, {
        row,
        settings: { ...webhookSettings(row), ...members },
        ...(secret === undefined ? {} : { secret: sinks.box.wrap(secret) }),
      });
    },
    'webhooks.delete': async (context) => {
      const { db, orgId, params } = context;
      await deleteSink(
        deps,
        context,
        await findSink(db, { orgId, kind: 'webhook', id: params.id }, 'write'),
      );
    },
    'webhooks.test': async ({ db, orgId, params, caller }) => {
      const row = await findSink(db, { orgId, kind: 'webhook', id: params.id });
      return tested(await sinks.test(row, caller));
    },
  };
}

/** Of a sink that has just been made. */
const NEW = {
  connected: null,
  last_error: null,
  last_error_at: null,
  last_delivered_at: null,
  events_delivered: 0,
  events_behind: 0,
  oldest_event_behind: null,
  events_lost: 0,
  flows_sent: 0,
  flows_lost: 0,
};

function auditOf(row: SinkRow) {
  return {
    created_at: row.created_at.toISOString(),
    created_by: { href: row.created_by },
    updated_at: row.updated_at.toISOString(),
    updated_by: { href: row.updated_by },
  };
}

function tested(message: string | null) {
  return { delivered: message === null, message };
}

function refuse(message: string): never {
  throw new DomainError('input_validation_error', message);
}

function refuseImpossible({ type, remote_syslog: remote }: SyslogDestinationWrite): void {
  if (type === 'remote_syslog' && remote === undefined)
    refuse('remote_syslog: is missing; the type remote_syslog needs to know its receiver');
  if (type === 'local_syslog' && remote !== undefined)
    refuse('remote_syslog: leave it out; the type local_syslog has no receiver');
  if (remote?.protocol === 17 && remote.tls_enabled)
    refuse('remote_syslog.tls_enabled: TLS needs TCP; set protocol to 6 or tls_enabled to false');
  refuseBundle(remote?.tls_ca_bundle);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A bundle that TLS cannot read would only be noticed when the receiver is reached. */
function refuseBundle(bundle: string | null | undefined): void {
  if (bundle == null) return;
  const certificates = bundle.match(CERTIFICATE) ?? [];
  const unreadable = certificates.findIndex((pem) => {
    try {
      return new X509Certificate(pem).subject === undefined;
    } catch {
      return true;
    }
  });
  if (certificates.length === 0)
    refuse(
      'tls_ca_bundle: holds no certificate; give one or more in PEM, from BEGIN CERTIFICATE to END CERTIFICATE',
    );
  if (unreadable >= 0) refuse(`tls_ca_bundle: certificate ${unreadable + 1} cannot be read`);
}
