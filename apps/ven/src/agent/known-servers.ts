/** Where the PCE and the DNS servers of this host are: what a plan must know to leave the way to them open. */
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { messageOf, type Log } from './log.ts';

export interface KnownServersDeps {
  readonly pceHost: string;
  /** Those of the last run, for a start without DNS. */
  readonly lastAddresses: readonly string[];
  readonly readResolvers: () => Promise<readonly string[]>;
  readonly persist: (pceAddresses: readonly string[]) => Promise<void>;
  readonly log: Log;
}

export interface KnownServers {
  pce(): readonly string[];
  resolvers(): readonly string[];
  /** Learns them anew; answers whether they changed. */
  learn(): Promise<boolean>;
}

export async function createKnownServers(deps: KnownServersDeps): Promise<KnownServers> {
  const isAddress = isIP(deps.pceHost) !== 0;
  let pce: readonly string[] = isAddress ? [deps.pceHost] : deps.lastAddresses;
  let resolvers = await deps.readResolvers();

  async function resolvePce(): Promise<readonly string[]> {
    if (isAddress) return pce;
    try {
      const found = await dns.lookup(deps.pceHost, { all: true });
      return [...new Set(found.map(({ address }) => address))].sort();
    } catch (error) {
      deps.log.warn('the PCE’s name could not be resolved', {
        name: deps.pceHost,
        reason: messageOf(error),
      });
      return pce;
    }
  }

  return {
    pce: () => pce,
    resolvers: () => resolvers,
    async learn() {
      const resolversNow = await deps.readResolvers();
      const pceNow = await resolvePce();
      const moved = !same(pceNow, pce);
      const changed = moved || !same(resolversNow, resolvers);
      pce = pceNow;
      resolvers = resolversNow;
      if (moved) await deps.persist(pceNow);
      return changed;
    },
  };
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}
