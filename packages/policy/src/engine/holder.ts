/** What a set asks of those whose addresses it holds. */
export interface SetHolder {
  readonly workloads: readonly { readonly addresses: readonly string[] }[];
  readonly addressCount: number;
  /** How many of the workloads bring a member in the form of subnets; null until a set of that form needs it. */
  readonly subnets: ReadonlyMap<string, number> | null;
}
