/** What is handed to a receiver: one event or one flow, in the format of its organization. */
import type { EVENT_FORMATS, EventWire } from '@bulkhead/contract';
import { cefLine } from './cef.ts';
import { leefLine } from './leef.ts';
import type { LogField, LogRecord, Severity } from './record.ts';

export type Format = (typeof EVENT_FORMATS)[number];

export interface Message {
  /** Type of what it tells, for the syslog header. */
  readonly type: string;
  readonly kind: 'audit' | 'traffic' | 'node';
  readonly severity: Severity;
  readonly at: Date;
  /** One line. */
  readonly text: string;
  readonly content: object;
}

/** Longer ones are told without their changes, which the event's href leads to. Receivers cut off what is longer still. */
const MAX_CHANGES = 64 * 1024;

export function eventMessage(event: EventWire, format: Format): Message {
  const content = bounded(event);
  return {
    type: event.event_type,
    kind: 'audit',
    severity: event.severity,
    at: new Date(event.timestamp),
    text: format === 'JSON' ? jsonLine(content) : line(recordOf(content), format),
    content,
  };
}

export function line(record: LogRecord, format: 'CEF' | 'LEEF'): string {
  return format === 'CEF' ? cefLine(record) : leefLine(record);
}

/** JSON has no line breaks of its own; the two separators that it leaves as they are would end a line for some readers. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

type BoundedEvent = EventWire & { readonly changes_left_out?: number };

function bounded(event: EventWire): BoundedEvent {
  const { resource_changes: changes } = event;
  if (JSON.stringify(changes).length <= MAX_CHANGES) return event;
  return { ...event, resource_changes: [], changes_left_out: changes.length };
}

function recordOf(event: BoundedEvent): LogRecord {
  const { action, status } = event;
  const changes = { resource_changes: event.resource_changes, notifications: event.notifications };
  const fields: LogField[] = [
    { cef: 'dvchost', leef: 'identHostName', value: event.pce_fqdn },
    { cef: 'cat', leef: 'cat', value: 'audit_events' },
    { cef: 'externalId', leef: 'externalId', value: event.href },
    { cef: 'outcome', leef: 'outcome', value: status },
    ...creatorFields(event.created_by),
    { cef: 'src', leef: 'src', value: ipv4(action?.src_ip) },
    ...ipv6Fields(action?.src_ip),
    { cef: 'request', leef: 'url', value: action?.api_endpoint },
    { cef: 'requestMethod', leef: 'requestMethod', value: action?.api_method },
    {
      cef: 'cn1Label',
      leef: 'cn1Label',
      value: action?.http_status_code === undefined ? null : 'http_status_code',
    },
    { cef: 'cn1', leef: 'httpStatus', value: action?.http_status_code },
    {
      cef: 'reason',
      leef: 'reason',
      value: action?.errors.map(({ message }) => message).join('; '),
    },
    {
      cef: 'cs1Label',
      leef: 'cs1Label',
      value: 'changes_left_out' in event ? 'changes_left_out' : null,
    },
    { cef: 'cs1', leef: 'changesLeftOut', value: event.changes_left_out },
    { cef: 'msg', leef: 'msg', value: JSON.stringify(changes) },
  ];
  return {
    id: status === null ? event.event_type : `${event.event_type}.${status}`,
    name: event.event_type,
    severity: event.severity,
    at: new Date(event.timestamp),
    fields,
  };
}

function creatorFields(creator: EventWire['created_by']): LogField[] {
  if ('system' in creator) return [{ cef: 'suser', leef: 'usrName', value: 'system' }];
  const [named] = Object.values(creator);
  if (named === undefined) return [];
  return [
    { cef: 'suser', leef: 'usrName', value: named.username ?? named.hostname ?? named.name },
    { cef: 'suid', leef: 'usrId', value: named.href },
  ];
}

function ipv4(address: string | null | undefined): string | null {
  return address != null && !address.includes(':') ? address : null;
}

/** CEF keeps IPv6 addresses apart. */
export function ipv6Fields(address: string | null | undefined): LogField[] {
  if (address == null || !address.includes(':')) return [];
  return [
    { cef: 'c6a2Label', leef: 'srcLabel', value: 'Source IPv6 Address' },
    { cef: 'c6a2', leef: 'src', value: address },
  ];
}
