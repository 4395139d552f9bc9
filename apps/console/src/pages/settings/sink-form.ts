/** The forms of event receivers, between people and the API. */
import type {
  SyslogDestinationWire,
  SyslogDestinationWrite,
  WebhookWire,
  WebhookWrite,
} from '@bulkhead/contract';

export type MinSeverity = SyslogDestinationWrite['audit_event_logger']['min_severity'];
export const SEVERITY_NAMES: Record<MinSeverity, string> = {
  informational: 'All events',
  warning: 'Warnings and errors',
  error: 'Errors',
};
export const TRANSPORTS = ['tls', 'tcp', 'udp', 'local'] as const;
export type SyslogTransport = (typeof TRANSPORTS)[number];
export const TRANSPORT_NAMES: Record<SyslogTransport, string> = {
  tls: 'TLS',
  tcp: 'TCP',
  udp: 'UDP, may lose messages',
  local: "The PCE's own log",
};

export interface EventChoice {
  readonly configuration: boolean;
  readonly system: boolean;
  readonly severity: MinSeverity;
}
export interface SyslogForm {
  readonly description: string;
  readonly transport: SyslogTransport;
  readonly address: string;
  readonly port: string;
  readonly verify: boolean;
  readonly bundle: string;
  readonly events: EventChoice;
  readonly allowed: boolean;
  readonly potentiallyBlocked: boolean;
  readonly blocked: boolean;
  readonly health: boolean;
}
export interface WebhookForm {
  readonly name: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly bundle: string;
  readonly events: EventChoice;
}
export type FormErrors = Readonly<Record<string, string>>;

const EVERYTHING: EventChoice = { configuration: true, system: true, severity: 'informational' };
export const NEW_SYSLOG: SyslogForm = {
  description: '',
  transport: 'tls',
  address: '',
  port: '6514',
  verify: true,
  bundle: '',
  events: EVERYTHING,
  allowed: false,
  potentiallyBlocked: false,
  blocked: false,
  health: false,
};
export const NEW_WEBHOOK: WebhookForm = {
  name: '',
  url: 'https://',
  enabled: true,
  bundle: '',
  events: EVERYTHING,
};

function choiceOf(logger: SyslogDestinationWrite['audit_event_logger']): EventChoice {
  return {
    configuration: logger.configuration_event_included,
    system: logger.system_event_included,
    severity: logger.min_severity,
  };
}

function loggerOf({ configuration, system, severity }: EventChoice) {
  return {
    configuration_event_included: configuration,
    system_event_included: system,
    min_severity: severity,
  };
}

export function transportOf({ remote_syslog: remote }: SyslogDestinationWire): SyslogTransport {
  if (remote === undefined) return 'local';
  if (remote.protocol === 17) return 'udp';
  return remote.tls_enabled ? 'tls' : 'tcp';
}

export function syslogForm(sink: SyslogDestinationWire): SyslogForm {
  const { remote_syslog: remote, traffic_event_logger: flows } = sink;
  return {
    description: sink.description,
    transport: transportOf(sink),
    address: remote?.address ?? '',
    port: remote === undefined ? '' : String(remote.port),
    verify: remote?.tls_verify_cert ?? true,
    bundle: remote?.tls_ca_bundle ?? '',
    events: choiceOf(sink.audit_event_logger),
    allowed: flows.traffic_flow_allowed_event_included,
    potentiallyBlocked: flows.traffic_flow_potentially_blocked_event_included,
    blocked: flows.traffic_flow_blocked_event_included,
    health: sink.node_status_logger.node_status_included,
  };
}

/** `pces`: names of the PCEs whose events are sent. */
export function syslogBody(form: SyslogForm, pces: readonly string[]): SyslogDestinationWrite {
  const remote = {
    address: form.address.trim(),
    port: Number(form.port),
    protocol: form.transport === 'udp' ? 17 : 6,
    tls_enabled: form.transport === 'tls',
    tls_verify_cert: form.verify,
    tls_ca_bundle: form.transport === 'tls' && form.bundle.trim() !== '' ? form.bundle : null,
  } as const;
  const isLocal = form.transport === 'local';
  return {
    pce_scope: [...pces],
    type: isLocal ? 'local_syslog' : 'remote_syslog',
    description: form.description.trim(),
    audit_event_logger: loggerOf(form.events),
    traffic_event_logger: {
      traffic_flow_allowed_event_included: form.allowed,
      traffic_flow_potentially_blocked_event_included: form.potentiallyBlocked,
      traffic_flow_blocked_event_included: form.blocked,
    },
    node_status_logger: { node_status_included: form.health },
    ...(isLocal ? {} : { remote_syslog: remote }),
  };
}

export function syslogErrors(form: SyslogForm): FormErrors {
  if (form.transport === 'local') return {};
  const port = Number(form.port);
  return {
    ...(form.address.trim() === ''
      ? { address: 'Write the name or address of the receiver.' }
      : {}),
    ...(/^\d+$/.test(form.port) && port >= 1 && port <= 65_535
      ? {}
      : { port: 'A port is 1 to 65535.' }),
  };
}

export function webhookForm(sink: WebhookWire): WebhookForm {
  return {
    name: sink.name,
    url: sink.url,
    enabled: sink.enabled,
    bundle: sink.tls_ca_bundle ?? '',
    events: choiceOf(sink.audit_event_logger),
  };
}

export function webhookBody(form: WebhookForm): WebhookWrite {
  return {
    name: form.name.trim(),
    url: form.url.trim(),
    enabled: form.enabled,
    audit_event_logger: loggerOf(form.events),
    tls_ca_bundle: form.bundle.trim() === '' ? null : form.bundle,
  };
}

export function webhookErrors(form: WebhookForm): FormErrors {
  return {
    ...(form.name.trim() === '' ? { name: 'A webhook needs a name.' } : {}),
    ...(/^https:\/\/[^\s/?#@]+/i.test(form.url.trim())
      ? {}
      : { url: 'Write an https address, such as https://soc.example.com/events.' }),
  };
}
