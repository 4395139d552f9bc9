import type { HostPolicy } from '@bulkhead/policy';
import { PlanError } from '../plan/plan-error.ts';
import type { CustomRule } from '../plan/plan.ts';
import type { VerdictMaker } from '../plan/verdicts.ts';
import { translateIpTables } from './translate.ts';

/**
 * The custom rules of a policy, in its order.
 *
 * @throws PlanError for a statement that cannot be said in nftables: none is ever left out in silence.
 */
export function customRules(policy: HostPolicy, verdicts: VerdictMaker): CustomRule[] {
  return policy.ipTablesRules.flatMap(({ ipVersion, statements, origin }) =>
    statements.map((given): CustomRule => {
      const translation = translateIpTables(given, ipVersion);
      if (!translation.ok) {
        const { chain, parameters } = given;
        throw new PlanError(
          `custom iptables rule ${origin.href}, "-A ${chain} ${parameters}": ${translation.message}`,
        );
      }
      const { statement } = translation;
      return {
        ...statement,
        family: ipVersion,
        origin,
        verdict: verdicts.custom(statement, origin),
      };
    }),
  );
}
