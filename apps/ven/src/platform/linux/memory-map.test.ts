import { expect, test } from 'vitest';
import { readOnlyFilePages } from './memory-map.ts';

const NODE = '/opt/illumio_ven/bin/node';
const mapping = (range: string, permissions: string, path: string, anonymous: number): string =>
  [
    `${range} ${permissions} 00000000 fe:00 1234                      ${path}`,
    'Rss:  8 kB',
    `Anonymous:             ${anonymous} kB`,
    'VmFlags: rd mr',
  ].join('\n');

test('only unchanged read-only pages of the file itself are named', () => {
  const smaps = [
    mapping('00400000-00500000', 'r--p', NODE, 0),
    mapping('00500000-00700000', 'r-xp', NODE, 0),
    // relocated at start: the file does not hold what is there
    mapping('00700000-00710000', 'r--p', NODE, 64),
    mapping('00710000-00720000', 'rw-p', NODE, 0),
    mapping('7f0000000000-7f0000001000', 'r-xp', '/usr/lib/libc.so.6', 0),
    mapping('7f0000002000-7f0000003000', 'r--p', '', 0),
    '',
  ].join('\n');
  expect(readOnlyFilePages(smaps, NODE)).toEqual([
    { address: 0x400000, bytes: 0x100000 },
    { address: 0x500000, bytes: 0x200000 },
  ]);
});
