/** What is said of workloads by their interfaces. */
import {
  formatAddress,
  isPeerAddress,
  parseAddress,
  parsePrefix,
  type Address,
  type AddressSpan,
} from '@bulkhead/net';
import type { InterfaceAddress, PolicyModel, Workload } from '../model.ts';
import type { Diagnostic, DiagnosticPlace } from './diagnostic.ts';
import { finding, listed } from './finding.ts';

/** Shorter prefixes never stand for a subnet (PS-23). */
const SHORTEST_SUBNET = { 4: 8, 6: 32 } as const;

/** Whether a workload has an address by which it could be a peer; one that is elsewhere will have a corporate one again. */
export function hasPeerAddress(workload: Workload): boolean {
  return workload.interfaces.some(({ addresses }) =>
    addresses.some(({ address }) => peerAddress(address) !== null),
  );
}

/** Whether a managed workload is a peer by an address with a host prefix that no pool holds. */
export function reportsHostPrefix(workload: Workload, pools: readonly AddressSpan[]): boolean {
  if (workload.type === 'unmanaged' || !workload.online) return false;
  return peeringOf(workload).some(
    ({ address, prefixLength }) =>
      prefixLength === (address.family === 4 ? 32 : 128) &&
      !pools.some(
        ({ family, first, last }) =>
          family === address.family && first <= address.value && address.value <= last,
      ),
  );
}

export function poolSpans(texts: readonly string[]): AddressSpan[] {
  return texts.flatMap((text) => {
    const parsed = parsePrefix(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

export function workloadFindings(model: PolicyModel): Diagnostic[] {
  return [...model.workloads.flatMap(refusedSubnets), ...duplicateAddresses(model)];
}

/** An address by which a workload is a peer, and where it stands. */
interface Peering extends Pick<InterfaceAddress, 'prefixLength'> {
  readonly address: Address;
  readonly interfaceName: string;
  /** Path within the workload. */
  readonly field: string;
}

/** PS-20 */
function peeringOf(workload: Workload): Peering[] {
  return workload.interfaces.flatMap(({ name, networkProfile, addresses }, at) => {
    if (workload.type === 'endpoint' && networkProfile !== 'corporate') return [];
    return addresses.flatMap(({ address: text, prefixLength }, index) => {
      const address = peerAddress(text);
      if (address === null) return [];
      const field = `interfaces[${at}].addresses[${index}]`;
      return [{ address, prefixLength, interfaceName: name, field }];
    });
  });
}

function peerAddress(text: string): Address | null {
  const address = parseAddress(text);
  return address !== null && isPeerAddress(address) ? address : null;
}

function placeOf(workload: Workload, field: string): DiagnosticPlace {
  return { type: 'workload', href: workload.href, name: workload.name, field };
}

function refusedSubnets(workload: Workload): Diagnostic[] {
  if (workload.type === 'unmanaged') return [];
  return peeringOf(workload)
    .filter(({ address, prefixLength }) => prefixLength < SHORTEST_SUBNET[address.family])
    .map(({ address, prefixLength, interfaceName, field }) =>
      finding('subnet_too_large', placeOf(workload, field), {
        message: `${interfaceName} of "${workload.name}" reports ${formatAddress(address)}/${prefixLength}; a prefix shorter than /${SHORTEST_SUBNET[address.family]} is no workload subnet, so rules with Use Workload Subnets get the address alone.`,
        remedy: 'Give the interface the prefix length of its network.',
        counts: { prefixLength },
      }),
    );
}

/** Peers are by address: a rule that means one of the workloads matches the other one, too. */
function duplicateAddresses(model: PolicyModel): Diagnostic[] {
  const owners = new Map<string, { readonly workload: Workload; readonly field: string }[]>();
  for (const workload of model.workloads) {
    if (!workload.online) continue;
    for (const { address, field } of peeringOf(workload)) {
      const text = formatAddress(address);
      const known = owners.get(text);
      if (known === undefined) owners.set(text, [{ workload, field }]);
      else if (known.at(-1)?.workload !== workload) known.push({ workload, field });
    }
  }
  return [...owners].flatMap(([address, found]) => {
    const [first, ...others] = found;
    if (first === undefined || others.length === 0) return [];
    const names = found.map(({ workload }) => `"${workload.name}"`);
    return [
      finding('duplicate_address', placeOf(first.workload, first.field), {
        message: `${address} is the address of ${found.length} online workloads: ${listed(names)}. Rules for one of them match the others as peers.`,
        remedy: 'Give each its own address, or unpair the one that is gone.',
        related: others.map(({ workload }) => workload.href),
        counts: { workloads: found.length },
      }),
    ];
  });
}
