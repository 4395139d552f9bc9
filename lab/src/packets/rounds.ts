import { canonicalAddress } from '@bulkhead/net';
import type { Connection } from '@bulkhead/policy';

/**
 * Parts a list so that no packet of a part can be taken for the answer to another one: a protocol without ports has one tracked
 * connection for two addresses, in both directions. The order within a part is that of the list.
 */
export function roundsOf<T>(list: readonly T[], connectionOf: (item: T) => Connection): T[][] {
  const rounds: { readonly items: T[]; readonly directions: Map<string, string> }[] = [];
  for (const item of list) {
    const { source, destination, protocol, port, icmpType } = connectionOf(item);
    const ends = [source, destination].map(({ address }) => canonicalAddress(address) ?? address);
    const hasIdentifier = port !== null || icmpType !== null;
    const key = hasIdentifier ? null : `${ends.toSorted().join(' ')} ${protocol}`;
    const direction = ends.join(' ');
    const fits = rounds.find(
      ({ directions }) => key === null || (directions.get(key) ?? direction) === direction,
    );
    const round = fits ?? { items: [], directions: new Map<string, string>() };
    if (fits === undefined) rounds.push(round);
    round.items.push(item);
    if (key !== null) round.directions.set(key, direction);
  }
  return rounds.map(({ items }) => items);
}
