/** Syslog messages as RFC 5424 has them, framed by the count of their octets as RFC 6587 and RFC 5425 do. */
import type { Message } from './message.ts';
import type { Severity } from './record.ts';

const FACILITY: Record<Message['kind'], number> = { audit: 13, traffic: 16, node: 16 };
const SEVERITY: Record<Severity, number> = { err: 3, warning: 4, info: 6 };
const APP_NAME = 'bulkhead-pce';

export interface Sender {
  readonly fqdn: string;
  readonly pid: number;
}

export function syslogMessage(message: Message, { fqdn, pid }: Sender): Buffer {
  const priority = FACILITY[message.kind] * 8 + SEVERITY[message.severity];
  const head = [
    `<${priority}>1`,
    message.at.toISOString(),
    name(fqdn, 255),
    APP_NAME,
    String(pid),
    name(message.type, 32),
    '-',
  ];
  return Buffer.from(`${head.join(' ')} ${message.text}`);
}

/** Printable ASCII, not empty. */
function name(text: string, length: number): string {
  const clean = text.replace(/[^!-~]/g, '').slice(0, length);
  return clean === '' ? '-' : clean;
}

export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}
