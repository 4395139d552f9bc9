import { aPolicy, aRule, aRuleSet, aWorkload, named, verdict } from '@bulkhead/testkit';
import { describe, expect, test } from 'vitest';
import type { Rule, Scope } from './index.ts';

const { everybody, label, allBut, group, workload } = named;

const HOSTS = ['hr', 'pay'].flatMap((app, index) => [
  aWorkload(`${app}-web`, ['role=web', `app=${app}`], `10.0.${index}.1`),
  aWorkload(`${app}-db`, ['role=db', `app=${app}`], `10.0.${index}.2`),
]);
const OUTSIDER = aWorkload('outsider', ['role=web'], '10.0.9.1');
const WORKLOADS = [...HOSTS, OUTSIDER];

/** Pairs that may talk, as `consumer > provider`. */
function pairs(scopes: readonly Scope[], changes: Partial<Rule> = {}): string[] {
  const rule = aRule('rule', {
    providers: [label('role=db')],
    consumers: [label('role=web')],
    ...changes,
  });
  const model = aPolicy({
    workloads: WORKLOADS,
    ruleSets: [aRuleSet([rule], { scopes })],
    labelGroups: [
      {
        href: '/label_groups/both',
        name: 'both',
        key: 'app',
        labels: ['/labels/app=hr', '/labels/app=pay'],
        subGroups: [],
      },
    ],
  });
  return WORKLOADS.flatMap(({ name: from }) =>
    WORKLOADS.filter(({ name }) => name !== from)
      .filter(({ name }) => verdict(model, { from, to: name }).startsWith('allowed'))
      .map(({ name }) => `${from} > ${name}`),
  );
}

const HR = [label('app=hr')];
const PAY = [label('app=pay')];
const WITHIN_HR = ['hr-web > hr-db'];
const WITHIN_PAY = ['pay-web > pay-db'];
const TO_HR = ['hr-web > hr-db', 'pay-web > hr-db', 'outsider > hr-db'];

describe('the scope of a ruleset', () => {
  test('narrows both sides of an intra-scope rule (PS-3)', () => {
    expect(pairs([HR])).toEqual(WITHIN_HR);
  });

  test('narrows the providers alone of an extra-scope rule (PS-3)', () => {
    expect(pairs([HR], { unscopedConsumers: true })).toEqual(TO_HR);
  });

  test('narrows All Workloads too (PS-3)', () => {
    const all = { providers: [everybody], consumers: [everybody] };
    expect(pairs([HR], all)).toEqual(['hr-web > hr-db', 'hr-db > hr-web']);
  });

  test('does not narrow what is named (PS-3)', () => {
    expect(pairs([HR], { consumers: [workload('outsider')] })).toEqual(['outsider > hr-db']);
    expect(pairs([HR], { providers: [workload('pay-db')] })).toEqual(['hr-web > pay-db']);
  });

  test('that names what the side excludes is nobody (PS-3, PS-5)', () => {
    const sides = { providers: [label('role=db'), allBut('app=hr')] };
    expect(pairs([HR], sides)).toEqual([]);
    expect(pairs([PAY], sides)).toEqual(WITHIN_PAY);
  });

  test('and a side that exclude labels of one key exclude both (PS-3, PS-5)', () => {
    const sides = { consumers: [label('role=web'), allBut('app=pay')] };
    expect(pairs([[allBut('app=hr')]], sides)).toEqual(['outsider > pay-db']);
  });

  test('with several, the rule stands once for each and never across (PS-4)', () => {
    expect(pairs([HR, PAY])).toEqual([...WITHIN_HR, ...WITHIN_PAY]);
  });

  test('with a group, the rule crosses between its labels: it is one scope (PS-4)', () => {
    expect(pairs([[group('both')]])).toEqual([
      'hr-web > hr-db',
      'hr-web > pay-db',
      'pay-web > hr-db',
      'pay-web > pay-db',
    ]);
  });

  test('that excludes a label is all but those (PS-5)', () => {
    expect(pairs([[allBut('app=hr')]])).toEqual(['pay-web > pay-db', 'outsider > pay-db']);
  });

  test('none, and an empty one, mean every workload (PS-14)', () => {
    const everywhere = pairs([]);
    expect(everywhere).toHaveLength(6);
    expect(pairs([[]])).toEqual(everywhere);
    expect(pairs([[], HR])).toEqual(everywhere);
  });
});
