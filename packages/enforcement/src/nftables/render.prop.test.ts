import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from '@bulkhead/net';
import { createMatcher } from '../address-sets.ts';
import { createEvaluator, type PlanPacket } from '../evaluate/evaluate-plan.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { planInput, planPacket } from '../testing/arbitraries.ts';
import { buildTable } from './build-table.ts';
import type { NftMatch, NftTable } from './table.ts';

interface Outcome {
  readonly action: 'accept' | 'drop' | 'reject';
  readonly logPrefix: string | null;
}

/** What the kernel would do with a packet of no known connection: rule by rule, as nft's manual says. */
function runTable(table: NftTable, packet: PlanPacket): Outcome {
  let logPrefix: string | null = null;
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));

  function runChain(name: string): Outcome['action'] | null {
    const chain = chains.get(name);
    if (chain === undefined) throw new Error(`a rule goes to ${name}, which is no chain`);
    for (const rule of chain.rules) {
      if (!rule.matches.every((match) => holds(table, match, packet))) continue;
      if (rule.log !== null) logPrefix = rule.log.prefix;
      const { verdict } = rule;
      if (verdict === null) continue;
      if (!('chain' in verdict)) {
        return verdict.kind === 'accept' || verdict.kind === 'drop' ? verdict.kind : 'reject';
      }
      const below = runChain(verdict.chain);
      if (below !== null || verdict.kind === 'goto') return below;
    }
    return null;
  }

  const base = table.chains.find(
    (chain) => chain.base?.hook === (packet.direction === 'inbound' ? 'input' : 'output'),
  );
  const action = base === undefined ? 'accept' : (runChain(base.name) ?? 'accept');
  return { action, logPrefix };
}

function holds(table: NftTable, match: NftMatch, packet: PlanPacket): boolean {
  const family = packet.remoteAddress.includes(':') ? 6 : 4;
  const elements = (name: string) => {
    const set = table.sets.find((candidate) => candidate.name === name);
    if (set === undefined) throw new Error(`a rule looks into ${name}, which is no set`);
    return set.elements;
  };
  const isRemote = (side: 'saddr' | 'daddr') =>
    (side === 'saddr') === (packet.direction === 'inbound');
  switch (match.kind) {
    case 'interface':
      return match.name === packet.interfaceName;
    case 'interface_set':
      return elements(match.set).includes(packet.interfaceName ?? '');
    case 'state':
      return match.states.includes('new');
    case 'family':
      return match.family === family;
    case 'address':
      return isRemote(match.side) && covers(match.values, packet.remoteAddress);
    case 'address_set':
      return (
        match.family === family &&
        isRemote(match.side) &&
        covers(elements(match.set), packet.remoteAddress)
      );
    case 'protocol':
      return match.protocols.includes(packet.protocol);
    case 'port': {
      const port = match.side === 'sport' ? packet.sourcePort : packet.destinationPort;
      return (
        match.protocol === packet.protocol &&
        port !== null &&
        match.ranges.some(({ from, to }) => from <= port && port <= to)
      );
    }
    case 'icmp_type':
      return (
        packet.protocol === (match.family === 4 ? 1 : 58) &&
        family === match.family &&
        match.types.includes(packet.icmpType ?? -1)
      );
    case 'icmp_code':
      return packet.icmpCode === match.code;
    case 'without_syn':
      return packet.protocol === 6 && !packet.syn;
    case 'tuple_set':
      return elements(match.set).length > 0;
    case 'foreign':
      throw new Error(`the plan says something foreign: ${match.text}`);
  }
}

function covers(texts: readonly string[], addressText: string): boolean {
  const address = parseAddress(addressText);
  return address !== null && createMatcher([], texts)(address);
}

test('the table of any plan does and logs what the plan says', () => {
  fc.assert(
    fc.property(
      planInput,
      fc.array(planPacket, { minLength: 20, maxLength: 20 }),
      (input, packets) => {
        const plan = buildPlan(input);
        const table = buildTable(plan);
        const evaluate = createEvaluator(plan);
        for (const packet of packets) {
          // The kernel knows a name by its addresses only.
          const decision = evaluate({ ...packet, remoteName: null });
          expect({ packet, ...runTable(table, packet) }).toEqual({
            packet,
            action: decision?.action ?? 'accept',
            logPrefix: decision?.logPrefix ?? null,
          });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('every log prefix of a table is in the index of its plan and says its decision', () => {
  fc.assert(
    fc.property(planInput, (input) => {
      const plan = buildPlan(input);
      const prefixes = buildTable(plan).chains.flatMap((chain) =>
        chain.rules.flatMap((rule) => rule.log?.prefix ?? []),
      );
      for (const prefix of prefixes) {
        const entry = plan.logIndex.get(prefix);
        expect(prefix.length).toBeLessThanOrEqual(127);
        expect(prefix.slice(0, 7)).toBe(`bh:${entry?.decision[0]}:${entry?.direction[0]}:`);
      }
    }),
  );
});
