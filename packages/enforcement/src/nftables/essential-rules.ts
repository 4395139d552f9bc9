import { familyOf, type Family } from '@bulkhead/net';
import { PROTOCOLS } from '@bulkhead/policy';
import type { PlanEssential, PlanVerdict } from '../plan/plan.ts';
import { cutSetName, nftRule, type NftMatch, type NftRule, type NftVerdict } from './table.ts';

const FAMILIES: readonly Family[] = [4, 6];

/** What always passes in one direction, then what stays cut. `verdictChain` gives the chain that reports a verdict. */
export function essentialRules(
  entries: readonly PlanEssential[],
  verdictChain: (verdict: PlanVerdict) => string,
): NftRule[] {
  return [
    ...entries.flatMap((entry) => entryRules(entry, verdictChain)),
    ...FAMILIES.flatMap(cutRules),
  ];
}

function entryRules(
  entry: PlanEssential,
  verdictChain: (verdict: PlanVerdict) => string,
): NftRule[] {
  const target: NftVerdict =
    entry.verdict.logPrefix === null
      ? { kind: 'accept' }
      : { kind: 'goto', chain: verdictChain(entry.verdict) };
  const side = entry.direction === 'inbound' ? 'saddr' : 'daddr';
  const remotes: NftMatch[][] =
    entry.remote === null
      ? entry.family === null || entry.icmpTypes !== null
        ? [[]]
        : [[{ kind: 'family', family: entry.family }]]
      : FAMILIES.flatMap((family) => {
          const values = entry.remote?.filter((address) => familyOf(address) === family) ?? [];
          return values.length === 0 ? [] : [[{ kind: 'address', family, side, values } as const]];
        });
  const port = (at: 'sport' | 'dport', value: number | null): NftMatch[] =>
    value === null
      ? []
      : [
          {
            kind: 'port',
            protocol: entry.protocol,
            side: at,
            ranges: [{ from: value, to: value }],
          },
        ];
  return remotes.map((remote) =>
    nftRule(
      [
        ...remote,
        ...port('sport', entry.sourcePort),
        ...port('dport', entry.destinationPort),
        ...(entry.icmpTypes === null
          ? []
          : [
              {
                kind: 'icmp_type',
                family: entry.protocol === PROTOCOLS.icmp ? 4 : 6,
                types: entry.icmpTypes,
              } as const,
            ]),
        ...(entry.withoutSyn ? [{ kind: 'without_syn' } as const] : []),
      ],
      target,
      `essential ${entry.name}`,
    ),
  );
}

/** A cut connection's late packets would be taken for a new connection of the other direction; its own new SYN is judged anew. */
function cutRules(family: Family): NftRule[] {
  const tuple: NftMatch = { kind: 'tuple_set', family, set: cutSetName(family) };
  const others = [PROTOCOLS.udp, PROTOCOLS.sctp];
  return [
    nftRule([{ kind: 'without_syn' }, tuple], { kind: 'drop' }),
    nftRule([{ kind: 'protocol', protocols: others }, tuple], { kind: 'drop' }),
  ];
}
