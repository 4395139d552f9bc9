import { expect, test } from 'vitest';
import { ipListText, parseIpList } from './ip-lists.ts';

const text =
  '0.0.0.0/0\n!10.0.0.0/8 # private\n192.0.2.1-192.0.2.9\nprinter.example.com # second floor';

test('a list is read and written back the same', () => {
  const parsed = parseIpList(text);
  if (!parsed.ok) throw new Error(parsed.message);
  expect(parsed.ranges).toEqual([
    { from_ip: '0.0.0.0/0', exclusion: false },
    { from_ip: '10.0.0.0/8', exclusion: true, description: 'private' },
    { from_ip: '192.0.2.1', to_ip: '192.0.2.9', exclusion: false },
  ]);
  expect(parsed.fqdns).toEqual([{ fqdn: 'printer.example.com', description: 'second floor' }]);
  expect(
    ipListText({
      ip_ranges: parsed.ranges.map((range) => ({ ...range, exclusion: range.exclusion === true })),
      fqdns: parsed.fqdns,
    }),
  ).toBe(text);
});

test('the line that is wrong is named', () => {
  expect(parseIpList('10.0.0.0/8\n\n10.1.2.3/8')).toMatchObject({
    ok: false,
    message: expect.stringMatching(/^Line 3: .*10\.0\.0\.0\/8/),
  });
  expect(parseIpList('10.0.0.9-10.0.0.1')).toMatchObject({
    ok: false,
    message: expect.stringContaining('backwards'),
  });
  expect(parseIpList('!example.com')).toMatchObject({
    ok: false,
    message: 'Line 1: a name cannot be excluded. Exclude its addresses.',
  });
});
