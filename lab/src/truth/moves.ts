/** What happens to hosts and policies between two states: each statement is one change that a person or a VEN makes. */
import { ENFORCEMENT_MODES, type EnforcementMode } from '@bulkhead/policy';
import type { ScenarioDocument } from '../scenario/format.ts';
import { randomAddress, randomLabels } from './hosts.ts';
import type { Random } from './random.ts';

type Workload = NonNullable<ScenarioDocument['workloads']>[number];
type Profile = 'corporate' | 'external';

export type Move =
  /** It has come to another network, or to another address of this one. */
  | {
      readonly kind: 'address';
      readonly workload: string;
      readonly device: string;
      readonly addresses: readonly string[];
      readonly profile?: Profile;
    }
  | { readonly kind: 'online'; readonly workload: string; readonly online: boolean }
  | {
      readonly kind: 'labels';
      readonly workload: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'mode'; readonly workload: string; readonly mode: EnforcementMode }
  | { readonly kind: 'ranges'; readonly list: string; readonly ranges: readonly string[] }
  | { readonly kind: 'enabled'; readonly rule: string; readonly enabled: boolean };

/** Changes to the hosts and the policy of the document; mostly those that change members of sets and no rule. */
export function randomMoves(random: Random, document: ScenarioDocument): Move[] {
  const { workloads = [], ip_lists: lists = [], rulesets = [] } = document;
  const rules = rulesets.flatMap((item) => item.rules);
  return random.times(1, 4, (): Move => {
    const workload = random.pick(workloads);
    const { name } = workload;
    const kind = random.int(12);
    if (kind < 5 || workload.type === 'unmanaged') return randomAddressMove(random, workload);
    if (kind < 7) return { kind: 'online', workload: name, online: workload.online === false };
    if (kind < 9) return { kind: 'labels', workload: name, labels: randomLabels(random) };
    if (kind < 10) return { kind: 'mode', workload: name, mode: random.pick(ENFORCEMENT_MODES) };
    if (kind < 11 && lists.length > 0) {
      const ranges = ['0.0.0.0/0', '::/0', '10.1.0.0/24', '2001:db8:1::/64', '198.51.100.11'];
      return { kind: 'ranges', list: random.pick(lists).name, ranges: random.some(ranges, 1, 3) };
    }
    const rule = random.pick(rules);
    return { kind: 'enabled', rule: rule.name ?? '', enabled: rule.enabled === false };
  });
}

function randomAddressMove(random: Random, workload: Workload): Move {
  const { name: device } = random.pick(workload.interfaces ?? []);
  const isEndpoint = workload.type === 'endpoint';
  return {
    kind: 'address',
    workload: workload.name,
    device,
    // numbers that no host was given at first
    addresses: random.times(1, 2, () => randomAddress(random, 100 + random.int(100))),
    ...(isEndpoint && { profile: random.pick<Profile>(['corporate', 'external']) }),
  };
}

/** The document after the changes, in their order. Those of what is not there change nothing. */
export function afterMoves(document: ScenarioDocument, moves: readonly Move[]): ScenarioDocument {
  return moves.reduce(afterMove, document);
}

function afterMove(document: ScenarioDocument, move: Move): ScenarioDocument {
  switch (move.kind) {
    case 'address':
      return onWorkload(document, move.workload, ({ interfaces, ...workload }) => ({
        ...workload,
        interfaces: interfaces?.map((item) =>
          item.name !== move.device
            ? item
            : {
                ...item,
                addresses: [...move.addresses],
                ...(move.profile !== undefined && { network_profile: move.profile }),
              },
        ),
      }));
    case 'online':
      return onWorkload(document, move.workload, (item) => ({ ...item, online: move.online }));
    case 'labels':
      return onWorkload(document, move.workload, (item) => ({ ...item, labels: move.labels }));
    case 'mode':
      return onWorkload(document, move.workload, (item) => ({
        ...item,
        enforcement_mode: move.mode,
      }));
    case 'ranges':
      return {
        ...document,
        ip_lists: document.ip_lists?.map((item) => {
          if (item.name !== move.list) return item;
          const { exclusions: _, ...list } = item;
          return { ...list, ranges: [...move.ranges] };
        }),
      };
    case 'enabled':
      return {
        ...document,
        rulesets: document.rulesets?.map((ruleSet) => ({
          ...ruleSet,
          rules: ruleSet.rules.map((rule) =>
            rule.name === move.rule ? { ...rule, enabled: move.enabled } : rule,
          ),
        })),
      };
  }
}

function onWorkload(
  document: ScenarioDocument,
  name: string,
  change: (workload: Workload) => Workload,
): ScenarioDocument {
  return {
    ...document,
    workloads: document.workloads?.map((item) => (item.name === name ? change(item) : item)),
  };
}
