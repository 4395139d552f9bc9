/**
 * The VEN's own platform code in many namespaces at once: its renderer and read-back, its reader of the kernel's log records, and its
 * mapping of them to flow records. What is not here is the agent around it: pairing, channel, disk.
 */
import type { FlowRecord } from '@bulkhead/contract';
import { NFT_TABLE, parseRuleset, type FirewallPlan, type NftTable } from '@bulkhead/enforcement';
import { openFlowQueue } from '../../../apps/ven/src/agent/flow-queue.ts';
import { createFlowReporter } from '../../../apps/ven/src/agent/flow-reporter.ts';
import { loadLibc } from '../../../apps/ven/src/platform/linux/libc.ts';
import { createLinuxFirewall } from '../../../apps/ven/src/platform/linux/linux-firewall.ts';
import { createLinuxPlatform } from '../../../apps/ven/src/platform/linux/linux-platform.ts';
import { openElementSocket } from '../../../apps/ven/src/platform/linux/nft-socket.ts';
import { FirewallError } from '../../../apps/ven/src/platform/port.ts';
import { LabError, run } from '../network/commands.ts';
import type { Namespace } from './libc.ts';

/** A host could not be made to enforce its plan: the system refused it, or has something else than planned. */
export class EnforceError extends LabError {
  override readonly name = 'EnforceError';
}

/** What enforces on one host. */
export interface Enforcer {
  readonly namespace: Namespace;
  /** Applies the plan and reads it back. Rejects with EnforceError. */
  readonly enforce: (plan: FirewallPlan) => Promise<void>;
  /**
   * Moves from what is enforced to a plan with other members or interfaces: elements alone where that is enough, else the whole. Reads it
   * back, too. Rejects with EnforceError.
   */
  readonly move: (before: FirewallPlan, after: FirewallPlan) => Promise<void>;
  /** Flow records since it was last asked. */
  readonly records: () => Promise<readonly FlowRecord[]>;
  /** Our table as the kernel has it. */
  readonly table: () => Promise<NftTable>;
  readonly close: () => void;
}

export interface Vens {
  readonly start: (namespace: Namespace) => Promise<Enforcer>;
  readonly close: () => Promise<void>;
}

async function refusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FirewallError) throw new EnforceError(error.message, { cause: error });
    throw error;
  }
}

/** One reader of log records serves every namespace: each of its sockets is where it was opened. */
export async function createVens(): Promise<Vens> {
  const troubles: string[] = [];
  const trouble = (words: unknown): void => void troubles.push(String(words));
  const libc = await loadLibc();
  const platform = await createLinuxPlatform({ failed: trouble });
  const log = { info: () => {}, warn: trouble, error: trouble };
  return {
    async start(namespace) {
      let plan: FirewallPlan | null = null;
      let gathered: FlowRecord[] = [];
      const reporter = await createFlowReporter({
        logEntry: (prefix) => plan?.logIndex.get(prefix),
        profileOf: () => 'corporate',
        send: (report) => {
          gathered.push(...report.flows);
          return Promise.resolve();
        },
        persistSequence: () => Promise.resolve(),
        firstSequence: 1,
        ownerOf: () => Promise.resolve({ process: null, user: null }),
        // what is read at once needs no disk
        openQueue: (lost) => openFlowQueue('/nonexistent', lost, log),
        log,
        now: () => new Date(),
      });
      const elements = namespace.run(() => openElementSocket(libc));
      const firewall = createLinuxFirewall({
        watch: () => () => undefined,
        moveElements: (changes) => elements.move(changes),
        ownProcess: () => undefined,
      });
      async function readBack(expected: FirewallPlan): Promise<void> {
        plan = expected;
        const differences = await namespace.run(() => firewall.differences(expected));
        if (differences.length === 0) return;
        throw new EnforceError(`the kernel is not as planned: ${differences.join('; ')}`);
      }
      const stopWatching = namespace.run(() =>
        platform.watchFlows((packets) => reporter.observe(packets)),
      );
      return {
        namespace,
        async enforce(next) {
          await refusable(() => namespace.run(() => firewall.apply(next)));
          await readBack(next);
        },
        async move(before, after) {
          const isMoved = await refusable(() => namespace.run(() => firewall.move(before, after)));
          if (!isMoved) await refusable(() => namespace.run(() => firewall.apply(after)));
          await readBack(after);
        },
        async records() {
          if (troubles.length > 0) throw new LabError(troubles.join('; '));
          await reporter.flush();
          const records = gathered;
          gathered = [];
          return records;
        },
        table: async () =>
          parseRuleset(
            await namespace.run(() => run('nft', ['-j', '-n', 'list', 'table', 'inet', NFT_TABLE])),
          ),
        close() {
          stopWatching();
          elements.close();
        },
      };
    },
    close: () => platform.close(),
  };
}
