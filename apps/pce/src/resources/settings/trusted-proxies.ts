/** Proxies that an organization has set. */
import { z } from 'zod';
import { MAX_TRUSTED_PROXIES } from '@bulkhead/contract';
import { canonicalAddress } from '@bulkhead/net';
import { DomainError } from '../../http/domain-error.ts';
import type { Deps } from '../../deps.ts';
import type { Routes } from '../../http/routes.ts';
import { changeSetting } from './change-setting.ts';
import { readSetting, type Setting } from '../../db/settings.ts';

const stored = z.object({
  trusted_proxy_ips: z.array(z.object({ pce_fqdn: z.string().nullable(), ip: z.string() })),
});

export const TRUSTED_PROXIES: Setting<z.infer<typeof stored>> = {
  key: 'trusted_proxy_ips',
  schema: stored,
  defaults: { trusted_proxy_ips: [] },
};

export function trustedProxyRoutes(deps: Deps): Routes {
  return {
    'trusted_proxy_ips.get': async ({ db, orgId }) => ({
      max_trusted_proxy_ips_per_region: MAX_TRUSTED_PROXIES,
      ...(await readSetting(db, orgId, TRUSTED_PROXIES)),
    }),
    'trusted_proxy_ips.update': (context) =>
      changeSetting(deps, context, {
        setting: TRUSTED_PROXIES,
        eventType: 'trusted_proxy_ips.update',
        value: {
          trusted_proxy_ips: context.body.trusted_proxy_ips.map(({ pce_fqdn: fqdn, ip }, index) => {
            const address = canonicalAddress(ip);
            if (address === null)
              throw new DomainError(
                'invalid_ip_address',
                `trusted_proxy_ips[${index}].ip: "${ip}" is not an address; write the one address of the proxy`,
              );
            return { pce_fqdn: fqdn ?? null, ip: address };
          }),
        },
      }),
  };
}
