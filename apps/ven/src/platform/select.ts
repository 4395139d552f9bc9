import type { Platform } from './port.ts';

class PlatformError extends Error {
  override readonly name = 'PlatformError';
}

/** The platform of this host. Rejects with PlatformError where there is none. */
export async function selectPlatform(failed: (error: unknown) => void): Promise<Platform> {
  if (process.platform === 'linux') {
    const { createLinuxPlatform } = await import('./linux/linux-platform.ts');
    return createLinuxPlatform({ failed });
  }
  throw new PlatformError(`this VEN runs on Linux, not on ${process.platform}`);
}
