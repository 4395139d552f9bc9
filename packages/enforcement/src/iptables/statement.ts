import type { Family } from '@bulkhead/net';
import type { NftMatch, NftSyslog } from '../nftables/table.ts';

export type CustomHook = 'input' | 'output' | 'forward';

/** What a rejected sender is told. */
export type StatementTarget =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'reject'; readonly answer: RejectAnswer }
  | { readonly kind: 'log'; readonly log: NftSyslog };

/** `default`: a TCP reset, else that the administrator prohibits it. The last: a code of ICMP destination unreachable. */
export type RejectAnswer =
  | 'default'
  | 'tcp_reset'
  | { readonly family: Family; readonly code: number };

/** A statement of iptables that was understood whole. `log` and `return` leave the decision to what follows. */
export interface TranslatedStatement {
  readonly hook: CustomHook;
  readonly matches: readonly NftMatch[];
  readonly target: StatementTarget;
}
