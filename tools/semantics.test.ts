import { expect, test } from 'vitest';
import { checkSemantics, semanticsFaults } from './semantics.ts';

const page = (...ids: string[]) => ({
  path: 'docs/page.md',
  text: ['# Title', ...ids.map((id) => `- **${id}** Something holds.`)].join('\n'),
});
const tests = (text: string) => [{ path: 'packages/a.test.ts', text }];

test('a statement that a name cites is held, whichever kind of name it is', () => {
  const text = `
    describe('scopes (PS-1)', () => {});
    test("a 'quoted' name (PS-2)", () => {});
    test.each([[1, 'x']])('at %s (PS-3, PS-4)', () => {});
    test(
      'a long name (PS-5)',
      { timeout: 1 },
    );
    test.skipIf(false)(\`one more (PS-6)\`, () => {});
  `;
  const all = ['PS-1', 'PS-2', 'PS-3', 'PS-4', 'PS-5', 'PS-6'];
  expect(semanticsFaults(page(...all), tests(text))).toEqual([]);
});

test('a statement that no name cites is told with its place', () => {
  const text = "test('another (PS-10)', () => {}); // PS-1\nconst no = 'PS-1';";
  expect(semanticsFaults(page('PS-10', 'PS-1'), tests(text))).toEqual([
    "docs/page.md:3: no test's name cites PS-1",
  ]);
});

test('a citation of no statement is told with its place', () => {
  const text = "test('one (PS-1)', () => {});\ntest('none (PS-99)', () => {});";
  expect(semanticsFaults(page('PS-1'), tests(text))).toEqual([
    'packages/a.test.ts:2: cites PS-99, which docs/page.md does not state',
  ]);
});

test('an id is stated once', () => {
  const text = "test('one (PS-1)', () => {});";
  expect(semanticsFaults(page('PS-1', 'PS-1'), tests(text))).toEqual([
    'docs/page.md:3: PS-1 is stated in line 2 already',
  ]);
});

test('this checkout holds', () => {
  expect(checkSemantics()).toMatchObject({ code: 0, output: '' });
});
