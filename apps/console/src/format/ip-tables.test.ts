import { expect, test } from 'vitest';
import { readStatements, statementLine } from './ip-tables.ts';

const SSH = {
  table_name: 'filter',
  chain_name: 'INPUT',
  parameters: '-p tcp --dport 22 -j ACCEPT',
} as const;
const REDIRECT = {
  table_name: 'nat',
  chain_name: 'PREROUTING',
  parameters: '-p tcp --dport 80 -j REDIRECT --to-ports 8080',
} as const;

test('statements are read as they are written, and as they are pasted', () => {
  const text = [SSH, REDIRECT].map(statementLine).join('\n\n');
  expect(readStatements(text)).toEqual({ ok: true, value: [SSH, REDIRECT] });
  expect(readStatements('iptables -A INPUT -p tcp --dport 22 -j ACCEPT')).toEqual({
    ok: true,
    value: [SSH],
  });
});

test.each([
  ['', 'Write at least one statement.'],
  ['-A INPUT', 'Line 1: write a statement that appends'],
  ['-I INPUT -j ACCEPT', 'Line 1: write a statement that appends'],
  [`${statementLine(SSH)}\n-t raw -A INPUT -j DROP`, 'Line 2: there is no table "raw" here.'],
  ['-A DOCKER -j DROP', 'Line 1: there is no chain "DOCKER" here.'],
])('%j is refused with what would be right', (text, message) => {
  const read = readStatements(text);
  expect(read.ok ? '' : read.message).toContain(message);
});
