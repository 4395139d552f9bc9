export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export function asRecord(value: unknown): Readonly<Record<string, Json>> | null {
  // Only results of JSON.parse come here, and those are Json all through.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : null;
}

export function asList(value: unknown): readonly Json[] | null {
  return Array.isArray(value) ? (value as readonly Json[]) : null;
}

export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** An address, block or range as nft's JSON has it, in one text: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`. */
export function addressText(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  const record = asRecord(value);
  const prefix = asRecord(record?.['prefix']);
  if (prefix !== null) {
    const address = asText(prefix['addr']);
    const length = asNumber(prefix['len']);
    return address === null || length === null ? null : `${address}/${length}`;
  }
  const ends = asList(record?.['range']);
  const [first, last] = ends ?? [];
  return typeof first === 'string' && typeof last === 'string' ? `${first}-${last}` : null;
}

/** A property of the record's own; what every object inherits is no entry of a list of names. */
export function lookUp<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
