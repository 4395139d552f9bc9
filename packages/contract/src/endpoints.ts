/** The endpoint table: every operation of the API, by name. */
import { accessEndpoints } from './resources/access.ts';
import { authenticationEndpoints } from './resources/authentication.ts';
import { labelDimensionEndpoints } from './resources/label-dimensions.ts';
import { labelEndpoints } from './resources/labels.ts';
import { enforcementBoundaryEndpoints } from './resources/enforcement-boundaries.ts';
import { deleteManyEndpoints } from './resources/delete-many.ts';
import { firewallSettingsEndpoints } from './resources/firewall-settings.ts';
import { ipTablesRuleEndpoints } from './resources/ip-tables-rules.ts';
import { jobEndpoints } from './resources/jobs.ts';
import { containerClusterEndpoints } from './resources/container-clusters.ts';
import { kvpairEndpoints } from './resources/kvpair.ts';
import { nodeEndpoints } from './resources/node.ts';
import { outOfScopeEndpoints, outOfScopeObjectEndpoints } from './resources/out-of-scope.ts';
import { objectEndpoints } from './resources/objects.ts';
import { policyTestEndpoints } from './resources/policy-tests.ts';
import { policyEndpoints } from './resources/policy.ts';
import { policyChangeEndpoints } from './resources/policy-changes.ts';
import { questionEndpoints } from './resources/questions.ts';
import { ruleEndpoints } from './resources/rules.ts';
import { eventSettingsEndpoints } from './resources/event-settings.ts';
import { eventEndpoints } from './resources/events.ts';
import { sinkEndpoints } from './resources/sinks.ts';
import { trafficEndpoints } from './resources/traffic.ts';
import { ruleSideEndpoints } from './resources/rule-sides.ts';
import { ruleQuestionEndpoints } from './resources/rule-questions.ts';
import { userEndpoints } from './resources/users.ts';
import { venCareEndpoints } from './resources/ven-care.ts';
import { venObjectEndpoints } from './resources/vens.ts';
import { venEndpoints } from './resources/ven.ts';
import { venQueryEndpoints } from './resources/ven-queries.ts';
import { orgSettingsEndpoints } from './resources/org-settings.ts';
import { pairingEndpoints } from './resources/pairing.ts';
import { securityPrincipalEndpoints } from './resources/security-principals.ts';
import { serviceAccountEndpoints } from './resources/service-accounts.ts';
import { singleSignOnEndpoints } from './resources/single-sign-on.ts';
import { settingsEndpoints } from './resources/settings.ts';
import { virtualServiceEndpoints } from './resources/virtual-services.ts';
import { workloadOperationEndpoints } from './resources/workload-operations.ts';
import { workloadEndpoints } from './resources/workloads.ts';

export const endpoints = {
  ...nodeEndpoints,
  ...userEndpoints,
  ...authenticationEndpoints,
  ...singleSignOnEndpoints,
  ...accessEndpoints,
  ...serviceAccountEndpoints,
  ...labelEndpoints,
  ...labelDimensionEndpoints,
  ...objectEndpoints,
  ...ruleEndpoints,
  ...enforcementBoundaryEndpoints,
  ...ruleSideEndpoints,
  ...deleteManyEndpoints,
  ...outOfScopeEndpoints,
  ...ipTablesRuleEndpoints,
  ...virtualServiceEndpoints,
  ...securityPrincipalEndpoints,
  ...firewallSettingsEndpoints,
  ...workloadEndpoints,
  ...venObjectEndpoints,
  ...workloadOperationEndpoints,
  ...venQueryEndpoints,
  ...pairingEndpoints,
  ...settingsEndpoints,
  ...orgSettingsEndpoints,
  ...kvpairEndpoints,
  ...containerClusterEndpoints,
  ...outOfScopeObjectEndpoints,
  ...policyEndpoints,
  ...policyChangeEndpoints,
  ...policyTestEndpoints,
  ...questionEndpoints,
  ...ruleQuestionEndpoints,
  ...trafficEndpoints,
  ...eventEndpoints,
  ...eventSettingsEndpoints,
  ...sinkEndpoints,
  ...jobEndpoints,
  ...venEndpoints,
  ...venCareEndpoints,
};
export type Endpoints = typeof endpoints;
export type Operation = keyof Endpoints;
