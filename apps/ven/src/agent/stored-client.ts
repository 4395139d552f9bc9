import { createPceClient, type PceAddress, type PceClient } from './pce-client.ts';
import type { Identity } from './identity.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';

export interface Activated {
  readonly identity: Identity;
  readonly settings: Settings;
  readonly pce: PceAddress;
}

/** What activation left on disk; null: this VEN is not activated. */
export async function readActivated(store: Store): Promise<Activated | null> {
  const [identity, settings, ca] = await Promise.all([
    store.readIdentity(),
    store.readSettings(),
    store.readCa(),
  ]);
  if (identity === null || settings === null) return null;
  return {
    identity,
    settings,
    pce: { host: settings.managementServer, port: settings.port, ca },
  };
}

/** A client with the identity that is on disk. */
export function clientOf({ identity, pce }: Activated): PceClient {
  return createPceClient(pce, identity.token);
}
