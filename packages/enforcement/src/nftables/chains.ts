import { PROTOCOLS, type RuleOrigin } from '@bulkhead/policy';
import type { Family } from '@bulkhead/net';
import { createDigests } from '../plan/digest.ts';
import type { Direction, PlanVerdict, RuleGroup } from '../plan/plan.ts';
import { lookupTree, type LookupNode } from './lookup-tree.ts';
import {
  addressSetName,
  NFLOG_BYTES,
  NFLOG_GROUP,
  nftRule,
  SET_PARTS,
  unionSetName,
  type NftChain,
  type NftMatch,
  type NftRule,
  type NftVerdict,
  type SetPart,
} from './table.ts';

const COMMENT_BYTES = 128;

/** The chains of a table below those of hooks. Names come from what is in a chain, so equal parts keep theirs from plan to plan. */
export interface Chains {
  /** Chain that reports and carries out a verdict. */
  verdict(verdict: PlanVerdict): string;
  /** Chain that finds out which set of a group a peer is in; returns when it is in none. */
  peers(group: RuleGroup, family: Family): string;
  /** Chain with these rules. `kind` begins its name. */
  add(kind: ChainKind, rules: readonly NftRule[]): string;
  all(): NftChain[];
}

/** `g`: peers of a group, `n`: sets of a union, `p`: services of a protocol, `l`: groups one after the other, `s`: a stage. */
type ChainKind = 'g' | 'n' | 'p' | 'l' | 's';

/** `hasRanges`: whether the kernel has a set for the ranges of what is looked up. */
export function createChains(hasRanges: (node: LookupNode) => boolean): Chains {
  const digests = createDigests();
  const chains = new Map<string, NftChain>();
  const peerChains = new Map<Family, Map<RuleGroup, string>>();

  function add(kind: ChainKind, rules: readonly NftRule[]): string {
    const name = `${kind}_${digests(JSON.stringify(rules))}`;
    if (!chains.has(name)) chains.set(name, { name, base: null, rules });
    return name;
  }

  function verdict(given: PlanVerdict): string {
    const name = `v_${given.id}`;
    if (!chains.has(name)) chains.set(name, { name, base: null, rules: verdictRules(given) });
    return name;
  }

  function nodeRules(node: LookupNode, direction: Direction, family: Family): NftRule[] {
    const side = direction === 'inbound' ? 'saddr' : 'daddr';
    const lookUp = (set: string, target: string, comment: string | null) =>
      nftRule(
        [{ kind: 'address_set', family, side, set }],
        { kind: 'goto', chain: target },
        comment,
      );
    const parts: readonly SetPart[] = hasRanges(node) ? SET_PARTS : ['hosts'];
    if (node.kind === 'union') {
      const below = add(
        'n',
        node.children.flatMap((child) => nodeRules(child, direction, family)),
      );
      return parts.map((part) => lookUp(unionSetName(node.union.id, part, family), below, null));
    }
    const { set, verdict: found } = node.lookup;
    return parts.map((part) =>
      lookUp(addressSetName(set, part, family), verdict(found), originComment(found.origins)),
    );
  }

  return {
    verdict,
    add,
    peers(group, family) {
      const known = peerChains.get(family) ?? new Map<RuleGroup, string>();
      peerChains.set(family, known);
      const name =
        known.get(group) ??
        add(
          'g',
          lookupTree(group.lookups).flatMap((node) => nodeRules(node, group.direction, family)),
        );
      known.set(group, name);
      return name;
    },
    all: () => [...chains.values()].sort(byName),
  };
}

function verdictRules(verdict: PlanVerdict): NftRule[] {
  const comment = verdict.origins.length === 0 ? null : originComment(verdict.origins);
  const rules: NftRule[] = [];
  if (verdict.logPrefix !== null) {
    rules.push({
      matches: [{ kind: 'state', states: ['new'] }],
      log: { prefix: verdict.logPrefix, group: NFLOG_GROUP, snaplen: NFLOG_BYTES },
      verdict: null,
      comment: null,
    });
  }
  for (const given of outcomes(verdict)) rules.push(nftRule(given.matches, given.verdict, comment));
  return rules;
}

interface ChainEnd {
  readonly matches: readonly NftMatch[];
  readonly verdict: NftVerdict;
}

function outcomes({ action, answer }: PlanVerdict): ChainEnd[] {
  if (action !== 'reject') return [{ matches: [], verdict: { kind: action } }];
  if (answer !== null && typeof answer === 'object') {
    return [{ matches: [], verdict: { kind: 'unreachable', ...answer } }];
  }
  const reset: ChainEnd = {
    matches: [{ kind: 'protocol', protocols: [PROTOCOLS.tcp] }],
    verdict: { kind: 'reset' },
  };
  return answer === 'tcp_reset' ? [reset] : [reset, { matches: [], verdict: { kind: 'prohibit' } }];
}

/** `href@version` in what a comment can hold; of a text that is too long the end is kept, where the ids are. */
export function originComment(origins: readonly RuleOrigin[]): string {
  const text = origins
    .map((origin) => `${origin.href}@${origin.version}`)
    .join(' ')
    .replace(/[^ !#-[\]-~]/g, '?');
  return text.length < COMMENT_BYTES ? text : `...${text.slice(text.length - COMMENT_BYTES + 4)}`;
}

function byName(left: NftChain, right: NftChain): number {
  return left.name < right.name ? -1 : 1;
}
