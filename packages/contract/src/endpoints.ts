/** The endpoint table: every operation of the API, by name. */
import { labelEndpoints } from './resources/labels.ts';
import { nodeEndpoints } from './resources/node.ts';
import { objectEndpoints } from './resources/objects.ts';
import { policyTestEndpoints } from './resources/policy-tests.ts';
import { policyEndpoints } from './resources/policy.ts';
import { ruleEndpoints } from './resources/rules.ts';
import { eventEndpoints, trafficEndpoints } from './resources/traffic.ts';
import { userEndpoints } from './resources/users.ts';
import { venEndpoints } from './resources/ven.ts';
import { pairingEndpoints } from './resources/pairing.ts';
import { settingsEndpoints } from './resources/settings.ts';
import { workloadEndpoints } from './resources/workloads.ts';

export const endpoints = {
  ...nodeEndpoints,
  ...userEndpoints,
  ...labelEndpoints,
  ...objectEndpoints,
  ...ruleEndpoints,
  ...workloadEndpoints,
  ...pairingEndpoints,
  ...settingsEndpoints,
  ...policyEndpoints,
  ...policyTestEndpoints,
  ...trafficEndpoints,
  ...eventEndpoints,
  ...venEndpoints,
};
export type Endpoints = typeof endpoints;
export type Operation = keyof Endpoints;
