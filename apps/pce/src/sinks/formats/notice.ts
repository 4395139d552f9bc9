/** Messages that are no audit event: of the PCE's health, and tests of a receiver. */
import { jsonLine, line, type Format, type Message } from './message.ts';
import type { Severity } from './record.ts';

export interface Notice {
  readonly type: string;
  readonly kind: Message['kind'];
  readonly severity: Severity;
  readonly at: Date;
  readonly fqdn: string;
  readonly outcome?: string;
  readonly text: string;
}

export function noticeMessage(notice: Notice, format: Format): Message {
  const { type, kind, severity, at, fqdn, outcome, text } = notice;
  const content = {
    event_type: type,
    timestamp: at.toISOString(),
    pce_fqdn: fqdn,
    severity,
    ...(outcome === undefined ? {} : { status: outcome }),
    message: text,
  };
  const fields = [
    { cef: 'dvchost', leef: 'identHostName', value: fqdn },
    { cef: 'outcome', leef: 'outcome', value: outcome },
    { cef: 'msg', leef: 'msg', value: text },
  ];
  const record = { id: type, name: type, severity, at, fields };
  return {
    type,
    kind,
    severity,
    at,
    text: format === 'JSON' ? jsonLine(content) : line(record, format),
    content,
  };
}
