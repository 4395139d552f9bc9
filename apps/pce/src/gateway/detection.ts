/** Network profile detection: corporate is who reaches the PCE from a corporate public IP (R-NET-2, R-NET-3). */
import {
  joinSpans,
  parseAddress,
  parseSpan,
  spansHold,
  unmapAddress,
  type AddressSpan,
} from '@bulkhead/net';
import type { NetworkProfile } from '@bulkhead/policy';
import type { Db } from '../db/database.ts';

export async function corporateSpans(db: Db, orgId: number): Promise<AddressSpan[]> {
  const rows = await db
    .selectFrom('corporate_ips')
    .select('ip_addresses')
    .where('org_id', '=', orgId)
    .execute();
  return joinSpans(
    rows
      .flatMap((row) => row.ip_addresses)
      .flatMap((text) => {
        const span = parseSpan(text);
        return span.ok && span.value.family === 4 ? [span.value] : [];
      }),
  );
}

/** `source` as the PCE sees it; IPv4 in IPv6 form counts as IPv4, IPv6 is never a corporate public IP. */
export function profileOf(source: string, corporate: readonly AddressSpan[]): NetworkProfile {
  const address = parseAddress(source);
  if (address === null) return 'external';
  return spansHold(corporate, unmapAddress(address)) ? 'corporate' : 'external';
}
