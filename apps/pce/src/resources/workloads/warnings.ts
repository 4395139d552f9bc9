/** What is not wrong with a workload but will surprise somebody. */
import { venWarningSchema } from '@bulkhead/contract';
import { formatSpan, isPeerAddress, networkOf, parseAddress } from '@bulkhead/net';
import { VEN_CAPABILITIES, venCan } from '@bulkhead/policy';
import { z } from 'zod';
import type { WorkloadRow } from './query.ts';

/** Shorter prefixes never stand for a subnet (policy model, Use Workload Subnets). */
const SHORTEST_SUBNET = { 4: 8, 6: 32 } as const;

const ENDPOINT_NEEDS = [
  { capability: 'external_interfaces', token: 'ven_without_external_interfaces' },
  { capability: 'network_detection', token: 'ven_without_network_detection' },
] as const;

export function workloadWarnings(row: WorkloadRow): { token: string; message: string }[] {
  if (!row.managed || row.deleted) return [];
  return [...widePrefixes(row), ...oldVen(row), ...hostTrouble(row)];
}

/** FR-30: /8 is the shortest that stands for a subnet, and as a rule not the network of one interface. */
function widePrefixes(row: WorkloadRow): { token: string; message: string }[] {
  return row.interfaces.flatMap((item) => {
    const address = parseAddress(item.address);
    const prefix = item.cidr_block;
    if (item.network !== 'corporate' || item.loopback || prefix === null) return [];
    if (address === null || !isPeerAddress(address)) return [];
    const shortest = SHORTEST_SUBNET[address.family];
    const reported = `${item.name} reports ${item.address}/${prefix}`;
    if (prefix < shortest)
      return [
        {
          token: 'subnet_too_large',
          message: `${reported}; a prefix shorter than /${shortest} is no workload subnet, so rules with Use Workload Subnets get the address alone`,
        },
      ];
    if (prefix > shortest || address.family === 6) return [];
    return [
      {
        token: 'subnet_wide',
        message: `${reported}, the mask of an address class, as tunnels without a network of their own do; rules with Use Workload Subnets let the whole of ${formatSpan(networkOf(address, prefix))} in`,
      },
    ];
  });
}

/** What an older VEN lacks (R-SYS-4). */
function oldVen({ ven }: WorkloadRow): { token: string; message: string }[] {
  if (ven?.ven_type !== 'endpoint') return [];
  return ENDPOINT_NEEDS.filter(({ capability }) => !venCan(ven.version, capability)).map(
    ({ capability, token }) => ({
      token,
      message: `VEN ${ven.version} ${VEN_CAPABILITIES[capability].lacking}`,
    }),
  );
}

/** What the VEN itself warns of, such as a connection table that is nearly full (FR-53). */
function hostTrouble({ ven }: WorkloadRow): { token: string; message: string }[] {
  const { data = [] } = z.array(venWarningSchema).safeParse(ven?.health['warnings']);
  return data;
}
