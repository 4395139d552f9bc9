/** Labels and workloads as the policy core takes them: they count as soon as they are stored, without provisioning. */
import type { Selectable } from 'kysely';
import type { Label, OsFamily, Workload, WorkloadInterface } from '@bulkhead/policy';
import { isPeerAddress, parseAddress } from '@bulkhead/net';
import type { LabelsTable, StoredInterface, VensTable, WorkloadsTable } from '../db/database.ts';
import { objectHref } from '@bulkhead/contract';

export function labelFromRow(
  row: Pick<Selectable<LabelsTable>, 'id' | 'org_id' | 'key' | 'value'>,
): Label {
  return { href: objectHref(row.org_id, 'labels', row.id), key: row.key, value: row.value };
}

type WorkloadRow = Pick<
  Selectable<WorkloadsTable>,
  | 'id'
  | 'org_id'
  | 'managed'
  | 'ven_type'
  | 'os_type'
  | 'name'
  | 'hostname'
  | 'labels'
  | 'enforcement_mode'
  | 'visibility_level'
  | 'blocked_connection_action'
  | 'online'
  | 'interfaces'
  | 'ignored_interface_names'
>;

const OS_FAMILIES_OF = {
  linux: 'linux',
  windows: 'windows',
  mac: 'darwin',
  unknown: null,
} as const satisfies Record<WorkloadRow['os_type'], OsFamily | null>;

/** Of the VEN that a workload has or had: version as `X.Y.Z-BUILD`, and status. Null where there never was one. */
export interface VenFacts {
  readonly version: string | null;
  readonly status: Selectable<VensTable>['status'] | null;
}

/** What a VEN says counts on managed workloads only. */
export function workloadFromRow(row: WorkloadRow, ven: VenFacts): Workload {
  const type = row.managed ? (row.ven_type ?? 'server') : 'unmanaged';
  return {
    href: objectHref(row.org_id, 'workloads', row.id),
    name: row.name ?? row.hostname ?? row.id,
    type,
    labels: row.labels,
    enforcementMode: row.enforcement_mode,
    visibilityLevel: row.visibility_level,
    blockedConnectionAction: row.blocked_connection_action,
    venVersion: row.managed ? (ven.version?.split('-')[0] ?? null) : null,
    // Nobody watches an unmanaged workload: it is always among the peers of others.
    online: row.managed ? row.online : true,
    suspended: row.managed && ven.status === 'suspended',
    osFamily: row.managed ? OS_FAMILIES_OF[row.os_type] : null,
    interfaces: interfacesOf(row.interfaces, new Set(row.ignored_interface_names)),
  };
}

function interfacesOf(
  stored: readonly StoredInterface[],
  ignored: ReadonlySet<string>,
): WorkloadInterface[] {
  const byName = new Map<string, StoredInterface[]>();
  for (const item of stored) {
    if (item.loopback || ignored.has(item.name)) continue;
    const list = byName.get(item.name);
    if (list === undefined) byName.set(item.name, [item]);
    else list.push(item);
  }
  return [...byName].flatMap(([name, items]) => {
    const [first] = items;
    if (first === undefined) return [];
    const addresses = items.flatMap((item) => {
      const address = parseAddress(item.address);
      if (address === null || !isPeerAddress(address)) return [];
      return [
        {
          address: item.address,
          prefixLength: item.cidr_block ?? (address.family === 4 ? 32 : 128),
        },
      ];
    });
    return [
      {
        name,
        addresses,
        gateway:
          items.find((item) => item.default_gateway_address !== null)?.default_gateway_address ??
          null,
        linkState: first.link_state,
        networkProfile: first.network,
      },
    ];
  });
}
