import { expect, test } from 'vitest';
import { aPolicyContent } from '../testing/policies.ts';
import { parsePolicyFile, PolicyFileError, renderPolicyFile } from './policy-file.ts';

test('a policy is read as it was written, also from a file of a release before the digest', () => {
  const policy = aPolicyContent();
  expect(parsePolicyFile(renderPolicyFile(policy))).toEqual(policy);
  expect(parsePolicyFile(JSON.stringify(policy))).toEqual(policy);
});

test('a file that lacks or changes a single character is refused', () => {
  const text = renderPolicyFile(aPolicyContent());
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === '7' ? '8' : '7';
    for (const damaged of [text.slice(0, at), text.slice(0, at) + other + text.slice(at + 1)])
      expect(() => parsePolicyFile(damaged)).toThrow(PolicyFileError);
  }
});
