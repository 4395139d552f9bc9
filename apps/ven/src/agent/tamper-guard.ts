/** Watches our part of the firewall; what somebody else changed is put back and told. */
import type { VenMessage } from '@bulkhead/contract';
import type { Firewall } from '../platform/port.ts';
import { messageOf, type Log } from './log.ts';

const SETTLE_MS = 50;
const RETRY_MS = 500;

export interface TamperGuardDeps {
  readonly firewall: Firewall;
  /** Puts back what differs and answers the differences that there were. */
  readonly repair: () => Promise<readonly string[]>;
  readonly tell: (message: VenMessage) => void;
  readonly log: Log;
}

export function createTamperGuard(deps: TamperGuardDeps): { close(): void } {
  let timer: NodeJS.Timeout | null = null;
  let by: string | null = null;
  let closed = false;

  async function check(): Promise<void> {
    const who = by;
    by = null;
    const suffix = who === null ? '' : ` (changed by ${who})`;
    try {
      const differences = await deps.repair();
      if (differences.length === 0) return;
      const detail = `${differences.slice(0, 5).join('; ')}${suffix}`;
      deps.log.warn('the firewall was changed by somebody else and put back', { detail });
      deps.tell({ type: 'tampering', detail: detail.slice(0, 4096), reverted: true });
    } catch (error) {
      const detail = `${messageOf(error)}${suffix}`;
      deps.log.error('the firewall was changed and could not be put back', { detail });
      deps.tell({ type: 'tampering', detail: detail.slice(0, 4096), reverted: false });
      schedule(RETRY_MS);
    }
  }

  function schedule(wait: number): void {
    if (closed || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      void check();
    }, wait);
  }

  const stop = deps.firewall.watch((change) => {
    by = change.by ?? by;
    schedule(SETTLE_MS);
  });
  return {
    close() {
      closed = true;
      stop();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
