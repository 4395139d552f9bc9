/** Whether the VEN is suspended, and whether the PCE knows (R-VEN-9). On disk, so that it holds over restarts. */
import { z } from 'zod';
import type { VenStatusRequest } from '@bulkhead/contract';
import { messageOf, type Log } from './log.ts';

export const suspensionSchema = z.object({ suspended: z.boolean(), told: z.boolean() });
export type Suspension = z.infer<typeof suspensionSchema>;
export const NEVER_SUSPENDED: Suspension = { suspended: false, told: true };

const RETRY_MS = 60_000;

/** Where it is kept. */
export interface SuspensionStore {
  readSuspension(): Promise<Suspension>;
  writeSuspension(suspension: Suspension): Promise<void>;
}

/** Tells the PCE what it does not know yet. Answers whether it knows now. */
export async function tellSuspension(
  store: SuspensionStore,
  setStatus: (status: VenStatusRequest['status']) => Promise<void>,
  log: Log,
): Promise<boolean> {
  const { suspended, told } = await store.readSuspension();
  if (told) return true;
  try {
    await setStatus(suspended ? 'suspended' : 'active');
  } catch (error) {
    log.info('the PCE could not be told yet that the VEN is suspended or goes on', {
      suspended,
      reason: messageOf(error),
    });
    return false;
  }
  // it may have been changed while the PCE was told
  if ((await store.readSuspension()).suspended !== suspended) return false;
  await store.writeSuspension({ suspended, told: true });
  return true;
}

/** Tries again until the PCE knows. Returns a function that ends it. */
export function keepTelling(tell: () => Promise<boolean>): () => void {
  const timer = setInterval(() => {
    void tell().then((known) => {
      if (known) clearInterval(timer);
    });
  }, RETRY_MS);
  return () => clearInterval(timer);
}
