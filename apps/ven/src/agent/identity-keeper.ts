/** Holds the identity of this VEN and renews its token: on disk before it is used, so that a kill costs nothing. */
import type { VenToken } from '@bulkhead/contract';
import type { Identity } from './identity.ts';

export interface IdentityKeeper {
  current(): Identity;
  token(): string;
  tokenIssuedAt(): Date;
  renew(ask: () => Promise<VenToken>): Promise<void>;
  /** Another VEN of the same PCE: this machine is a copy. */
  become(other: { ven_uuid: string; token: string }, machineId: string): Promise<void>;
}

export function keepIdentity(
  identity: Identity,
  persist: (identity: Identity) => Promise<void>,
  now: () => Date,
): IdentityKeeper {
  let current = identity;
  async function take(change: Partial<Identity>): Promise<void> {
    const next = { ...current, ...change };
    await persist(next);
    current = next;
  }
  return {
    current: () => current,
    token: () => current.token,
    tokenIssuedAt: () => new Date(current.token_issued_at ?? current.activated_at),
    async renew(ask) {
      const { token } = await ask();
      await take({ token, token_issued_at: now().toISOString() });
    },
    become: ({ ven_uuid: uuid, token }, machineId) =>
      take({
        ven_uuid: uuid,
        token,
        token_issued_at: now().toISOString(),
        machine_id: machineId,
      }),
  };
}
