/** What the commands of illumio-ven-ctl share. */
import type { Command } from 'commander';
import { NotActivatedError } from './agent/agent.ts';
import { checkMaintenanceToken } from './agent/maintenance.ts';
import { openStore, type Store } from './agent/store.ts';
import type { Platform } from './platform/port.ts';
import { selectPlatform } from './platform/select.ts';

/** Arguments that cannot be meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface CtlContext {
  readonly out: (text: string) => void;
  store(): Store;
  /** Rejects with NotActivatedError. */
  activatedStore(): Promise<Store>;
  /** What a command did, one line each; as JSON with further members where asked. */
  tell(json: boolean | undefined, messages: readonly string[], more?: object): void;
}

export function ctlContext(program: Command, out: (text: string) => void): CtlContext {
  const store = (): Store => openStore(program.opts<{ dataDir: string }>().dataDir);
  return {
    out,
    store,
    async activatedStore() {
      const opened = store();
      if ((await opened.readIdentity()) === null) {
        throw new NotActivatedError('the VEN is not activated: run "illumio-ven-ctl activate"');
      }
      return opened;
    },
    tell(json, messages, more = {}) {
      out(
        json === true
          ? `${JSON.stringify({ ...more, messages }, null, 2)}\n`
          : messages.map((line) => `${line}\n`).join(''),
      );
    },
  };
}

/** Rejects with MaintenanceError where the organization asks for a token and this one does not open the VEN (R-VEN-6). */
export async function authorize(store: Store, token: string | undefined): Promise<void> {
  const [organization, identity] = await Promise.all([
    store.readOrganization(),
    store.readIdentity(),
  ]);
  if (!organization.maintenanceTokenRequired || identity === null) return;
  checkMaintenanceToken(token ?? null, identity, new Date());
}

export async function withPlatform<Result>(
  work: (platform: Platform) => Promise<Result>,
): Promise<Result> {
  const platform = await selectPlatform(() => undefined);
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
}
