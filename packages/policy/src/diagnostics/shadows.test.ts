import { expect, test } from 'vitest';
import { found, rule, ruleSet, tcp } from './testing/models.ts';

test('of two rules that say the same, the later one is in the shadow of the first', () => {
  const items = found({ ruleSets: [ruleSet([rule('first'), rule('second')])] }, 'rule_shadowed');
  expect(items.map(({ place }) => place.href)).toEqual(['second']);
  expect(items[0]?.related).toContain('first');
});

test('a rule for a user group does not shadow one for everybody, the other way round it does', () => {
  const sid = { consumingSecurityPrincipals: ['S-1-5-21-1'] };
  const items = found(
    { ruleSets: [ruleSet([rule('group', sid), rule('everybody')])] },
    'rule_shadowed',
  );
  expect(items.map(({ place }) => place.href)).toEqual(['group']);
});

test.each([
  [5_432, null, true],
  [4_999, null, false],
  [5_000, 6_000, true],
  [5_999, 6_001, false],
  [5_003, 5_998, true],
  [6_000, null, true],
])('ports %s to %s are in the shadow of 5000 to 6000: %s', (port, toPort, expected) => {
  const wide = rule('wide', { ingressServices: [{ port: { ...tcp(5_000), toPort: 6_000 } }] });
  const narrow = rule('narrow', { ingressServices: [{ port: { ...tcp(port), toPort } }] });
  const items = found({ ruleSets: [ruleSet([wide, narrow])] }, 'rule_shadowed');
  expect(items.map(({ place }) => place.href)).toEqual(expected ? ['narrow'] : []);
});
