/** Routes and seeders of the resources that policy is made of, for composition.ts. */
import type { Deps } from '../deps.ts';
import type { Routes } from '../http/routes.ts';
import { seedPolicy } from '../provisioning/seed.ts';
import { corporateIpsRoutes, seedCorporateIps } from './corporate-ips/routes.ts';
import { enforcementBoundaryRoutes } from './enforcement-boundaries/routes.ts';
import { firewallSettingsRoutes } from './firewall-settings/routes.ts';
import { ipListRoutes } from './ip-lists/routes.ts';
import { containerClusterRoutes } from './container-clusters/routes.ts';
import { kvpairRoutes } from './kvpair/routes.ts';
import { trafficCollectorRoutes } from './settings/traffic-collector.ts';
import { trustedProxyRoutes } from './settings/trusted-proxies.ts';
import { workloadSettingsRoutes } from './settings/workloads.ts';
import { labelDimensionRoutes } from './label-dimensions/routes.ts';
import { seedLabelDimensions } from './label-dimensions/store.ts';
import { labelGroupRoutes } from './label-groups/routes.ts';
import { labelRoutes } from './labels/routes.ts';
import { networkRoutes } from './networks/routes.ts';
import type { Seeder } from './orgs/setup.ts';
import { outOfScopeRoutes } from './out-of-scope.ts';
import { pairingProfileRoutes } from './pairing-profiles/routes.ts';
import { seedPairingProfile } from './pairing-profiles/store.ts';
import { ruleSetRoutes } from './rule-sets/routes.ts';
import { securityPrincipalRoutes } from './security-principals/routes.ts';
import { serviceBindingRoutes } from './service-bindings/routes.ts';
import { serviceRoutes } from './services/routes.ts';
import { venRoutes } from './vens/routes.ts';
import { virtualServiceRoutes } from './virtual-services/routes.ts';
import { workloadRoutes } from './workloads/routes.ts';

export const RESOURCE_SEEDERS: readonly Seeder[] = [
  seedLabelDimensions,
  seedPolicy,
  seedPairingProfile,
  seedCorporateIps,
];

export function resourceRoutes(deps: Deps): Routes[] {
  return [
    labelRoutes(deps),
    labelDimensionRoutes(deps),
    labelGroupRoutes(deps),
    ipListRoutes(deps),
    serviceRoutes(deps),
    ruleSetRoutes(deps),
    enforcementBoundaryRoutes(deps),
    virtualServiceRoutes(deps),
    serviceBindingRoutes(deps),
    securityPrincipalRoutes(deps),
    firewallSettingsRoutes(deps),
    workloadRoutes(deps),
    venRoutes(deps),
    pairingProfileRoutes(deps),
    corporateIpsRoutes(deps),
    networkRoutes(),
    workloadSettingsRoutes(deps),
    trustedProxyRoutes(deps),
    trafficCollectorRoutes(deps),
    kvpairRoutes(deps),
    containerClusterRoutes(deps),
    outOfScopeRoutes(deps),
  ];
}
