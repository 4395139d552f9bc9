/** Holds `docs/policy-semantics.md` against the tests: every statement is cited by the name of a test, and no test cites another. */
import { globSync, readFileSync } from 'node:fs';
import { root, type Finished } from './run.ts';

export interface SourceText {
  /** From the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

const PAGE = 'docs/policy-semantics.md';
// these folders' tests, and not those of tools/, which tell of ids that are none
const TESTS = '{packages,apps,lab,bench,e2e}/**/*.test.{ts,tsx}';
const STATEMENT = /^- \*\*(PS-\d+)\*\*/;
/** The name of a test or group: first argument of `test`, `describe` and the like, or of what `test.each(...)` gives. */
const NAME = /(?:\b(?:describe|test|it)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;

/** What is wrong, one line each, with where; empty when every statement is held by a test. */
export function semanticsFaults(page: SourceText, tests: readonly SourceText[]): string[] {
  const stated = new Map<string, number>();
  const faults: string[] = [];
  for (const [index, text] of page.text.split('\n').entries()) {
    const id = STATEMENT.exec(text)?.[1];
    if (id === undefined) continue;
    const first = stated.get(id);
    if (first === undefined) stated.set(id, index + 1);
    else faults.push(`${page.path}:${index + 1}: ${id} is stated in line ${first} already`);
  }
  const cited = new Set<string>();
  for (const { path, text } of tests) {
    for (const name of text.matchAll(NAME)) {
      for (const [id] of (name[2] ?? '').matchAll(/PS-\d+/g)) {
        cited.add(id);
        if (stated.has(id)) continue;
        const line = text.slice(0, name.index).split('\n').length;
        faults.push(`${path}:${line}: cites ${id}, which ${page.path} does not state`);
      }
    }
  }
  for (const [id, line] of stated) {
    if (!cited.has(id)) faults.push(`${page.path}:${line}: no test's name cites ${id}`);
  }
  return faults;
}

function read(path: string): SourceText {
  return { path, text: readFileSync(`${root}${path}`, 'utf8') };
}

/** The same over this checkout, as a step of the static gate. */
export function checkSemantics(): Finished {
  const start = performance.now();
  const paths = globSync(TESTS, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] });
  const faults = semanticsFaults(read(PAGE), paths.sort().map(read));
  return {
    code: faults.length === 0 ? 0 : 1,
    output: faults.join('\n'),
    seconds: (performance.now() - start) / 1000,
  };
}
