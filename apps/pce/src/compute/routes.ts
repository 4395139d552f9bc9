/** Questions to the policy: what it says of one connection, and what a host enforces. */
import { canonicalAddress, parseAddress, unmapAddress, formatAddress } from '@bulkhead/net';
import {
  ESSENTIAL_TRAFFIC,
  type ConnectionEnd,
  type DecidingRule,
  type EndDecision,
} from '@bulkhead/policy';
import { parseHref, type PolicyViewWire } from '@bulkhead/contract';
import type { Db, StoredInterface } from '../db/database.ts';
import { DomainError, notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import type { Compute } from './compute.ts';
import { describeService } from './describe-service.ts';
import type { PolicyState } from './policy-loader.ts';

const MAX_PEERS = 200;

export function policyQuestionRoutes(compute: Compute): Routes {
  return {
    'sec_policy.decide': async ({ db, orgId, params, query }) => {
      const state = stateOf(params.pversion);
      const { protocol } = query;
      if (protocol > 255)
        throw new DomainError('input_validation_error', `protocol ${protocol} must be 0 to 255`);
      const hasPorts = [6, 17, 132].includes(protocol);
      if (hasPorts && (query.port === undefined || query.port < 1 || query.port > 65535))
        throw new DomainError(
          'input_validation_error',
          'port: give the destination port, 1 to 65535, for TCP, UDP and SCTP',
        );
      const icmp = protocol === 1 || protocol === 58;
      const source = await endOf(db, orgId, {
        workload: query.src_workload,
        ip: query.src_ip,
        name: 'src',
      });
      const destination = await endOf(db, orgId, {
        workload: query.dst_workload,
        ip: query.dst_ip,
        name: 'dst',
        family: source.address,
      });
      const decision = await compute.decide(orgId, state, {
        source: await sameFamily(db, orgId, source, destination),
        destination,
        protocol,
        port: hasPorts ? (query.port ?? null) : null,
        icmpType: icmp ? (query.icmp_type ?? (protocol === 1 ? 8 : 128)) : null,
        icmpCode: icmp ? 0 : null,
      });
      return {
        decision: decision.decision,
        outbound: await presentEnd(db, decision.outbound),
        inbound: await presentEnd(db, decision.inbound),
      };
    },
    'sec_policy.policy_view': async ({ db, orgId, params, query }) => {
      const state = stateOf(params.pversion);
      const workload = await requireWorkload(db, orgId, query.workload);
      const view = await compute.hostView(orgId, state, workload.href);
      if (view === null)
        throw notFound(`A policy for ${workload.href}: only workloads with a VEN have one. It`);
      const names = await compute.ruleNames(orgId, state);
      const sets = new Map(view.sets.map((set) => [set.id, set]));
      const rules: PolicyViewWire['rules'] = view.policy.rules.map((rule) => {
        const peers = [
          ...new Set(
            rule.peers.flatMap((id) => [
              ...(sets.get(id)?.ranges ?? []),
              ...(sets.get(id)?.hosts ?? []),
            ]),
          ),
        ];
        return {
          action: rule.action,
          direction: rule.direction,
          network_type: rule.networkType,
          rule: {
            href: rule.origin.href,
            name: names.get(rule.origin.href) ?? rule.origin.href,
            version: rule.origin.version,
          },
          services: rule.services.map(describeService),
          peers: peers.slice(0, MAX_PEERS),
          peer_count: peers.length,
          fqdns: [...rule.fqdns],
        };
      });
      return {
        workload: { href: workload.href },
        policy_hash: view.policy.hash,
        mode: view.policy.mode,
        essential: [...ESSENTIAL_TRAFFIC],
        rules,
      };
    },
  };
}

function stateOf(word: string): PolicyState {
  if (word === 'draft' || word === 'active') return word;
  throw new DomainError(
    'input_validation_error',
    `Questions are answered for the draft and the active policy, not for version ${word}`,
  );
}

interface WorkloadFacts {
  readonly href: string;
  readonly interfaces: readonly StoredInterface[];
}

async function requireWorkload(db: Db, orgId: number, href: string): Promise<WorkloadFacts> {
  const parsed = parseHref(href);
  const [type, id = ''] = parsed?.path[0] ?? [];
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  const row =
    parsed?.orgId === orgId && type === 'workloads' && parsed.path.length === 1 && isUuid
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

function addressOf(text: string, parameter: string): string {
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

async function presentEnd(db: Db, end: EndDecision | null) {
  if (end === null) return null;
  const id = end.workload.split('/').at(-1) ?? '';
  const row = await db
    .selectFrom('workloads')
    .select(['name', 'hostname'])
    .where('id', '=', id)
    .executeTakeFirst();
  return {
    workload: { href: end.workload, name: row?.name ?? null, hostname: row?.hostname ?? null },
    decision: end.decision,
    reason: end.reason,
    rules: end.rules.map(plain),
    boundaries: end.boundaries.map(plain),
    mode: end.mode,
    interface_name: end.interfaceName,
    network_profile: end.networkProfile,
  };
}

function plain({ href, name, version }: DecidingRule): {
  href: string;
  name: string;
  version: number;
} {
  return { href, name, version };
}
