import type { Direction } from '../plan/plan.ts';

/** A packet of no known connection, at the host. Ports, type and code are null where the protocol has none. */
export interface PlanPacket {
  readonly direction: Direction;
  /** Interface that it came in by or leaves by; null: one that is not listed. */
  readonly interfaceName: string | null;
  /** The other host's address. */
  readonly remoteAddress: string;
  /**
   * True: not the host's own packet, but one that it forwards under an address of its own, to a port that it publishes (`destinationPort`
   * is that one) or from a container. Custom rules of INPUT and OUTPUT are not about it.
   */
  readonly isForwarded?: boolean;
  /** The host's own address; only custom rules look at it, and what they say of it cannot be told without. */
  readonly localAddress?: string;
  readonly protocol: number;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
  /** True for a TCP packet with SYN; of no account for others. */
  readonly syn: boolean;
  /** Name that the remote address was resolved from; matches names of rules beside the name sets of the plan. */
  readonly remoteName: string | null;
}
