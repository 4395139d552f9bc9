/** One end of a connection while it is explained: who it is, who the peer is, and what was already looked up about both. */
import { isPeerAddress, parseAddress, type Address } from '@bulkhead/net';
import type { Connection, ConnectionEnd, EndDecision } from '../decision.ts';
import type { SetSource } from '../engine/sources.ts';
import { conditionsOf } from '../engine/conditions.ts';
import { fqdnMatches } from '../fqdn.ts';
import type { Scope, ScopeEntry, ServicePort, Workload } from '../model.ts';
import { servicesMatch, type ServiceQuery } from '../services.ts';
import type { RuleSide } from '../vocabulary.ts';
import { ipListRange, virtualServiceRange } from './addresses.ts';
import { labelsOf, selectsWorkload, type LabelsByKey } from './labels.ts';
import type { ExplainLookup, ExplainPart, ExplainUnit, PeerForm } from './lookup.ts';
import { PeersAtAddress } from './peers.ts';

/** Why a workload is no peer by an address, other than by being offline. */
export type AddressObstacle = 'external_interface' | 'never_a_peer' | 'not_reported';

/** The workload at the other end. */
interface Peer {
  readonly workload: Workload;
  readonly labels: LabelsByKey;
  readonly offline: boolean;
  readonly obstacle: AddressObstacle | null;
}

export class EndContext {
  readonly find: ExplainLookup;
  readonly connection: Connection;
  readonly decided: EndDecision;
  readonly own: Workload;
  readonly ownLabels: LabelsByKey;
  /** The side of a rule that this end is on. */
  readonly ownSide: RuleSide;
  readonly peerEnd: ConnectionEnd;
  readonly address: Address | null;
  readonly query: ServiceQuery;
  private knownPeer: Peer | null | undefined;
  private readonly knownPeers = new Map<PeerForm, PeersAtAddress>();
  private readonly held = new Map<string, boolean>();

  constructor(
    find: ExplainLookup,
    connection: Connection,
    end: { readonly decided: EndDecision; readonly own: Workload; readonly ownSide: RuleSide },
  ) {
    this.find = find;
    this.connection = connection;
    this.decided = end.decided;
    this.own = end.own;
    this.ownSide = end.ownSide;
    this.ownLabels = labelsOf(end.own, find);
    const inbound = end.ownSide === 'providers';
    this.peerEnd = inbound ? connection.source : connection.destination;
    this.address = parseAddress(this.peerEnd.address);
    const { protocol, port, icmpType, icmpCode, destination } = connection;
    const tells = inbound && end.own.osFamily === 'windows';
    this.query = {
      protocol,
      port,
      icmpType,
      icmpCode,
      process: tells ? destination.process : undefined,
      windowsService: tells ? destination.windowsService : undefined,
    };
  }

  get peerSide(): RuleSide {
    return this.ownSide === 'providers' ? 'consumers' : 'providers';
  }

  get inbound(): boolean {
    return this.ownSide === 'providers';
  }

  /** The workload that the connection names at the other end, else the first that is a peer by the address and is not this end itself. */
  get peer(): Peer | null {
    if (this.knownPeer === undefined) this.knownPeer = this.findPeer();
    return this.knownPeer;
  }

  /** Workloads that are peers by the address in that form. */
  peers(form: PeerForm): PeersAtAddress {
    let known = this.knownPeers.get(form);
    if (known === undefined) {
      const found = this.address === null ? [] : this.find.peersAt(this.address, form);
      known = new PeersAtAddress(
        found.map((item) => ({ ...item, labels: labelsOf(item.workload, this.find) })),
      );
      this.knownPeers.set(form, known);
    }
    return known;
  }

  /** How many conditions fail for the peer to be in a set of the form, whatever its labels. */
  obstacles(form: PeerForm): number {
    const { peer } = this;
    if (peer === null) return 0;
    const count = Number(peer.offline) + Number(peer.obstacle !== null);
    return count > 0 && form === 'subnets' && this.inNetworkOf(peer.workload) ? 0 : count;
  }

  /** Whether a part of this end's side makes the workload a member; an IP list makes nobody one (PS-7). */
  member({ source }: ExplainPart): boolean {
    switch (source.kind) {
      case 'selector':
        return selectsWorkload(source.selector, this.ownLabels);
      case 'workloads':
        return source.hrefs.includes(this.own.href);
      case 'virtual_service':
        return this.binds(source.href, this.own.href);
      case 'ip_list':
        return false;
    }
  }

  /** Whether a part names the peer, by itself or by a virtual service that it is bound to. */
  namesPeer({ source }: ExplainPart): boolean {
    const href = this.peer?.workload.href;
    if (href === undefined) return false;
    if (source.kind === 'workloads') return source.hrefs.includes(href);
    return source.kind === 'virtual_service' && this.binds(source.href, href);
  }

  /** Whether a part of the other side holds the peer, by address or by resolved name. */
  holds(part: ExplainPart): boolean {
    const { fqdn } = this.peerEnd;
    const named = fqdn !== null && !this.inbound;
    if (named && part.fqdns.some((pattern) => fqdnMatches(pattern, fqdn))) return true;
    const { address } = this;
    return address !== null && this.holdsAddress(part.source, address);
  }

  /**
   * Whether one of the entries is what was asked for (PS-61). A consumer is held to protocol and port alone, and a boundary there leaves
   * entries of programs out.
   */
  fits(ports: readonly ServicePort[], action: ExplainUnit['action'] = 'allow'): boolean {
    if (this.inbound || !ports.some(isNamed)) return servicesMatch(ports, this.query);
    const counting =
      action === 'deny' ? ports.filter((port) => !isNamed(port)) : ports.map(withoutNames);
    return servicesMatch(counting, this.query);
  }

  /** Whether the entry is what was asked for but for the program that it names. */
  fitsTraffic(port: ServicePort): boolean {
    return servicesMatch([withoutNames(port)], this.query);
  }

  /** Whether this end is within the scope of a unit; a boundary has none. */
  within({ ruleSet, scopeIndex }: Pick<ExplainUnit, 'ruleSet' | 'scopeIndex'>): boolean {
    const scope = ruleSet === null ? undefined : this.find.ruleSet(ruleSet)?.scopes[scopeIndex];
    if (scope === undefined) return true;
    return scope.every(isPlainLabel)
      ? this.carriesLabels(scope)
      : selectsWorkload(conditionsOf(scope, this.find), this.ownLabels);
  }

  /** `within` for what nearly every scope is. Of each key, one of the labels must be there. */
  private carriesLabels(scope: Scope): boolean {
    return scope.every(({ href }) => {
      if (this.own.labels.includes(href)) return true;
      const key = this.find.label(href)?.key;
      const own = key === undefined ? undefined : this.ownLabels.get(key);
      return own !== undefined && scope.some((entry) => entry.href === own);
    });
  }

  private binds(virtualService: string, workload: string): boolean {
    return this.find.virtualService(virtualService)?.workloads.includes(workload) === true;
  }

  private holdsAddress(source: SetSource, address: Address): boolean {
    switch (source.kind) {
      case 'selector':
        return this.peers(source.form).someSelected(source.selector);
      case 'workloads':
        return this.peers('addresses').some(({ href }) => source.hrefs.includes(href));
      case 'ip_list':
        return this.once(source.href, () => {
          const list = this.find.ipList(source.href);
          return list !== undefined && ipListRange(list, address) !== null;
        });
      case 'virtual_service':
        return this.once(source.href, () => {
          const item = this.find.virtualService(source.href);
          if (item === undefined) return false;
          if (virtualServiceRange(item, address) !== null) return true;
          return this.peers('addresses').some(({ href }) => item.workloads.includes(href));
        });
    }
  }

  private once(key: string, ask: () => boolean): boolean {
    let known = this.held.get(key);
    if (known === undefined) this.held.set(key, (known = ask()));
    return known;
  }

  private findPeer(): Peer | null {
    const { workload: href } = this.peerEnd;
    const named = href === null ? undefined : this.find.workload(href);
    const held = () =>
      this.peers('addresses')
        .all.map((item) => item.workload)
        .filter(({ href: peer }) => peer !== this.own.href)
        .sort((a, b) => (a.href < b.href ? -1 : 1))[0];
    const workload = named ?? held();
    if (workload === undefined) return null;
    return {
      workload,
      labels: labelsOf(workload, this.find),
      offline: !workload.online,
      obstacle: this.address === null ? 'not_reported' : obstacleOf(workload, this.address),
    };
  }

  private inNetworkOf(workload: Workload): boolean {
    return this.peers('subnets').some(({ href }) => href === workload.href);
  }
}

function isPlainLabel({ kind, exclusion }: ScopeEntry): boolean {
  return kind === 'label' && !exclusion;
}

/** Whether an entry is for one program or Windows service. */
function isNamed({ process, windowsService }: ServicePort): boolean {
  return process !== undefined || windowsService !== undefined;
}

/** A service entry as a consumer is held to it. */
function withoutNames(port: ServicePort): ServicePort {
  const { protocol, port: first, toPort, icmpType, icmpCode } = port;
  return { protocol, port: first, toPort, icmpType, icmpCode };
}

function obstacleOf(workload: Workload, address: Address): AddressObstacle | null {
  const carriers = workload.interfaces.filter((item) =>
    item.addresses.some(({ address: text }) => {
      const own = parseAddress(text);
      return own !== null && own.family === address.family && own.value === address.value;
    }),
  );
  if (carriers.length === 0) return 'not_reported';
  if (!isPeerAddress(address)) return 'never_a_peer';
  const corporate = carriers.some(
    (item) => workload.type !== 'endpoint' || item.networkProfile === 'corporate',
  );
  return corporate ? null : 'external_interface';
}
