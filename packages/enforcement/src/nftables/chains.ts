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
  type RewrittenPart,
  type SetPart,
} from './table.ts';

const COMMENT_BYTES = 128;

/** The chains of a table below those of hooks. Names come from what is in a chain, so equal parts keep theirs from plan to plan. */
export interface Chains {
  /** Chain that reports and carries out a verdict. `published`: on a connection to a published port, reported as the client asked for it. */
  verdict(verdict: PlanVerdict, published?: boolean): string;
  /** Chain that finds out which set of a group a peer is in; returns when it is in none. */
  peers(group: RuleGroup, family: Family, published?: boolean): string;
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
  const peerChains = new Map<string, Map<RuleGroup, string>>();

  function add(kind: ChainKind, rules: readonly NftRule[]): string {
    const name = `${kind}_${digests(JSON.stringify(rules))}`;
    if (!chains.has(name)) chains.set(name, { name, base: null, rules });
    return name;
  }

  function verdict(given: PlanVerdict, published = false): string {
    const rewrites = published && given.logPrefix !== null;
    const name = `${rewrites ? 'w' : 'v'}_${given.id}`;
    if (chains.has(name)) return name;
    const [log, ...rest] = verdictRules(given);
    const rules =
      rewrites && log !== undefined
        ? [...rewrite('asked'), log, ...rewrite('sent'), ...rest]
        : null;
    chains.set(name, { name, base: null, rules: rules ?? verdictRules(given) });
    return name;
  }

  /**
   * A log record shows the packet, which was translated before, and NFLOG tells of the connection on some kernels only. So the packet is for
   * the time of its record what the client sent.
   */
  function rewrite(to: 'asked' | 'sent'): NftRule[] {
    const name = `as_${to}`;
    if (!chains.has(name)) chains.set(name, { name, base: null, rules: rewriteRules(to) });
    return [nftRule([{ kind: 'state', states: ['new'] }], { kind: 'jump', chain: name })];
  }

  function nodeRules(
    node: LookupNode,
    at: { readonly direction: Direction; readonly family: Family; readonly published: boolean },
  ): NftRule[] {
    const { direction, family, published } = at;
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
        node.children.flatMap((child) => nodeRules(child, at)),
      );
      return parts.map((part) => lookUp(unionSetName(node.union.id, part, family), below, null));
    }
    const { set, verdict: found } = node.lookup;
    return parts.map((part) =>
      lookUp(
        addressSetName(set, part, family),
        verdict(found, published),
        originComment(found.origins),
      ),
    );
  }

  return {
    verdict,
    add,
    peers(group, family, published = false) {
      const key = `${family} ${published}`;
      const known = peerChains.get(key) ?? new Map<RuleGroup, string>();
      peerChains.set(key, known);
      const name =
        known.get(group) ??
        add(
          'g',
          lookupTree(group.lookups).flatMap((node) =>
            nodeRules(node, { direction: group.direction, family, published }),
          ),
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

function rewriteRules(to: 'asked' | 'sent'): NftRule[] {
  const write = (part: RewrittenPart, ...condition: readonly NftMatch[]): NftRule => ({
    matches: [...condition, { kind: 'rewrite', part, to }],
    log: null,
    verdict: null,
    comment: null,
  });
  const { tcp, udp, sctp } = PROTOCOLS;
  return [
    write('ip'),
    write('ip6'),
    write('port', { kind: 'protocol', protocols: [tcp, udp, sctp] }),
  ];
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
