/** From what requests say to iptables rules as they are stored. */
import type { ApiError, IpTablesRuleWrite } from '@bulkhead/contract';
import { translateIpTables } from '@bulkhead/enforcement';
import { domainErrors } from '../../http/domain-error.ts';
import { storedActors, wantedActors } from '../../provisioning/actors.ts';
import { checkReferences } from '../../provisioning/references.ts';
import { ipTablesRulesOf, type StoredIpTablesBody } from '../../provisioning/stored-content.ts';
import type { EntryKind, Placed } from './entries.ts';

function changedBody(
  before: StoredIpTablesBody,
  write: { readonly [K in keyof IpTablesRuleWrite]?: IpTablesRuleWrite[K] | undefined },
): StoredIpTablesBody {
  return {
    enabled: write.enabled ?? before.enabled,
    description: write.description === undefined ? before.description : write.description,
    ip_version: write.ip_version ?? before.ip_version,
    statements: write.statements ?? before.statements,
    actors: write.actors === undefined ? before.actors : storedActors(write.actors),
  };
}

/** Statements that the VEN's own table cannot say (PS-86): they are refused here, and so are never left out on a host. */
function unsupported({
  body,
  at,
}: Placed<StoredIpTablesBody>): (ApiError & { token: 'custom_iptables_unsupported' })[] {
  const family = body.ip_version === '4' ? 4 : 6;
  return body.statements.flatMap((statement, index) => {
    const { table_name: table, chain_name: chain, parameters } = statement;
    const translation = translateIpTables({ table, chain, parameters }, family);
    if (translation.ok) return [];
    return {
      token: 'custom_iptables_unsupported',
      message: `${at}statements[${index}], "-t ${table} -A ${chain} ${parameters}": ${translation.message}`,
    };
  });
}

/** iptables rules as parts of a ruleset. */
export const IP_TABLES_RULES: EntryKind<StoredIpTablesBody, IpTablesRuleWrite> = {
  member: 'ip_tables_rules',
  type: 'ip_tables_rules',
  singular: 'ip_tables_rule',
  list: ipTablesRulesOf,
  replace(content, rules) {
    const { ip_tables_rules: _, ...rest } = content;
    return rules.length === 0 ? rest : { ...rest, ip_tables_rules: rules };
  },
  bodyOf: (write) =>
    changedBody({ ...write, description: null, actors: storedActors(write.actors) }, write),
  changed: changedBody,
  async check(context, rules) {
    const [first, ...more] = rules.flatMap(unsupported);
    if (first !== undefined) throw domainErrors([first, ...more]);
    await checkReferences(
      context.db,
      context.orgId,
      rules.flatMap(({ body, at }) => wantedActors(body.actors, `${at}actors`)),
    );
  },
};
