/** Contents compared by what they say, not by the order of their members: the database hands those back in an order of its own. */
import { isDeepStrictEqual } from 'node:util';

/** Whether two contents say the same. */
export function sameContent(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Members in one order at every depth, for what compares text. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, inOrder(member)]),
  );
}

/** The same for the members of a content, which stay where they are. */
export function membersInOrder(
  content: Readonly<Record<string, unknown>> | null,
): Record<string, unknown> | null {
  return content === null
    ? null
    : Object.fromEntries(Object.entries(content).map(([key, member]) => [key, inOrder(member)]));
}
