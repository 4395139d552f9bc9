/** Inclusive range of ports. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}
