import { expect, test } from 'vitest';
import type { CheckEnd, CheckPart } from './evaluate.ts';
import { withinRun, type PlannedTest } from './run.ts';
import type { TestRow } from './store.ts';

const HOST: CheckEnd = { workload: null, name: null, ipv4: null, ipv6: null };

/** A test of 100 hosts with 100 others, which is as many connections as one may have. */
function aLargeTest(name: string): PlannedTest {
  const hosts = Array.from({ length: 100 }, () => HOST);
  const part: CheckPart = {
    test: name,
    from: hosts,
    to: hosts,
    protocol: 6,
    ports: [443],
    icmpType: null,
    icmpCode: null,
    family: null,
    withItself: false,
    expectation: { decision: 'blocked', by: undefined },
  };
  // nothing but its name is looked at
  const row = { id: name, name } as TestRow;
  return { row, hosts: new Set(), refusal: undefined, parts: [part] };
}

test('tests that together are more than a run may check fail unchecked, in their order', () => {
  const planned = withinRun(Array.from({ length: 302 }, (_, index) => aLargeTest(`${index}`)));
  const refused = planned.filter(({ refusal }) => refusal !== undefined);
  expect(refused.map(({ row, parts }) => [row.name, parts])).toEqual([
    ['300', []],
    ['301', []],
  ]);
  expect(refused[0]?.refusal).toMatchObject({
    state: 'failed',
    checked: 0,
    message: expect.stringContaining('more than 3000000 connections') as unknown,
  });
});
