/** The connection that a question is about: ends by workload, by address or by both. */
import { canonicalAddress, parseAddress, unmapAddress, formatAddress } from '@bulkhead/net';
import { parseHref, type ConnectionQuestion } from '@bulkhead/contract';
import type { Connection, ConnectionEnd } from '@bulkhead/policy';
import type { Db, StoredInterface } from '../db/database.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import { UUID } from '../provisioning/references.ts';

export interface WorkloadFacts {
  readonly href: string;
  readonly interfaces: readonly StoredInterface[];
}

const WITH_PORTS: readonly number[] = [6, 17, 132];
const ICMP = 1;
const ICMPV6 = 58;

/** Refuses what is no connection, by the name of the parameter. */
export async function connectionOf(
  db: Db,
  orgId: number,
  question: ConnectionQuestion,
): Promise<Connection> {
  const service = serviceOf(question);
  const source = await endOf(db, orgId, {
    workload: question.src_workload,
    ip: question.src_ip,
    name: 'src',
  });
  const destination = await endOf(db, orgId, {
    workload: question.dst_workload,
    ip: question.dst_ip,
    name: 'dst',
    family: source.address,
  });
  const { principals, process, windows_service: windowsService, fqdn } = question;
  return {
    source: {
      ...(await sameFamily(db, orgId, source, destination)),
      ...(principals === undefined ? {} : { principals }),
    },
    destination: {
      ...destination,
      fqdn: fqdn ?? null,
      ...(process === undefined ? {} : { process }),
      ...(windowsService === undefined ? {} : { windowsService }),
    },
    ...service,
  };
}

function serviceOf(
  question: ConnectionQuestion,
): Pick<Connection, 'protocol' | 'port' | 'icmpType' | 'icmpCode'> {
  const { protocol, port } = question;
  if (protocol > 255)
    throw new DomainError('input_validation_error', `protocol ${protocol} must be 0 to 255`);
  const hasPorts = WITH_PORTS.includes(protocol);
  if (hasPorts && (port === undefined || port < 1 || port > 65535))
    throw new DomainError(
      'input_validation_error',
      'port: give the destination port, 1 to 65535, for TCP, UDP and SCTP',
    );
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  for (const name of ['icmp_type', 'icmp_code'] as const)
    if (isIcmp && (question[name] ?? 0) > 255)
      throw new DomainError('input_validation_error', `${name}: must be 0 to 255`);
  return {
    protocol,
    port: hasPorts ? (port ?? null) : null,
    icmpType: isIcmp ? (question.icmp_type ?? (protocol === ICMP ? 8 : 128)) : null,
    icmpCode: isIcmp ? (question.icmp_code ?? 0) : null,
  };
}

export async function requireWorkload(db: Db, orgId: number, href: string): Promise<WorkloadFacts> {
  const parsed = parseHref(href);
  const [type, id = ''] = parsed?.path[0] ?? [];
  const row =
    parsed?.orgId === orgId && type === 'workloads' && parsed.path.length === 1 && UUID.test(id)
      ? await db
          .selectFrom('workloads')
          .select(['id', 'interfaces'])
          .where('id', '=', id)
          .where('org_id', '=', orgId)
          .where('deleted', '=', false)
          .executeTakeFirst()
      : undefined;
  if (row === undefined) throw notFound(`The workload ${href}`);
  return { href: `/orgs/${orgId}/workloads/${row.id}`, interfaces: row.interfaces };
}

interface AskedEnd {
  readonly workload: string | undefined;
  readonly ip: string | undefined;
  readonly name: 'src' | 'dst';
  /** Address whose family is preferred. */
  readonly family?: string;
}

async function endOf(db: Db, orgId: number, asked: AskedEnd): Promise<ConnectionEnd> {
  const ip = asked.ip === undefined ? undefined : addressOf(asked.ip, `${asked.name}_ip`);
  if (asked.workload !== undefined) {
    const { href, interfaces } = await requireWorkload(db, orgId, asked.workload);
    const chosen = ip ?? preferred(interfaces, asked.family);
    if (chosen === undefined)
      throw new DomainError(
        'input_validation_error',
        `${href} has no address; give ${asked.name}_ip`,
      );
    return {
      workload: href,
      address: chosen,
      interfaceName: interfaces.find((item) => item.address === chosen)?.name ?? null,
      fqdn: null,
    };
  }
  if (ip === undefined)
    throw new DomainError(
      'input_validation_error',
      `Give ${asked.name}_workload or ${asked.name}_ip`,
    );
  const owner = await ownerOf(db, orgId, ip);
  return { workload: owner, address: ip, interfaceName: null, fqdn: null };
}

/** A source that was named by workload alone speaks from an address of the destination's family. */
async function sameFamily(
  db: Db,
  orgId: number,
  source: ConnectionEnd,
  destination: ConnectionEnd,
): Promise<ConnectionEnd> {
  if (
    source.workload === null ||
    source.address.includes(':') === destination.address.includes(':')
  )
    return source;
  const { interfaces } = await requireWorkload(db, orgId, source.workload);
  const isSix = destination.address.includes(':');
  const other = interfaces.find((item) => !item.loopback && item.address.includes(':') === isSix);
  return other === undefined
    ? source
    : { ...source, address: other.address, interfaceName: other.name };
}

/** Canonical text; an IPv4 address in IPv6 form is the IPv4 address. */
export function addressOf(text: string, parameter: string): string {
  const parsed = parseAddress(text);
  if (parsed === null)
    throw new DomainError('invalid_ip_address', `${parameter}: "${text}" is not an IP address`);
  return formatAddress(unmapAddress(parsed));
}

function preferred(
  interfaces: readonly StoredInterface[],
  like: string | undefined,
): string | undefined {
  const usable = interfaces.filter((item) => !item.loopback && !item.address.startsWith('fe80:'));
  const isSix = like?.includes(':') ?? false;
  const order = (item: StoredInterface): number =>
    (item.address.includes(':') === isSix ? 0 : 2) + (item.network === 'corporate' ? 0 : 1);
  return usable.toSorted((a, b) => order(a) - order(b))[0]?.address;
}

/** The workload that the address stands for: one that has it on a corporate interface. */
async function ownerOf(db: Db, orgId: number, address: string): Promise<string | null> {
  const row = await db
    .selectFrom('workloads')
    .select('id')
    .where('org_id', '=', orgId)
    .where('deleted', '=', false)
    .where((where) =>
      where(
        where.ref('interfaces'),
        '@>',
        where.cast<StoredInterface[]>(
          where.val(JSON.stringify([{ address: canonicalAddress(address), network: 'corporate' }])),
          'jsonb',
        ),
      ),
    )
    .orderBy('managed', 'desc')
    .orderBy('created_at')
    .executeTakeFirst();
  return row === undefined ? null : `/orgs/${orgId}/workloads/${row.id}`;
}
