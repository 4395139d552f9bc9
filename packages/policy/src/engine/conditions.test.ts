import { describe, expect, test } from 'vitest';
import type { ScopeEntry } from '../model.ts';
import { conditionsOf, intersect, selects, type LabelLookup } from './conditions.ts';

const GROUPS = [
  { href: '/g/stages', key: 'env', labels: ['/l/env-prod'], subGroups: ['/g/trials'] },
  { href: '/g/trials', key: 'env', labels: ['/l/env-test', '/l/env-dev'], subGroups: [] },
  { href: '/g/loop', key: 'env', labels: ['/l/env-dev'], subGroups: ['/g/loop'] },
  { href: '/g/nobody', key: 'env', labels: [], subGroups: [] },
];
const find: LabelLookup = {
  label: (href) => {
    const [key = '', value = ''] = href.replace('/l/', '').split('-');
    return value === 'gone' ? undefined : { href, key, value };
  },
  group: (href) => {
    const group = GROUPS.find((item) => item.href === href);
    return group && { ...group, name: href };
  },
};

const label = (name: string, exclusion = false): ScopeEntry => ({
  kind: 'label',
  href: `/l/${name}`,
  exclusion,
});
const group = (name: string, exclusion = false): ScopeEntry => ({
  kind: 'label_group',
  href: `/g/${name}`,
  exclusion,
});

/** Whether entries, within a scope, select a workload with these labels. */
function select(
  entries: readonly ScopeEntry[],
  labels: readonly string[],
  scope: readonly ScopeEntry[] = [],
): boolean {
  const selector = intersect(conditionsOf(entries, find), conditionsOf(scope, find));
  const byKey = new Map(labels.map((name) => [name.split('-')[0], `/l/${name}`]));
  return selects(selector, (key) => byKey.get(key));
}

describe('labels of a side', () => {
  test('are OR-ed within a key and AND-ed across keys', () => {
    const side = [label('role-web'), label('role-db'), label('env-prod')];
    expect(select(side, ['role-web', 'env-prod'])).toBe(true);
    expect(select(side, ['role-db', 'env-prod'])).toBe(true);
    expect(select(side, ['role-db', 'env-test'])).toBe(false);
    expect(select(side, ['role-app', 'env-prod'])).toBe(false);
    expect(select(side, ['env-prod'])).toBe(false);
  });

  test('a group is the union of its labels and sub groups, a loop is followed once', () => {
    for (const name of ['env-prod', 'env-test', 'env-dev']) {
      expect(select([group('stages')], [name])).toBe(true);
    }
    expect(select([group('trials')], ['env-prod'])).toBe(false);
    expect(select([group('loop')], ['env-dev'])).toBe(true);
    expect(select([group('loop')], ['env-prod'])).toBe(false);
  });

  test('an exclusion is all but, also for a workload without that key', () => {
    expect(select([label('env-prod', true)], ['env-test'])).toBe(true);
    expect(select([label('env-prod', true)], ['role-web'])).toBe(true);
    expect(select([label('env-prod', true)], ['env-prod'])).toBe(false);
  });

  test('an exclusion subtracts within its key; what is left empty is nobody', () => {
    expect(select([group('stages'), group('trials', true)], ['env-prod'])).toBe(true);
    expect(select([group('stages'), group('trials', true)], ['env-dev'])).toBe(false);
    expect(select([label('env-prod'), label('env-prod', true)], ['env-prod'])).toBe(false);
    expect(select([label('env-prod'), label('env-prod', true)], [])).toBe(false);
  });

  test.each([
    ['a label that is gone', label('env-gone')],
    ['an exclusion of a label that is gone', label('env-gone', true)],
    ['a group that is gone', group('gone')],
    ['an empty group', group('nobody')],
  ])('%s is nobody, never everybody', (_, entry) => {
    expect(select([entry], ['env-prod'])).toBe(false);
    expect(select([entry], [])).toBe(false);
  });
});

describe('a side within a scope', () => {
  test('is what both select', () => {
    expect(select([label('role-web')], ['role-web', 'env-prod'], [label('env-prod')])).toBe(true);
    expect(select([label('role-web')], ['role-web', 'env-test'], [label('env-prod')])).toBe(false);
    expect(select([group('stages')], ['env-dev'], [group('trials')])).toBe(true);
    expect(select([group('stages')], ['env-prod'], [group('trials')])).toBe(false);
  });

  test('another label of the same key is nobody', () => {
    expect(select([label('env-prod')], ['env-prod'], [label('env-test')])).toBe(false);
  });

  test('exclusions on both subtract both', () => {
    const side = [label('env-prod', true)];
    const scope = [label('env-test', true)];
    expect(select(side, ['env-dev'], scope)).toBe(true);
    expect(select(side, ['env-prod'], scope)).toBe(false);
    expect(select(side, ['env-test'], scope)).toBe(false);
  });

  test('equal selections have one canonical form', () => {
    const one = intersect(
      conditionsOf([label('role-web'), label('env-prod')], find),
      conditionsOf([label('env-prod')], find),
    );
    const other = intersect(
      conditionsOf([label('env-prod')], find),
      conditionsOf([label('role-web')], find),
    );
    expect(one).toEqual(other);
  });
});
