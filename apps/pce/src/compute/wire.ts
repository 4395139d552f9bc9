/** Answers of the policy core in the words of the API. */
import { withVersion, type PolicyVersionWord } from '@bulkhead/contract';

/** Plain JSON with its members in snake_case. The endpoint's schema gives the result its type. */
export function wireOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wireOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [snakeCase(key), wireOf(member)]),
  );
}

/** Hrefs of policy objects with the version that was asked: cores hold every version under one word, so that they can be compared. */
export function atVersion<T>(value: T, word: PolicyVersionWord): T {
  // the same JSON, with other words in its texts
  return replaced(value, word) as T;
}

function replaced(value: unknown, word: PolicyVersionWord): unknown {
  if (typeof value === 'string')
    return value.startsWith('/orgs/') ? withVersion(value, word) : value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, word));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaced(member, word)]),
  );
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
