/** Programs and Windows services that answer on a port, as people write them. */
import type { WindowsServiceWire } from '@bulkhead/contract';
import { parsePort, portLine, portsText } from './services.ts';

/** A row of the form: each part may be empty, one of them at least is not. */
export interface ProgramRow {
  readonly process: string;
  readonly service: string;
  /** As it is typed: `tcp/443`; empty: any. */
  readonly port: string;
}
export const EMPTY_PROGRAM: ProgramRow = { process: '', service: '', port: '' };

/** `C:\App\shop.exe on TCP 443`. */
export function programText(one: WindowsServiceWire): string {
  const who = [
    one.process_name ?? '',
    one.service_name === undefined ? '' : `service ${one.service_name}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
  if (one.proto === undefined) return who;
  const port = portsText([one]);
  return who === '' ? port : `${who} on ${port}`;
}

export function programToRow(one: WindowsServiceWire): ProgramRow {
  return {
    process: one.process_name ?? '',
    service: one.service_name ?? '',
    port: one.proto === undefined ? '' : portLine({ ...one, proto: one.proto }),
  };
}

interface ProgramWrite {
  process_name?: string;
  service_name?: string;
  proto?: number;
  port?: number;
  to_port?: number;
}
export type ReadPrograms =
  | { readonly ok: true; readonly value: ProgramWrite[] }
  | { readonly ok: false; readonly message: string };

/** Rows with nothing in them are left out; the first that is wrong is named by its number. */
export function readPrograms(rows: readonly ProgramRow[]): ReadPrograms {
  const value: ProgramWrite[] = [];
  for (const [index, row] of rows.entries()) {
    const [process, service, text] = [row.process.trim(), row.service.trim(), row.port.trim()];
    if (process + service + text === '') continue;
    const port = text === '' ? null : parsePort(text);
    if (port?.ok === false) return { ok: false, message: `Line ${index + 1}: ${port.message}` };
    value.push({
      ...(process === '' ? {} : { process_name: process }),
      ...(service === '' ? {} : { service_name: service }),
      ...(port?.ok === true ? port.value : {}),
    });
  }
  return { ok: true, value };
}
