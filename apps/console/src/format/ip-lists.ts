/** IP lists as text, one entry a line: `10.0.0.0/8`, `10.1.1.1-10.1.1.9`, `!10.2.0.0/16`, `# note` behind any of them, or a name. */
import { parseSpan } from '@bulkhead/net';

export interface RangeWrite {
  readonly from_ip: string;
  readonly to_ip?: string | null;
  readonly exclusion?: boolean;
  readonly description?: string | null;
}
interface RangeLike {
  readonly from_ip: string;
  readonly to_ip?: string | null | undefined;
  readonly exclusion: boolean;
  readonly description?: string | null | undefined;
}
interface ListLike {
  readonly ip_ranges: readonly RangeLike[];
  readonly fqdns: readonly {
    readonly fqdn: string;
    readonly description?: string | null | undefined;
  }[];
}

const note = (text: string | null | undefined): string =>
  text == null || text === '' ? '' : ` # ${text}`;
export function rangeText(range: Omit<RangeLike, 'description'>): string {
  return `${range.exclusion ? '!' : ''}${range.from_ip}${range.to_ip == null || range.to_ip === '' ? '' : `-${range.to_ip}`}`;
}
export function ipListText(list: ListLike): string {
  return [
    ...list.ip_ranges.map((range) => rangeText(range) + note(range.description)),
    ...list.fqdns.map((one) => one.fqdn + note(one.description)),
  ].join('\n');
}

export type ParsedIpList =
  | {
      readonly ok: true;
      readonly ranges: readonly RangeWrite[];
      readonly fqdns: readonly { fqdn: string; description?: string }[];
    }
  | { readonly ok: false; readonly message: string };

const FQDN = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z][a-z0-9-]{0,62}\.?$/i;

/** The first line that is wrong is named by its number. */
export function parseIpList(text: string): ParsedIpList {
  const ranges: RangeWrite[] = [];
  const fqdns: { fqdn: string; description?: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const hash = line.indexOf('#');
    const value = (hash < 0 ? line : line.slice(0, hash)).trim();
    const description = hash < 0 ? '' : line.slice(hash + 1).trim();
    const described = description === '' ? {} : { description };
    if (value === '') continue;
    const exclusion = value.startsWith('!');
    const entry = exclusion ? value.slice(1).trim() : value;
    if (FQDN.test(entry)) {
      if (exclusion)
        return {
          ok: false,
          message: `Line ${index + 1}: a name cannot be excluded. Exclude its addresses.`,
        };
      fqdns.push({ fqdn: entry, ...described });
      continue;
    }
    const span = parseSpan(entry);
    if (!span.ok) return { ok: false, message: `Line ${index + 1}: ${span.message}` };
    const [from = '', to] = entry.split('-').map((part) => part.trim());
    ranges.push({
      from_ip: from,
      ...(to === undefined ? {} : { to_ip: to }),
      exclusion,
      ...described,
    });
  }
  return { ok: true, ranges, fqdns };
}
