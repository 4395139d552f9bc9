/** A sink as the rest of the PCE knows it: what it takes, and how its receiver is reached. */
import type { Selectable } from 'kysely';
import {
  syslogDestinationWriteSchema,
  webhookWriteSchema,
  type SyslogDestinationWrite,
  type WebhookWrite,
} from '@bulkhead/contract';
import type { EventSinksTable } from '../db/database.ts';
import type { Deps } from '../deps.ts';
import { DatagramSyslog } from './transports/datagram-syslog.ts';
import { LocalLog } from './transports/local-log.ts';
import { StreamSyslog } from './transports/stream-syslog.ts';
import type { Transport } from './transports/transport.ts';
import { Webhook } from './transports/webhook.ts';
import type { SecretBox } from './wrapped-secret.ts';

export type SinkRow = Selectable<EventSinksTable>;
export type WebhookSettings = Omit<WebhookWrite, 'secret'>;

export function syslogSettings(row: SinkRow): SyslogDestinationWrite {
  return syslogDestinationWriteSchema.parse(row.settings);
}

export function webhookSettings(row: SinkRow): WebhookSettings {
  return webhookWriteSchema.parse(row.settings);
}

/** Which events a sink takes. */
export interface EventSelection {
  readonly orgId: number;
  /** Names of PCEs; null: all. */
  readonly pces: readonly string[] | null;
  readonly severities: readonly ('err' | 'warning' | 'info')[];
  readonly configuration: boolean;
  readonly system: boolean;
}

const SEVERITIES = {
  error: ['err'],
  warning: ['err', 'warning'],
  informational: ['err', 'warning', 'info'],
} as const;

/** Of a sink in an organization that lets out nothing below `least`. */
export function selectionOf(row: SinkRow, least: keyof typeof SEVERITIES): EventSelection {
  const logger =
    row.kind === 'syslog'
      ? syslogSettings(row).audit_event_logger
      : webhookSettings(row).audit_event_logger;
  const scope = row.kind === 'syslog' ? syslogSettings(row).pce_scope : [];
  return {
    orgId: row.org_id,
    // a scope that names nobody is no restriction, as everywhere
    pces: scope.length === 0 ? null : scope,
    severities: SEVERITIES[logger.min_severity].filter((one) =>
      SEVERITIES[least].some((allowed) => allowed === one),
    ),
    configuration: logger.configuration_event_included,
    system: logger.system_event_included,
  };
}

/** Which flows a sink takes, by their decision, and whether it takes the health of the PCE. */
export function telemetryOf(row: SinkRow): { decisions: ReadonlySet<string>; health: boolean } {
  if (row.kind === 'webhook') return { decisions: new Set(), health: false };
  const { traffic_event_logger: flows, node_status_logger: node } = syslogSettings(row);
  const wanted = {
    allowed: flows.traffic_flow_allowed_event_included,
    potentially_blocked: flows.traffic_flow_potentially_blocked_event_included,
    blocked: flows.traffic_flow_blocked_event_included,
  };
  const decisions = Object.entries(wanted).flatMap(([name, on]) => (on ? [name] : []));
  return { decisions: new Set(decisions), health: node.node_status_included };
}

/** False: nothing is sent, and events wait. */
export function isEnabled(row: SinkRow): boolean {
  return row.kind === 'syslog' || webhookSettings(row).enabled;
}

export function transportOf(
  deps: Pick<Deps, 'config' | 'clock' | 'logger'>,
  row: SinkRow,
  box: SecretBox,
): Transport {
  if (row.kind === 'webhook') {
    const { url, tls_ca_bundle: ca } = webhookSettings(row);
    return new Webhook(
      { url, ca: ca ?? null, secret: row.secret === null ? '' : box.unwrap(row.secret) },
      deps.clock,
    );
  }
  const { remote_syslog: remote } = syslogSettings(row);
  const sender = { fqdn: deps.config.fqdn, pid: process.pid };
  if (remote === undefined) return new LocalLog(deps.logger);
  if (remote.protocol === 17) return new DatagramSyslog(remote, sender);
  const tls = remote.tls_enabled
    ? { ca: remote.tls_ca_bundle ?? null, verify: remote.tls_verify_cert }
    : null;
  return new StreamSyslog({ address: remote.address, port: remote.port, tls }, sender);
}
