import { expect, test } from 'vitest';
import { normalizeArguments } from './ctl-arguments.ts';

test('single-dash long options are read as the guide writes them, short ones stay (R-VEN-1)', () => {
  const given = [
    'activate',
    '-management-server',
    'pce:8443',
    '-a',
    'CODE',
    '-endpoint',
    'true',
    '-name=laptop',
  ];
  expect(normalizeArguments(given)).toEqual([
    'activate',
    '--management-server',
    'pce:8443',
    '-a',
    'CODE',
    '--endpoint',
    'true',
    '--name=laptop',
  ]);
});
