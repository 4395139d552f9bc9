import { expect, test } from 'vitest';
import { EMPTY_PROGRAM, programText, programToRow, readPrograms } from './windows-services.ts';

const STORED = [
  { process_name: String.raw`C:\Shop\shop.exe`, proto: 6, port: 443 },
  { service_name: 'Spooler' },
  { proto: 17, port: 5000, to_port: 5010 },
];

test('what the API holds comes back from the form as it was', () => {
  expect(readPrograms(STORED.map(programToRow))).toEqual({ ok: true, value: STORED });
});

test('a program is said with its port, a port alone as such', () => {
  expect(STORED.map(programText)).toEqual([
    String.raw`C:\Shop\shop.exe on TCP 443`,
    'service Spooler',
    'UDP 5000-5010',
  ]);
});

test('empty rows are left out, a wrong port is named by its line', () => {
  expect(readPrograms([EMPTY_PROGRAM])).toEqual({ ok: true, value: [] });
  expect(
    readPrograms([EMPTY_PROGRAM, { ...EMPTY_PROGRAM, service: 'Spooler', port: 'tcp/0' }]),
  ).toEqual({ ok: false, message: 'Line 2: Port 0 does not exist. Ports are 1 to 65535.' });
});
