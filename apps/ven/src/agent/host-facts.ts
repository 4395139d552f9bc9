import type { HostFacts } from '@bulkhead/contract';
import type { Platform } from '../platform/port.ts';
import { VEN_VERSION } from '../version.ts';

/** The host as the PCE is told. */
export function reportFacts(platform: Platform): HostFacts {
  const host = platform.describe();
  return {
    hostname: host.hostname,
    os_platform: host.osPlatform,
    os_id: host.osId,
    os_detail: host.osDetail,
    version: VEN_VERSION,
    uptime_seconds: host.uptimeSeconds,
    machine_id: host.machineId,
    boot_id: host.bootId,
  };
}
