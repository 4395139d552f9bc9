import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from '../run.ts';
import { publicSections } from './compare.ts';
import { compatibilityPage } from './page.ts';

test('docs/api-compatibility.md is what the endpoint table offers of the public API; npm run openapi writes it', () => {
  const written = readFileSync(`${root}docs/api-compatibility.md`, 'utf8');
  expect(written).toBe(compatibilityPage(written));
});

test('every line of the public API names a method and a path, and no place stands twice', () => {
  const places = publicSections().flatMap(({ operations }) =>
    operations.map(({ method, path }) => `${method} ${path}`),
  );
  expect(places.filter((place) => !/^(GET|POST|PUT|DELETE) \/[a-z]/.test(place))).toEqual([]);
  expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
});
