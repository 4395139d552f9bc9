/** nftables: whole plans and member updates by `nft -f -`, read back by `nft -j`. */
import {
  compareSetsWithPlan,
  compareWithPlan,
  connectionsToCut,
  kernelSetNames,
  NFT_ABSENT,
  NFT_TABLE,
  parseRuleset,
  renderCut,
  renderInterfaceDelta,
  renderNftables,
  renderSetDelta,
  withInterfaces,
  withSetDelta,
  type FirewallPlan,
  type NftDifference,
  type NftTable,
} from '@bulkhead/enforcement';
import { z } from 'zod';
import { FirewallError, type Firewall, type PlanStep } from '../port.ts';
import { CommandError, runCommand } from './command.ts';
import { parseConntrack, type KernelConnection } from './conntrack.ts';

/** Left behind by `unpair recommended`: gone with the next reboot, as it is in no file. */
const UNPAIRED_TABLE = 'bulkhead_unpaired';
const REMOTE_MANAGEMENT_PORTS = '22';
/** Above, one listing of the whole table costs less. */
const SETS_LISTED_SINGLY = 12;
const CUT_FOR_MS = 5 * 60_000;

export interface LinuxFirewallDeps {
  readonly watch: Firewall['watch'];
  /** Ids of processes of ours that change the firewall. */
  readonly ownProcess: (pid: number) => void;
}

export function createLinuxFirewall(deps: LinuxFirewallDeps): Firewall {
  let cuts: { readonly at: number; readonly connection: KernelConnection }[] = [];

  async function transact(text: string): Promise<void> {
    if (text === '') return;
    try {
      await runCommand('nft', ['-f', '-'], { input: text, started: deps.ownProcess });
    } catch (error) {
      if (error instanceof CommandError) {
        throw new FirewallError(`nft refused the change: ${error.stderr || error.message}`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  async function readTable(): Promise<NftTable> {
    try {
      return parseRuleset(
        await runCommand('nft', ['-j', '-n', 'list', 'table', 'inet', NFT_TABLE]),
      );
    } catch (error) {
      if (error instanceof CommandError && error.stderr.includes('No such file or directory')) {
        return NFT_ABSENT;
      }
      throw error;
    }
  }

  /** One listing each: nft 1.0.6 finds only the last of several sets. */
  async function readSets(names: readonly string[]): Promise<NftTable> {
    const tables = await Promise.all(
      names.map(async (name) =>
        parseRuleset(await runCommand('nft', ['-j', '-n', 'list', 'set', 'inet', NFT_TABLE, name])),
      ),
    );
    return { exists: true, chains: [], sets: tables.flatMap((table) => table.sets) };
  }

  /** Connections cut in the last five minutes; a table that is replaced whole forgets them. */
  function recentCuts(): KernelConnection[] {
    cuts = cuts.filter(({ at }) => Date.now() - at < CUT_FOR_MS);
    return cuts.map(({ connection }) => connection);
  }

  function renderStep(plan: FirewallPlan, step: PlanStep): { text: string; next: FirewallPlan } {
    if (step.kind === 'set') {
      return { text: renderSetDelta(plan, step.delta), next: withSetDelta(plan, step.delta) };
    }
    return {
      text: renderInterfaceDelta(plan, step.interfaces),
      next: withInterfaces(plan, step.interfaces),
    };
  }

  return {
    watch: deps.watch,
    apply: (plan) => transact(renderNftables(plan) + renderCut(plan, recentCuts())),
    async update(plan, steps) {
      let next = plan;
      let text = '';
      for (const step of steps) {
        const rendered = renderStep(next, step);
        text += rendered.text;
        next = rendered.next;
      }
      await transact(text);
      return next;
    },
    differences: async (plan) => compareWithPlan(plan, await readTable()).map(describe),
    async stepDifferences(plan, steps) {
      const ids = steps.flatMap((step) => (step.kind === 'set' ? [step.delta.id] : []));
      const interfaces = steps.some((step) => step.kind === 'interfaces');
      const names = kernelSetNames(plan, [...new Set(ids)], interfaces);
      if (!plan.ownsTable || names.length === 0) return [];
      if (names.length > SETS_LISTED_SINGLY) {
        return compareWithPlan(plan, await readTable()).map(describe);
      }
      return compareSetsWithPlan(plan, names, await readSets(names)).map(describe);
    },
    async cut(plan) {
      if (!plan.ownsTable) return 0;
      const tracked = parseConntrack(await runCommand('conntrack', ['-L', '-o', 'extended']));
      const blocked = connectionsToCut(plan, tracked);
      if (blocked.length === 0) return 0;
      await transact(renderCut(plan, blocked));
      cuts.push(...blocked.map((connection) => ({ at: Date.now(), connection })));
      for (const connection of blocked) {
        try {
          await runCommand('conntrack', ['-D', ...connection.deleteArguments]);
        } catch (error) {
          // it may have ended by itself in the meantime
          if (!(error instanceof CommandError && error.stderr.includes('0 flow entries')))
            throw error;
        }
      }
      return blocked.length;
    },
    async restore(restore, venType) {
      await transact(
        [NFT_TABLE, UNPAIRED_TABLE]
          .map((table) => `table inet ${table}\ndelete table inet ${table}\n`)
          .join(''),
      );
      if (restore === 'recommended' && venType === 'server') await transact(remoteManagementOnly());
      const others = await foreignFilters();
      if (restore !== 'open' || others.length === 0) return null;
      return `The host's own firewall still filters: ${others.join(', ')}. Illumio does not change it.`;
    },
  };
}

function describe({ kind, name, change, detail }: NftDifference): string {
  return `${kind} ${name} ${change}: ${detail}`;
}

function remoteManagementOnly(): string {
  return [
    `table inet ${UNPAIRED_TABLE}`,
    `delete table inet ${UNPAIRED_TABLE}`,
    `table inet ${UNPAIRED_TABLE} {`,
    '  chain input {',
    '    type filter hook input priority 0; policy drop;',
    '    iifname "lo" accept',
    '    ct state established,related accept',
    '    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept',
    '    icmpv6 type { 1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 137, 143 } accept',
    '    udp sport 67 udp dport 68 accept',
    '    udp sport 547 udp dport 546 accept',
    `    tcp dport ${REMOTE_MANAGEMENT_PORTS} accept`,
    '  }',
    '}',
    '',
  ].join('\n');
}

const chainsSchema = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          type: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

/** Tables of others that have filter chains, such as `ip filter`. */
async function foreignFilters(): Promise<string[]> {
  const listed = chainsSchema.parse(JSON.parse(await runCommand('nft', ['-j', 'list', 'chains'])));
  const tables = listed.nftables.flatMap(({ chain }) =>
    chain?.type === 'filter' && chain.table !== NFT_TABLE && chain.table !== UNPAIRED_TABLE
      ? [`table ${chain.family} ${chain.table}`]
      : [],
  );
  return [...new Set(tables)];
}
