/** What a VEN reports of its interfaces, as the PCE keeps it: one entry per address. */
import type { ReportedInterface } from '@bulkhead/contract';
import { canonicalAddress } from '@bulkhead/net';
import { venCan } from '@bulkhead/policy';
import type { StoredInterface } from '../db/database.ts';
import { DomainError } from '../http/domain-error.ts';

/**
 * Servers have no external interfaces (R-NET-8), whatever they report, and of an endpoint whose VEN does not manage external ones they
 * are none of ours (R-NET-4). Throws for what is no address.
 */
export function storedInterfaces(
  reported: readonly ReportedInterface[],
  venType: 'server' | 'endpoint',
  venVersion: string,
): StoredInterface[] {
  const keepsExternal = venType === 'server' || venCan(venVersion, 'external_interfaces');
  const kept = reported.filter((item) => keepsExternal || item.network_profile === 'corporate');
  return kept.flatMap((item) =>
    item.addresses.map(({ address, prefix_length: prefixLength }) => {
      const canonical = addressOf(address, item.name);
      const family = canonical.includes(':') ? 6 : 4;
      if (family === 4 && prefixLength > 32)
        throw new DomainError(
          'invalid_ip_address',
          `The prefix length ${prefixLength} of ${canonical} on ${item.name} must be 0 to 32`,
        );
      const gateway = item.gateway === null ? null : addressOf(item.gateway, item.name);
      return {
        name: item.name,
        friendly_name: null,
        address: canonical,
        cidr_block: prefixLength,
        default_gateway_address:
          gateway === null || gateway.includes(':') === (family === 6) ? gateway : null,
        link_state: item.link_state,
        loopback: canonical === '::1' || canonical.startsWith('127.'),
        network: venType === 'server' ? 'corporate' : item.network_profile,
        network_detection_mode: null,
      };
    }),
  );
}

/** True when neither policy nor people would see a difference. */
export function sameInterfaces(
  left: readonly StoredInterface[],
  right: readonly StoredInterface[],
): boolean {
  const keys = (items: readonly StoredInterface[]): string =>
    JSON.stringify(items.map(keyOf).toSorted());
  return keys(left) === keys(right);
}

function keyOf(item: StoredInterface): string {
  return JSON.stringify([
    item.name,
    item.address,
    item.cidr_block,
    item.default_gateway_address,
    item.link_state,
    item.network,
  ]);
}

function addressOf(text: string, name: string): string {
  const canonical = canonicalAddress(text);
  if (canonical === null)
    throw new DomainError(
      'invalid_ip_address',
      `"${text}" on interface ${name} is not an IP address`,
    );
  return canonical;
}
