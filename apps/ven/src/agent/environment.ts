/** The compatibility report (R-VEN-7): what the system says of itself, and how far the PCE is. */
import { worstStatus, type CompatibilityCheck, type QualifyStatus } from '@bulkhead/contract';
import type { Platform } from '../platform/port.ts';
import { clockDifference } from './clock.ts';
import { messageOf } from './log.ts';
import type { PceClient } from './pce-client.ts';

export interface EnvironmentReport {
  readonly status: QualifyStatus;
  readonly checks: readonly CompatibilityCheck[];
}

/** `client` null: no PCE is known, and nothing is said of one. */
export async function checkEnvironment(
  platform: Pick<Platform, 'checkEnvironment'>,
  client: Pick<PceClient, 'time'> | null,
  now: () => Date,
): Promise<EnvironmentReport> {
  const [own, pce] = await Promise.all([
    platform.checkEnvironment(),
    client === null ? [] : checkPce(client, now),
  ]);
  const checks = [...own, ...pce];
  return { status: worstStatus(checks), checks };
}

async function checkPce(
  client: Pick<PceClient, 'time'>,
  now: () => Date,
): Promise<CompatibilityCheck[]> {
  try {
    const time = await client.time();
    const difference = time === null ? null : clockDifference(now(), time);
    return [
      { name: 'pce_connection', status: 'green', detail: 'the PCE answers' },
      difference === null
        ? { name: 'clock', status: 'green', detail: 'the clock agrees with the PCE’s' }
        : { name: 'clock', status: 'red', detail: difference },
    ];
  } catch (error) {
    return [{ name: 'pce_connection', status: 'red', detail: messageOf(error).slice(0, 1024) }];
  }
}
