import { expect, test } from 'vitest';
import { trafficQuery } from '../pages/explore/query.ts';
import { workloadQuery } from '../pages/workloads/filters.ts';
import { parseSearch, stringifySearch, withFilter } from './filters.ts';

test('filters survive the URL as they were, and what is empty leaves it', () => {
  const search = { q: 'a&b=c d', mode: 'full' };
  expect(parseSearch(stringifySearch({ ...search, online: '' }))).toEqual(search);
  expect(stringifySearch({ q: '' })).toBe('');
  expect(withFilter(search, { q: '', online: 'yes' })).toEqual({ mode: 'full', online: 'yes' });
});

test('a number in the URL stays text', () => {
  expect(parseSearch('?q=10')).toEqual({ q: '10' });
});

test('the workloads list asks for what its filters say', () => {
  expect(
    workloadQuery({
      view: 'endpoint',
      q: 'lt-',
      online: 'no',
      labels: '/orgs/1/labels/2,/orgs/1/labels/5',
    }),
  ).toMatchObject({
    managed: true,
    'ven.ven_type': 'endpoint',
    query: 'lt-',
    online: false,
    labels: '[["/orgs/1/labels/2","/orgs/1/labels/5"]]',
  });
  expect(workloadQuery({ view: 'unmanaged' })).toMatchObject({
    managed: false,
    'ven.ven_type': undefined,
  });
});

test('words in the URL that no filter knows are not sent', () => {
  expect(workloadQuery({ view: 'root', mode: 'off', online: '1' })).toMatchObject({
    managed: undefined,
    enforcement_mode: undefined,
    online: undefined,
  });
});

test('Explore asks for both ends, the service, the decision and the time', () => {
  const query = trafficQuery(
    {
      from: '/orgs/1/labels/3,10.0.0.1',
      to: '/orgs/1/workloads/u',
      service: 'tcp/443',
      decision: 'blocked',
      hours: '1',
    },
    new Date('2026-11-25T15:00:00.000Z'),
  );
  expect(query.sources.include).toEqual([
    [{ label: { href: '/orgs/1/labels/3' } }],
    [{ ip_address: '10.0.0.1' }],
  ]);
  expect(query.destinations.include).toEqual([[{ workload: { href: '/orgs/1/workloads/u' } }]]);
  expect(query.services.include).toEqual([{ proto: 6, port: 443 }]);
  expect(query.policy_decisions).toEqual(['blocked']);
  expect(query.start_date).toBe('2026-11-25T14:00:00.000Z');
});

test('Explore without filters asks for anybody, which is one empty list of terms', () => {
  const query = trafficQuery({}, new Date('2026-11-25T15:00:00.000Z'));
  expect(query.sources.include).toEqual([[]]);
  expect(query.destinations.include).toEqual([[]]);
  expect(query.policy_decisions).toEqual([]);
});
