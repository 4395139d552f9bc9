/** Questions to the policy: what it says of one connection, and what a host enforces. */
import { ESSENTIAL_TRAFFIC, type DecidingRule, type EndDecision } from '@bulkhead/policy';
import { diagnosticSchema, withVersion, type PolicyViewWire } from '@bulkhead/contract';
import type { Db } from '../db/database.ts';
import { notFound } from '../http/domain-error.ts';
import type { Routes } from '../http/routes.ts';
import { pageOf } from '../provisioning/objects.ts';
import type { PolicyAt } from '../provisioning/policy-model.ts';
import { findVersion } from '../provisioning/versions.ts';
import type { Compute } from './compute.ts';
import { connectionOf, requireWorkload } from './connection.ts';
import { describeService } from './describe-service.ts';
import { difference } from './difference.ts';
import { explain } from './explain.ts';
import { atVersion, wireOf } from './wire.ts';

const MAX_PEERS = 200;

export function policyQuestionRoutes(compute: Compute): Routes {
  return {
    'sec_policy.decide': async ({ db, orgId, params, query }) => {
      const at = await policyAt(db, orgId, params.pversion);
      const connection = await connectionOf(db, orgId, query);
      const decision = await compute.decide(orgId, at, connection);
      return {
        decision: decision.decision,
        outbound: await presentEnd(db, at, decision.outbound),
        inbound: await presentEnd(db, at, decision.inbound),
      };
    },
    'sec_policy.explain': async ({ db, orgId, params, query }) => {
      const at = await policyAt(db, orgId, params.pversion);
      return explain(db, compute, { orgId, at, question: query });
    },
    'sec_policy.explain_connection': async ({ db, orgId, params, body }) => {
      const at = await policyAt(db, orgId, params.pversion);
      return explain(db, compute, { orgId, at, question: body });
    },
    'sec_policy.difference': async ({ db, orgId, query }) => {
      const { limit, names, workload } = query;
      if (workload !== undefined) await requireWorkload(db, orgId, workload);
      return difference(compute, {
        orgId,
        from: await policyAt(db, orgId, query.from ?? 'active'),
        to: await policyAt(db, orgId, query.to ?? 'draft'),
        limit,
        names,
        ...(workload === undefined ? {} : { workload }),
      });
    },
    'sec_policy.diagnostics': async ({ db, orgId, params, query }) => {
      const at = await policyAt(db, orgId, params.pversion);
      const { code, severity } = query;
      const found = (await compute.diagnostics(orgId, at)).filter(
        (item) =>
          (code === undefined || item.code === code) &&
          (severity === undefined || item.severity === severity),
      );
      const items = pageOf(found, query).map((item) =>
        diagnosticSchema.parse(wireOf(atVersion(item, String(at)))),
      );
      return { items, total: found.length };
    },
    'sec_policy.policy_view': async ({ db, orgId, params, query }) => {
      const at = await policyAt(db, orgId, params.pversion);
      const workload = await requireWorkload(db, orgId, query.workload);
      const view = await compute.hostView(orgId, at, workload.href);
      if (view === null)
        throw notFound(`A policy for ${workload.href}: only workloads with a VEN have one. It`);
      const names = await compute.ruleNames(orgId, at);
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
          rule: presentRule(
            { ...rule.origin, name: names.get(rule.origin.href) ?? rule.origin.href },
            at,
          ),
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

/** The state that a path's `:pversion` names: `draft`, `active`, or the number of a version that exists. */
export async function policyAt(db: Db, orgId: number, word: string): Promise<PolicyAt> {
  if (word === 'draft' || word === 'active') return word;
  return (await findVersion(db, orgId, word)).version;
}

async function presentEnd(db: Db, at: PolicyAt, end: EndDecision | null) {
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
    rules: end.rules.map((rule) => presentRule(rule, at)),
    boundaries: end.boundaries.map((rule) => presentRule(rule, at)),
    mode: end.mode,
    interface_name: end.interfaceName,
    network_profile: end.networkProfile,
  };
}

function presentRule({ href, name, version }: DecidingRule, at: PolicyAt) {
  return { href: withVersion(href, String(at)), name, version };
}
