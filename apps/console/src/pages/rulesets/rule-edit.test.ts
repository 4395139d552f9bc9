import { expect, test } from 'vitest';
import { broadSide, missingPart, withSide } from './rule-edit.ts';

test('what a rule still needs is one sentence', () => {
  expect(missingPart({ consumers: [], services: [], providers: [] })).toBe(
    'Choose consumers, providing services and providers first.',
  );
  expect(
    missingPart({
      consumers: [{ actors: 'ams' }],
      services: [{ proto: 6, port: 1 }],
      providers: [],
    }),
  ).toBe('Choose providers first.');
  expect(
    missingPart({
      consumers: [{ actors: 'ams' }],
      services: [{ proto: 6 }],
      providers: [{ actors: 'ams' }],
    }),
  ).toBeNull();
});

test('virtual services as providers bring their services', () => {
  const providers = [{ virtual_service: { href: '/orgs/1/virtual_services/a', name: 'Shop' } }];
  const consumers = [{ actors: 'ams' as const }];
  expect(missingPart({ consumers, services: [], providers })).toBeNull();
  const resolveAs = { consumers: ['workloads' as const], providers: ['virtual_services' as const] };
  expect(missingPart({ consumers, services: [], providers: consumers, resolveAs })).toBeNull();
});

test('the remedy of a broad rule is for the side that the warning names (R-POL-4)', () => {
  expect(
    broadSide({
      token: 'broad_rule_with_endpoints',
      message: 'The consumers include endpoints, and so on',
    }),
  ).toBe('consumers');
  expect(
    broadSide({
      token: 'use_workload_subnets_without_labels',
      message: 'Use Workload Subnets has no effect on the providers',
    }),
  ).toBeNull();
});

test('Use Workload Subnets is switched for one side and leaves the other (R-POL-3)', () => {
  expect(withSide(['providers'], 'consumers', true)).toEqual(['providers', 'consumers']);
  expect(withSide(['providers', 'consumers'], 'providers', false)).toEqual(['consumers']);
});
