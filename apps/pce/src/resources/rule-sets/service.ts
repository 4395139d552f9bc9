/** From what requests say to rules and scopes as they are stored. */
import type { z } from 'zod';
import type { endpoints, SecRuleWrite } from '@bulkhead/contract';
import { DomainError } from '../../http/domain-error.ts';
import {
  checkScopes,
  checkSides,
  storedActors,
  storedIngressServices,
  storedScopes,
  wantedActors,
  wantedServices,
} from '../../provisioning/actors.ts';
import type { WriteContext } from '../../provisioning/drafts.ts';
import { checkReferences, identityOf, type Wanted } from '../../provisioning/references.ts';
import type { StoredRuleBody, StoredScopes } from '../../provisioning/stored-content.ts';
import type { EntryKind, Placed } from './entries.ts';
import { refuseBeyondLimits } from './limits.ts';

export type RuleSetBody = z.output<(typeof endpoints)['rule_sets.create']['body']>;
type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

const DEFAULTS = {
  description: null,
  egress_services: [],
  unscoped_consumers: false,
  sec_connect: false,
  stateless: false,
  machine_auth: false,
  log_flow: false,
  network_type: 'brn',
  use_workload_subnets: [],
  external_data_set: null,
  external_data_reference: null,
} as const satisfies Partial<StoredRuleBody>;

/** A new rule's body. */
function ruleBody(write: SecRuleWrite): StoredRuleBody {
  return changedBody(
    {
      ...DEFAULTS,
      enabled: write.enabled,
      providers: [],
      consumers: [],
      ingress_services: [],
      resolve_labels_as: write.resolve_labels_as,
    },
    write,
  );
}

function changedBody(before: StoredRuleBody, write: Given<SecRuleWrite>): StoredRuleBody {
  const principals =
    write.consuming_security_principals === undefined
      ? (before.consuming_security_principals ?? [])
      : identities(write.consuming_security_principals);
  return {
    enabled: write.enabled ?? before.enabled,
    description: given(write.description, before.description),
    providers: write.providers === undefined ? before.providers : storedActors(write.providers),
    consumers: write.consumers === undefined ? before.consumers : storedActors(write.consumers),
    ingress_services:
      write.ingress_services === undefined
        ? before.ingress_services
        : storedIngressServices(write.ingress_services),
    egress_services:
      write.egress_services === undefined
        ? before.egress_services
        : identities(write.egress_services),
    resolve_labels_as: write.resolve_labels_as ?? before.resolve_labels_as,
    unscoped_consumers: write.unscoped_consumers ?? before.unscoped_consumers,
    sec_connect: write.sec_connect ?? before.sec_connect,
    stateless: write.stateless ?? before.stateless,
    machine_auth: write.machine_auth ?? before.machine_auth,
    log_flow: write.log_flow ?? before.log_flow,
    network_type: write.network_type ?? before.network_type,
    use_workload_subnets:
      write.use_workload_subnets === undefined
        ? before.use_workload_subnets
        : [...new Set(write.use_workload_subnets)],
    ...(principals.length === 0 ? {} : { consuming_security_principals: principals }),
    external_data_set: given(write.external_data_set, before.external_data_set),
    external_data_reference: given(write.external_data_reference, before.external_data_reference),
  };
}

function identities(refs: readonly { readonly href: string }[]): { href: string }[] {
  return [...new Set(refs.map(({ href }) => identityOf(href)))].map((href) => ({ href }));
}

/** Null clears; absent leaves it. */
function given(value: string | null | undefined, before: string | null): string | null {
  return value === undefined ? before : value;
}

function wantedByRule({ body, at }: Placed<StoredRuleBody>): Wanted[] {
  const principals = body.consuming_security_principals ?? [];
  return [
    ...wantedActors(body.providers, `${at}providers`),
    ...wantedActors(body.consumers, `${at}consumers`),
    ...wantedServices(body.ingress_services, `${at}ingress_services`),
    ...wantedServices(body.egress_services, `${at}egress_services`),
    ...principals.map(({ href }, index) => ({
      href,
      kind: 'security_principals' as const,
      member: `${at}consuming_security_principals[${index}]`,
    })),
  ];
}

/** Virtual services bring services of their own; nobody else does. */
function checkServices({ body, at }: Placed<StoredRuleBody>): void {
  if (body.ingress_services.length > 0) return;
  const hasOwn =
    body.providers.some((actor) => 'virtual_service' in actor) ||
    body.resolve_labels_as.providers.includes('virtual_services');
  if (hasOwn) return;
  throw new DomainError(
    'input_validation_error',
    `${at}ingress_services: needs at least one service, or virtual services as providers, which bring their own; All Services is one`,
  );
}

/** Users log on to hosts: groups of them say nothing without the hosts. */
function checkPrincipals({ body, at }: Placed<StoredRuleBody>): void {
  if ((body.consuming_security_principals ?? []).length === 0) return;
  const hasHosts = body.consumers.some(
    (actor) =>
      'actors' in actor || 'label' in actor || 'label_group' in actor || 'workload' in actor,
  );
  if (hasHosts) return;
  throw new DomainError(
    'rule_needs_workload_side',
    `${at}consuming_security_principals: narrow the consumers to users of these groups, and ${at}consumers name no hosts that users log on to; add labels, workloads or All Workloads there`,
  );
}

/** Rules as parts of a ruleset. */
export const SEC_RULES: EntryKind<StoredRuleBody, SecRuleWrite> = {
  member: 'rules',
  type: 'sec_rules',
  singular: 'sec_rule',
  list: (content) => content.rules,
  replace: (content, rules) => ({ ...content, rules }),
  bodyOf: ruleBody,
  changed: changedBody,
  async check(context, rules) {
    for (const rule of rules) {
      checkSides(rule.body, rule.at);
      checkServices(rule);
      checkPrincipals(rule);
    }
    await refuseBeyondLimits(context, rules);
    await checkReferences(context.db, context.orgId, rules.flatMap(wantedByRule));
  },
};

/** Scopes as they are stored. `member` is their place in the request. */
export async function checkedScopes(
  context: Pick<WriteContext, 'db' | 'orgId'>,
  written: RuleSetBody['scopes'],
  member = 'scopes',
): Promise<StoredScopes> {
  const scopes = storedScopes(written);
  const names = await checkReferences(
    context.db,
    context.orgId,
    scopes.flatMap((scope, index) => wantedActors(scope, `${member}[${index}]`)),
  );
  checkScopes(scopes, names, member);
  return scopes;
}
