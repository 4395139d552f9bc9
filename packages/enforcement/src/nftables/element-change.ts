/**
 * Elements that come and go in one kernel set; no rule, chain or set does. Together with the others of one list it is one
 * transaction: removals first, then additions, so that one interval may take the place of another.
 * What is added is not in the set and what is removed is, where the kernel holds what the plan before said.
 */
export interface ElementChange {
  /** Name of the table, of family `inet`. */
  readonly table: string;
  readonly set: string;
  readonly keyType: 'ipv4_addr' | 'ipv6_addr' | 'ifname';
  /** Keys are addresses, CIDR blocks or `first-last`, never touching another element's addresses; else single values. */
  readonly interval: boolean;
  /** Canonical text. */
  readonly add: readonly { readonly key: string }[];
  readonly remove: readonly { readonly key: string }[];
}
