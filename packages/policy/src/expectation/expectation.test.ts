import { describe, expect, test } from 'vitest';
import type { Decision, DecidingRule, EndDecision } from '../decision.ts';
import { decidersOf, judgeDecision, type Expectation } from './expectation.ts';

const rule = (name: string): DecidingRule => ({ href: `/${name}`, name, version: 1 });
const byName = ({ name }: DecidingRule): string => name;

function end(parts: Partial<EndDecision>): EndDecision {
  return {
    workload: 'w',
    decision: 'blocked',
    reason: 'default',
    rules: [],
    boundaries: [],
    mode: 'full',
    interfaceName: 'eth0',
    networkProfile: 'corporate',
    ...parts,
  };
}

/** Leaves by a rule and is stopped by two boundaries. */
const STOPPED: Decision = {
  decision: 'blocked',
  outbound: end({ decision: 'allowed', reason: 'rule', rules: [rule('out')] }),
  inbound: end({ reason: 'boundary', boundaries: [rule('fence'), rule('wall')] }),
};
const FREE: Decision = { decision: 'allowed', outbound: null, inbound: null };

describe('an expectation holds when nothing differs', () => {
  test.each<[string, Expectation, Decision]>([
    ['the decision alone', { decision: 'blocked', by: undefined }, STOPPED],
    ['all that decide', { decision: 'blocked', by: ['wall', 'fence'] }, STOPPED],
    ['one of them', { decision: 'blocked', by: ['fence'] }, STOPPED],
    [
      'each end by itself',
      {
        decision: 'blocked',
        by: undefined,
        outbound: { decision: 'allowed', by: ['out'] },
        inbound: { by: ['wall'] },
      },
      STOPPED,
    ],
    [
      'nobody has a say',
      { decision: 'allowed', by: undefined, outbound: { decision: 'none' } },
      FREE,
    ],
  ])('%s', (_, expectation, decision) => {
    expect(judgeDecision(expectation, decision, byName)).toEqual([]);
  });
});

describe('a difference says what was expected and what is', () => {
  test.each<[Expectation, Decision, string[]]>([
    [
      { decision: 'allowed', by: undefined },
      STOPPED,
      ['expected allowed, got blocked by fence, wall'],
    ],
    [
      { decision: 'blocked', by: ['out', 'wall'] },
      STOPPED,
      ['expected by out, got by fence, wall'],
    ],
    [
      {
        decision: 'blocked',
        by: undefined,
        outbound: { decision: 'none' },
        inbound: { decision: 'blocked', by: ['default'] },
      },
      STOPPED,
      [
        'outbound: expected none, got allowed by out',
        'inbound: expected by default, got by fence, wall',
      ],
    ],
    [
      { decision: 'allowed', by: ['out'], inbound: { decision: 'allowed' } },
      FREE,
      ['expected by out, got by nobody', 'inbound: expected allowed, got none by nobody'],
    ],
  ])('%j', (expectation, decision, faults) => {
    expect(judgeDecision(expectation, decision, byName)).toEqual(faults);
  });
});

test('what decides is named as the author names it, each once', () => {
  const both: Decision = {
    decision: 'allowed',
    outbound: end({ decision: 'allowed', reason: 'rule', rules: [rule('out')] }),
    inbound: end({ decision: 'allowed', reason: 'rule', rules: [rule('out')] }),
  };
  expect(decidersOf(both, ({ href }) => href)).toEqual(['/out']);
  expect(judgeDecision({ decision: 'allowed', by: ['/out'] }, both, ({ href }) => href)).toEqual(
    [],
  );
});
