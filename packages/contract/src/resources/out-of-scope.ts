/**
 * Resources of the public API that this product has none of. Clients read them when they start, so they answer, and are empty; what would
 * write them is not offered (405).
 */
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { hrefSchema, listQuery, orgIdParams, orgParams, versionParams } from '../shared.ts';

function empty<const P extends string, T extends z.ZodType>(path: P, params: T, what: string) {
  return endpoint({
    method: 'GET',
    path,
    permission: 'any',
    tag: 'Always empty',
    params,
    summary: `Empty: there are no ${what} here`,
    query: z.object(listQuery),
    status: 200,
    answer: 'collection',
    response: z.object({ href: hrefSchema }),
  });
}

const O = '/orgs/:org_id';
const P = '/orgs/:org_id/sec_policy/:pversion';
const C = '/orgs/:org_id/container_clusters/:id';

export const outOfScopeEndpoints = {
  'virtual_servers.list': empty(`${P}/virtual_servers`, versionParams, 'load balancers'),
  'secure_connect_gateways.list': empty(
    `${P}/secure_connect_gateways`,
    versionParams,
    'gateways for encryption',
  ),
  'slbs.list': empty(`${O}/slbs`, orgParams, 'load balancers'),
  'discovered_virtual_servers.list': empty(
    `${O}/discovered_virtual_servers`,
    orgParams,
    'load balancers',
  ),
  'nfcs.list': empty(`${O}/nfcs`, orgParams, 'network function controllers'),
  'network_enforcement_nodes.list': empty(
    `${O}/network_enforcement_nodes`,
    orgParams,
    'switches that enforce policy',
  ),
  'network_devices.list': empty(`${O}/network_devices`, orgParams, 'switches that enforce policy'),
  'network_endpoints.list': empty(
    `${O}/network_devices/:id/network_endpoints`,
    orgIdParams,
    'switches that enforce policy',
  ),
  'vulnerabilities.list': empty(`${O}/vulnerabilities`, orgParams, 'vulnerability scans'),
  'vulnerability_reports.list': empty(
    `${O}/vulnerability_reports`,
    orgParams,
    'vulnerability scans',
  ),
  'label_mapping_rules.list': empty(
    `${O}/label_mapping_rules`,
    orgParams,
    'rules that label workloads by themselves',
  ),
  'core_service_types.list': empty(
    `${O}/core_service_types`,
    orgParams,
    'services found by their traffic',
  ),
  'detected_core_services.list': empty(
    `${O}/detected_core_services`,
    orgParams,
    'services found by their traffic',
  ),
  'protection_schemas.list': empty(`${O}/protection_schemas`, orgParams, 'protection schemas'),
  'enforcement_points.list': empty(
    `${O}/enforcement_points`,
    orgParams,
    'enforcement points but VENs',
  ),
  'licenses.list': empty(`${O}/licenses`, orgParams, 'licences to be counted'),
  'optional_features.list': empty(
    `${O}/optional_features`,
    orgParams,
    'features to be switched on',
  ),
  'container_workloads.list': empty(`${O}/container_workloads`, orgParams, 'container clusters'),
  'kubernetes_workloads.list': empty(`${O}/kubernetes_workloads`, orgParams, 'container clusters'),
  'service_backends.list': empty(
    `${C}/service_backends`,
    orgIdParams,
    'container clusters that connect',
  ),
};

export const outOfScopeObjectEndpoints = {
  'risk_summary.get': endpoint({
    method: 'GET',
    path: `${O}/reports/risk_summary`,
    permission: 'any',
    tag: 'Always empty',
    params: orgParams,
    summary: 'Empty: nothing here rates risks',
    status: 200,
    answer: 'json',
    response: z.object({}),
  }),
  'node.components_version': endpoint({
    method: 'GET',
    path: '/components_version',
    permission: 'any',
    tag: 'Node',
    summary: 'Empty: the PCE is one program',
    status: 200,
    answer: 'json',
    response: z.object({}),
  }),
  'node.supercluster_leader': endpoint({
    method: 'GET',
    path: '/supercluster/leader',
    permission: 'any',
    tag: 'Node',
    summary: 'The leader: this PCE, which has no members',
    status: 200,
    answer: 'json',
    response: z.object({
      fqdn: z.string().describe('Public name of this PCE, such as pce.example.com'),
    }),
  }),
};
