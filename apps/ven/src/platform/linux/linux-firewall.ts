/** nftables: whole plans by `nft -f -`, read back by `nft -j`; moves of members by netlink. */
import {
  compareWithPlan,
  connectionsToCut,
  elementChanges,
  NFT_ABSENT,
  NFT_TABLE,
  parseRuleset,
  renderCut,
  renderNftables,
  type ElementChange,
  type NftDifference,
  type NftTable,
} from '@bulkhead/enforcement';
import { z } from 'zod';
import { FirewallError, type Firewall } from '../port.ts';
import { CommandError, runCommand } from './command.ts';
import { parseConntrack, type KernelConnection } from './conntrack.ts';
import { listeningPorts } from './listening-ports.ts';

/** Left behind by `unpair recommended`: gone with the next reboot, as it is in no file. */
const UNPAIRED_TABLE = 'bulkhead_unpaired';
const REMOTE_MANAGEMENT_PORTS = '22';
const CUT_FOR_MS = 5 * 60_000;

export interface LinuxFirewallDeps {
  readonly watch: Firewall['watch'];
  /** All of it or nothing. Throws FirewallError. */
  readonly moveElements: (changes: readonly ElementChange[]) => void;
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

  /** Connections cut in the last five minutes; a table that is replaced whole forgets them. */
  function recentCuts(): KernelConnection[] {
    cuts = cuts.filter(({ at }) => Date.now() - at < CUT_FOR_MS);
    return cuts.map(({ connection }) => connection);
  }

  const trackedConnections = async (): Promise<KernelConnection[]> =>
    parseConntrack(await runCommand('conntrack', ['-L', '-o', 'extended']));

  return {
    watch: deps.watch,
    apply: (plan) => transact(renderNftables(plan) + renderCut(plan, recentCuts())),
    async move(before, after) {
      const changes = elementChanges(before, after);
      if (changes === null) return false;
      deps.moveElements(changes);
      return true;
    },
    async differences(plan) {
      const found = compareWithPlan(plan, await readTable());
      // while the kernel makes a large hash set larger, a listing of it may leave members out
      const isOnlyMembers = found.every(
        ({ kind, change }) => kind === 'set' && change === 'changed',
      );
      if (found.length === 0 || !isOnlyMembers) return found.map(describe);
      return compareWithPlan(plan, await readTable()).map(describe);
    },
    async peersInUse(addresses) {
      const used = new Set(
        (await trackedConnections()).flatMap((tracked) => [
          tracked.sourceAddress,
          tracked.destinationAddress,
        ]),
      );
      return new Set(addresses.filter((address) => used.has(address)));
    },
    async cut(plan) {
      if (!plan.ownsTable) return 0;
      const blocked = connectionsToCut(plan, await trackedConnections(), await listeningPorts());
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
