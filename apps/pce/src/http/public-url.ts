import type { Deps } from '../deps.ts';

/** Base URL of this PCE by its public name, without a slash at its end. */
export function publicUrl({ config, address }: Pick<Deps, 'config' | 'address'>): string {
  return `https://${config.fqdn}${address.port === 443 ? '' : `:${address.port}`}`;
}
