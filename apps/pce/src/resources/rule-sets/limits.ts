/** What ruleset managers may not write: rules that reach beyond the scope that they manage. */
import { reachesRuleSet, reachOfRoles } from '../../access/reach.ts';
import { DomainError } from '../../http/domain-error.ts';
import { entriesMatch, loadLabelFacts } from '../../provisioning/matching.ts';
import type { StoredRuleBody } from '../../provisioning/stored-content.ts';
import type { CheckContext, Placed } from './entries.ts';
import { labelsOfWorkloads } from './rule-facts.ts';

/** Passes over what stays as it is: somebody else may have written it. */
export async function refuseBeyondLimits(
  context: CheckContext,
  rules: readonly Placed<StoredRuleBody>[],
): Promise<void> {
  const written = rules.filter(({ isUnchanged }) => isUnchanged !== true);
  const full = reachOfRoles(context.caller, ['owner', 'admin', 'ruleset_manager']);
  if (full !== null) for (const rule of written) refuseForeignConsumers(rule);
  if (reachesRuleSet(full, context.scopes)) return;
  for (const rule of written) refuseConsumers(rule);
  await refuseOutOfScope(context, written);
}

function refuse(message: string): DomainError {
  return new DomainError('forbidden', message);
}

/** Consumers outside of the scope are let in to providers within it, and nothing else. */
function refuseForeignConsumers({ body, at }: Placed<StoredRuleBody>): void {
  if (!body.unscoped_consumers || !body.providers.some((actor) => 'ip_list' in actor)) return;
  throw refuse(
    `${at}unscoped_consumers: with IP lists as providers the rule would be about hosts outside of your scope alone; leave it false`,
  );
}

function refuseConsumers({ body, at }: Placed<StoredRuleBody>): void {
  const role = 'your role may write rules within a scope only';
  if (body.unscoped_consumers)
    throw refuse(`${at}unscoped_consumers: ${role}; the consumers must be in scope too`);
  if ((body.consuming_security_principals ?? []).length > 0)
    throw refuse(`${at}consuming_security_principals: ${role}, and without user groups`);
  for (const [index, actor] of body.consumers.entries()) {
    const place = `${at}consumers[${index}]`;
    if ('ip_list' in actor) throw refuse(`${place}: ${role}, and without IP lists as consumers`);
    if ('label_group' in actor)
      throw refuse(`${place}: ${role}, and without label groups as consumers`);
  }
}

/** Labels are narrowed by the scope; workloads that are named are not (PS-3). */
async function refuseOutOfScope(
  { db, orgId, scopes }: CheckContext,
  rules: readonly Placed<StoredRuleBody>[],
): Promise<void> {
  const named = rules.flatMap(({ body, at }) =>
    (['providers', 'consumers'] as const).flatMap((side) =>
      body[side].flatMap((actor, index) =>
        'workload' in actor ? [{ href: actor.workload.href, place: `${at}${side}[${index}]` }] : [],
      ),
    ),
  );
  if (named.length === 0 || scopes.length === 0) return;
  const facts = await loadLabelFacts(db, orgId);
  const labels = await labelsOfWorkloads(
    db,
    orgId,
    named.map(({ href }) => href),
  );
  for (const { href, place } of named) {
    const own = labels.get(href);
    if (own === undefined || scopes.some((scope) => entriesMatch(own, scope, facts))) continue;
    throw refuse(
      `${place}: the workload is in no scope of the ruleset, and your role may name those within it only`,
    );
  }
}
