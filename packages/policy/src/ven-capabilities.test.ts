import { expect, test } from 'vitest';
import { compareVersions, venCan, type VenCapabilityName } from './ven-capabilities.ts';

test.each<[version: string, can: VenCapabilityName[]]>([
  ['21.2.7-3', []],
  ['21.5.10', []],
  ['21.5.11', ['endpoint_mode']],
  ['21.5.12', []],
  ['21.5.20-1', ['endpoint_mode']],
  ['22.2.0', ['endpoint_mode', 'network_detection']],
  ['22.2.30-17', ['endpoint_mode', 'network_detection']],
  ['22.3.0-1', ['endpoint_mode', 'network_detection', 'external_interfaces']],
  ['23.2.0-161', ['endpoint_mode', 'network_detection', 'external_interfaces']],
  ['nonsense', []],
])('what VEN %s can (R-SYS-4)', (version, can) => {
  const all: VenCapabilityName[] = ['endpoint_mode', 'network_detection', 'external_interfaces'];
  expect(all.filter((capability) => venCan(version, capability))).toEqual(can);
});

test('versions are compared by their numbers, not by their letters', () => {
  expect(compareVersions('22.10.0', '22.9.9')).toBeGreaterThan(0);
  expect(compareVersions('23.2.0-9', '23.2.0-10')).toBeLessThan(0);
  expect(compareVersions('23.2', '23.2.0')).toBe(0);
});
