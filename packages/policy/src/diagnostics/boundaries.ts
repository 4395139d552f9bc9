/** Enforcement boundaries that block nothing, in whole or in part. */
import type { EnforcementBoundary } from '../model.ts';
import { RULE_SIDES } from '../vocabulary.ts';
import type { Diagnostic, DiagnosticPlace } from './diagnostic.ts';
import { hindranceOfBoundary, type Hindrance } from './effects.ts';
import type { Facts } from './facts.ts';
import { finding, idleExclusions, listed } from './finding.ts';
import { resolveBoundary } from './statements.ts';

const WHY: Readonly<Record<Hindrance, string>> = {
  providers: 'no workload and no address is a provider',
  consumers: 'no workload and no address is a consumer',
  ingressServices: 'its services are of no protocol and port',
  no_endpoints:
    'it is for Non-Corporate Networks, and none of its workloads is an endpoint whose VEN manages external interfaces (22.3.0 or later)',
  unenforced: 'no managed workload is a provider, and no managed workload a consumer of IP lists',
};

/** Of a boundary in force; a disabled one means nothing. */
export function boundaryFindings(boundary: EnforcementBoundary, facts: Facts): Diagnostic[] {
  if (!boundary.enabled) return [];
  return [
    ...withoutEffect(boundary, facts),
    ...unmanagedProviders(boundary, facts),
    ...droppedNames(boundary, facts),
    ...RULE_SIDES.flatMap((side) =>
      idleExclusions(place(boundary, side), `boundary "${boundary.name}"`, {
        name: side,
        actors: boundary[side],
      }),
    ),
  ];
}

function place(boundary: EnforcementBoundary, field: string | null): DiagnosticPlace {
  return { type: 'enforcement_boundary', href: boundary.href, name: boundary.name, field };
}

function withoutEffect(boundary: EnforcementBoundary, facts: Facts): Diagnostic[] {
  const statement = resolveBoundary(boundary, facts);
  const why = hindranceOfBoundary(statement, facts);
  if (why === null) return [];
  const { lists } = statement.providers;
  const namesOnly =
    lists.length === boundary.providers.length &&
    lists.every((list) => facts.spansOf(list).length === 0) &&
    lists.some(({ fqdns }) => fqdns.length > 0);
  if (namesOnly) {
    return [
      finding('boundary_without_effect', place(boundary, 'providers'), {
        message: `The boundary "${boundary.name}" blocks nothing: its providers are names only, and a boundary blocks addresses.`,
        remedy: 'Add the addresses of these names to the IP lists.',
        related: lists.map(({ href }) => href),
      }),
    ];
  }
  if (why === 'no_endpoints') {
    return [
      finding('non_brn_rule_without_endpoints', place(boundary, 'networkType'), {
        message: `The boundary "${boundary.name}" blocks nothing: ${WHY[why]}.`,
        remedy: 'Choose Corporate or All Networks as network profile, or name endpoints.',
      }),
    ];
  }
  return [
    finding('boundary_without_effect', place(boundary, why === 'unenforced' ? null : why), {
      message: `The boundary "${boundary.name}" blocks nothing: ${WHY[why]}.`,
      remedy:
        'Name managed workloads as providers, or the addresses as an IP list, so that consumers block them; else delete it.',
    }),
  ];
}

/** PS-40: an unmanaged workload has no VEN that would block anything there. */
function unmanagedProviders(boundary: EnforcementBoundary, facts: Facts): Diagnostic[] {
  return boundary.providers.flatMap((actor, at) => {
    const workload = actor.kind === 'workload' ? facts.workload(actor.href) : undefined;
    if (workload?.type !== 'unmanaged') return [];
    return [
      finding('boundary_without_effect', place(boundary, `providers[${at}]`), {
        message: `The boundary "${boundary.name}" blocks nothing towards its provider "${workload.name}": that is an unmanaged workload, without a VEN of its own.`,
        remedy: 'Name its addresses in an IP list as provider, so that consumers block them.',
        related: [workload.href],
      }),
    ];
  });
}

/** R-POL-8 */
function droppedNames(boundary: EnforcementBoundary, facts: Facts): Diagnostic[] {
  return RULE_SIDES.flatMap((side) =>
    boundary[side].flatMap((actor, at) => {
      const list = actor.kind === 'ip_list' ? facts.ipList(actor.href) : undefined;
      if (list === undefined || list.fqdns.length === 0) return [];
      return [
        finding('fqdn_dropped', place(boundary, `${side}[${at}]`), {
          message: `The boundary "${boundary.name}" blocks the addresses of the IP list "${list.name}" and not its names: ${listed(list.fqdns)}.`,
          remedy: 'Add the addresses of these names to the IP list, or take the names out of it.',
          related: [list.href],
          counts: { names: list.fqdns.length },
        }),
      ];
    }),
  );
}
