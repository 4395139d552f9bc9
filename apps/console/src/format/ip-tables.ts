/** Statements of custom iptables rules, one a line as `iptables-save` writes them. */
import { IP_TABLES, IP_TABLES_CHAINS, type IpTablesRuleWire } from '@bulkhead/contract';
import { oneOf } from './filters.ts';

type Statement = IpTablesRuleWire['statements'][number];

/** `-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080`. */
export function statementLine(statement: Statement): string {
  return `-t ${statement.table_name} -A ${statement.chain_name} ${statement.parameters}`;
}

export type ReadStatements =
  | { readonly ok: true; readonly value: Statement[] }
  | { readonly ok: false; readonly message: string };

const FORM = /^(?:iptables\s+|ip6tables\s+)?(?:-t\s+(\S+)\s+)?-A\s+(\S+)\s+(\S.*)$/;

/** Reads lines; without `-t` the table is filter, as for iptables. The first line that is wrong is named by its number. */
export function readStatements(text: string): ReadStatements {
  const value: Statement[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const refuse = (message: string): ReadStatements => ({
      ok: false,
      message: `Line ${index + 1}: ${message}`,
    });
    const [, tableName = 'filter', chainName = '', parameters = ''] = FORM.exec(trimmed) ?? [];
    if (parameters === '')
      return refuse(
        'write a statement that appends, such as -t filter -A INPUT -p tcp --dport 22 -j ACCEPT.',
      );
    const table = oneOf(tableName, IP_TABLES);
    const chain = oneOf(chainName, IP_TABLES_CHAINS);
    if (table === undefined)
      return refuse(`there is no table "${tableName}" here. Use ${IP_TABLES.join(', ')}.`);
    if (chain === undefined)
      return refuse(`there is no chain "${chainName}" here. Use ${IP_TABLES_CHAINS.join(', ')}.`);
    value.push({ table_name: table, chain_name: chain, parameters });
  }
  return value.length === 0
    ? { ok: false, message: 'Write at least one statement.' }
    : { ok: true, value };
}
