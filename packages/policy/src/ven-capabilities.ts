/** What each version of the VEN can do (R-SYS-4), as data. */

/** A capability that came with a version, and what people read about a VEN that lacks it. */
export interface VenCapability {
  /** First version that has it. */
  readonly since: string;
  /** Single versions before that which have it too. */
  readonly also: readonly string[];
  /** Follows "VEN X ", ends without a full stop. */
  readonly lacking: string;
}

export const VEN_CAPABILITIES = {
  endpoint_mode: {
    since: '21.5.20',
    also: ['21.5.11'],
    lacking: 'has no endpoint mode; 21.5.11, and 21.5.20 and later, have it',
  },
  network_detection: {
    since: '22.2.0',
    also: [],
    lacking:
      'asks the PCE for no network location; 22.2.0 and later do, which endpoints without an on-premises domain need',
  },
  external_interfaces: {
    since: '22.3.0',
    also: [],
    lacking: 'manages corporate interfaces only; 22.3.0 and later manage external ones too',
  },
} as const satisfies Record<string, VenCapability>;
export type VenCapabilityName = keyof typeof VEN_CAPABILITIES;

/** Whether a VEN of a version (`X.Y.Z` or `X.Y.Z-BUILD`) has a capability. What is no version has none. */
export function venCan(version: string, capability: VenCapabilityName): boolean {
  const { since, also }: VenCapability = VEN_CAPABILITIES[capability];
  const [plain = ''] = version.split('-');
  return also.includes(plain) || compareVersions(plain, since) >= 0;
}

/** Below, at or above zero, as the first is before, at or after the second. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  for (let place = 0; place < Math.max(left.length, right.length); place += 1) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.split(/[.-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : -1));
}
