/** What a policy test says, as it is stored: references as hrefs, every member there. */
import type { PolicyDecision } from '@bulkhead/policy';

export type StoredHost =
  | { readonly workload: string }
  | { readonly labels: readonly string[] }
  | { readonly address: string };

export interface StoredEndExpectation {
  readonly decision?: PolicyDecision | 'none' | undefined;
  readonly by?: readonly string[] | undefined;
}

export interface StoredPolicyTest {
  readonly from: readonly StoredHost[];
  readonly to: readonly StoredHost[];
  readonly proto: number;
  /** Empty for protocols without ports. */
  readonly ports: readonly number[];
  readonly icmp_type: number | null;
  readonly icmp_code: number | null;
  readonly family: 'ipv4' | 'ipv6' | null;
  readonly decision: PolicyDecision;
  readonly by: readonly string[] | null;
  readonly outbound: StoredEndExpectation | null;
  readonly inbound: StoredEndExpectation | null;
  readonly note: string | null;
}
