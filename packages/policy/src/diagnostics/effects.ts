/** Whether a rule or boundary can match anywhere, and if not, what keeps it from doing so. */
import type { NetworkType, RuleSide } from '../vocabulary.ts';
import { hasTraits, TRAIT, type Facts } from './facts.ts';
import {
  boundTo,
  everybodyOn,
  hasPeers,
  portsOfVirtual,
  virtualHasPeers,
  workloadsOf,
  type ResolvedSide,
  type ResolvedStatement,
} from './statements.ts';

/** Why nobody: a side that resolves to nothing, no traffic, nobody who enforces, or nobody who does outside the corporate network. */
export type Hindrance = RuleSide | 'ingressServices' | 'unenforced' | 'no_endpoints';

/** Null: somebody enforces the rule towards somebody. */
export function hindranceOfRule(statement: ResolvedStatement, facts: Facts): Hindrance | null {
  if (matchesInbound(statement, facts) || matchesOutbound(statement, facts)) return null;
  return hindrance(statement, facts);
}

/** Null: it blocks somewhere; see PS-40. */
export function hindranceOfBoundary(statement: ResolvedStatement, facts: Facts): Hindrance | null {
  const { providers, consumers, services } = statement;
  const base = traitsOf(statement.networkType);
  const inbound = hasTraits(workloadsOf(providers, facts), base) && hasPeers(consumers, facts);
  const outbound =
    hasTraits(workloadsOf(consumers, facts), base) &&
    providers.lists.some((list) => facts.spansOf(list).length > 0);
  if (services.length > 0 && (inbound || outbound)) return null;
  return hindrance(statement, facts);
}

function traitsOf(networkType: NetworkType): number {
  return networkType === 'non_brn' ? TRAIT.managed | TRAIT.external : TRAIT.managed;
}

/** Some provider lets somebody in. */
function matchesInbound(statement: ResolvedStatement, facts: Facts): boolean {
  const { providers, consumers, services, networkType } = statement;
  if (!hasPeers(consumers, facts)) return false;
  const base = traitsOf(networkType);
  const lets = (ports: ResolvedStatement['services'], crowd: ReturnType<typeof workloadsOf>) => {
    if (ports.length === 0) return false;
    const anyProgram = ports.some(
      ({ process, windowsService }) => process === undefined && windowsService === undefined,
    );
    return hasTraits(crowd, anyProgram ? base : base | TRAIT.windows);
  };
  return (
    lets(services, workloadsOf(providers, facts)) ||
    providers.virtual.some((item) => lets(portsOfVirtual(item, facts), boundTo(item, facts)))
  );
}

/** Some consumer may reach somebody. */
function matchesOutbound(statement: ResolvedStatement, facts: Facts): boolean {
  const { providers, consumers, services, principals, networkType } = statement;
  const base = traitsOf(networkType);
  const traits = principals.length > 0 ? base | TRAIT.windows : base;
  if (!hasTraits(everybodyOn(consumers, facts), traits)) return false;
  return (
    (services.length > 0 && offersByRule(providers, facts)) ||
    providers.virtual.some(
      (item) => portsOfVirtual(item, facts).length > 0 && virtualHasPeers(item, facts),
    )
  );
}

/** Addresses or names on the services of the rule. */
function offersByRule(providers: ResolvedSide, facts: Facts): boolean {
  return (
    hasPeers({ ...providers, virtual: [] }, facts) ||
    providers.lists.some(({ fqdns }) => fqdns.length > 0)
  );
}

/** What of a statement that matches nowhere is to blame, the plainest first. */
function hindrance(statement: ResolvedStatement, facts: Facts): Hindrance {
  const { providers, consumers, services, networkType } = statement;
  if (isNobody(providers, facts)) return 'providers';
  if (isNobody(consumers, facts)) return 'consumers';
  const ports = [services, ...providers.virtual.map((item) => portsOfVirtual(item, facts))];
  if (ports.every((list) => list.length === 0)) return 'ingressServices';
  const crowds = [everybodyOn(providers, facts), everybodyOn(consumers, facts)];
  if (networkType === 'non_brn' && crowds.some((crowd) => hasTraits(crowd, TRAIT.managed))) {
    const outside = TRAIT.managed | TRAIT.external;
    if (!crowds.some((crowd) => hasTraits(crowd, outside))) return 'no_endpoints';
  }
  return 'unenforced';
}

/** Neither workloads, nor addresses, nor names. */
function isNobody(side: ResolvedSide, facts: Facts): boolean {
  return (
    everybodyOn(side, facts).workloads === 0 &&
    !hasPeers(side, facts) &&
    !side.lists.some(({ fqdns }) => fqdns.length > 0)
  );
}
