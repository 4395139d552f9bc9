/** Hosts with VENs as the database knows them, and connections between them, for tests of what policy means. */
import { randomUUID } from 'node:crypto';
import type { LabelWire } from '@bulkhead/contract';
import type { Connection } from '@bulkhead/policy';
import { json, type StoredInterface } from '../db/database.ts';
import { appendChange, writeTransaction } from '../db/transaction.ts';
import type { TestPce } from './test-pce.ts';

export interface Host {
  readonly href: string;
  readonly address: string;
}
export interface HostFacts {
  readonly labels?: readonly LabelWire[];
  readonly os?: 'linux' | 'windows' | 'mac';
  readonly status?: 'active' | 'suspended';
  /** Length of the prefix that its interface reports; default 24. */
  readonly prefix?: number;
}
/** A server with a VEN, in full enforcement. */
export async function makeHost(
  pce: TestPce,
  address: string,
  { labels = [], os = 'linux', status = 'active', prefix = 24 }: HostFacts = {},
): Promise<Host> {
  const { orgId } = pce;
  const id = randomUUID();
  const href = `/orgs/${orgId}/workloads/${id}`;
  const by = { created_by: '/users/0', updated_by: '/users/0' };
  await writeTransaction(pce.pce.deps.db, async (trx) => {
    await trx
      .insertInto('workloads')
      .values({
        ...by,
        id,
        org_id: orgId,
        managed: true,
        ven_type: 'server',
        hostname: address,
        os_type: os,
        online: true,
        labels: json(labels.map((label) => label.href)),
        enforcement_mode: 'full',
        interfaces: json([wired(address, prefix)]),
      })
      .execute();
    await trx
      .insertInto('vens')
      .values({
        ...by,
        id,
        org_id: orgId,
        ven_type: 'server',
        version: '23.2.0-100',
        status,
        machine_id: id,
        hostname: address,
      })
      .execute();
    appendChange(trx, { orgId, kind: 'workload', href });
  });
  return { href, address };
}

function wired(address: string, prefix: number): StoredInterface {
  return {
    name: 'eth0',
    address,
    cidr_block: prefix,
    default_gateway_address: null,
    link_state: 'up',
    loopback: false,
    network: 'corporate',
    network_detection_mode: null,
  };
}

export type Question = Partial<Connection> & {
  readonly from?: Partial<Connection['source']>;
  readonly to?: Partial<Connection['destination']>;
};

/** On TCP 443 unless the question says something else; an address stands for a host that nobody knows. */
export function connection(
  source: Host | string,
  destination: Host | string,
  { from, to, ...rest }: Question = {},
): Connection {
  const end = (host: Host | string) => ({
    workload: typeof host === 'string' ? null : host.href,
    address: typeof host === 'string' ? host : host.address,
    interfaceName: null,
    fqdn: null,
  });
  return {
    source: { ...end(source), ...from },
    destination: { ...end(destination), ...to },
    protocol: 6,
    port: 443,
    icmpType: null,
    icmpCode: null,
    ...rest,
  };
}
