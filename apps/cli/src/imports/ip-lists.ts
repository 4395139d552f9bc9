/** IP lists from CSV, one range or name a row; rows with the same name are one list. Written into the draft. */
import { isDeepStrictEqual } from 'node:util';
import { parsePrefix, parseRange, parseSpan } from '@bulkhead/net';
import { ApiRequestError, type CallOptions, type IpListWire } from '@bulkhead/contract';
import { EVERYTHING, type Import, type ImportItem, type ImportSource } from './import.ts';
import { readTable, type Faults, type Row } from './table.ts';

export const IP_LIST_COLUMNS = [
  'name',
  'description',
  'range',
  'exclusion',
  'fqdn',
  'entry_description',
];

type Body = NonNullable<CallOptions<'ip_lists.create'>['body']>;
interface ListImport extends ImportItem {
  readonly known: IpListWire | undefined;
  readonly body: Body;
}
interface Gathered {
  readonly line: number;
  description: string | undefined;
  readonly ranges: NonNullable<Body['ip_ranges']>;
  readonly fqdns: NonNullable<Body['fqdns']>;
}

export async function importIpLists({ client, text, faults }: ImportSource): Promise<Import> {
  const table = readTable(
    text,
    { known: IP_LIST_COLUMNS, required: [['name'], ['range', 'fqdn']] },
    faults,
  );
  const lists = new Map<string, Gathered>();
  for (const row of table.rows) gather(row, lists, faults);
  const { items: existing } = await client.call('ip_lists.list', {
    params: { pversion: 'draft' },
    query: EVERYTHING,
  });
  const known = new Map(
    existing.filter((one) => one.update_type !== 'delete').map((one) => [one.name, one]),
  );
  const wanted = [...lists].map(([name, list]): ListImport => {
    const body = {
      name,
      ...(list.description === undefined ? {} : { description: list.description }),
      ip_ranges: list.ranges,
      fqdns: list.fqdns,
    };
    const before = known.get(name);
    const action = before === undefined ? 'create' : 'update';
    return { action, line: list.line, what: `IP list "${name}"`, known: before, body };
  });
  const items = wanted.filter((item) => !isSame(item));
  return {
    items,
    unchanged: wanted.length - items.length,
    async write() {
      const done: ListImport[] = [];
      for (const item of items) {
        try {
          const params = { pversion: 'draft' };
          if (item.known === undefined)
            await client.call('ip_lists.create', { params, body: item.body });
          else
            await client.call('ip_lists.update', {
              params: { ...params, id: item.known.href.split('/').at(-1) ?? '' },
              query: { if_updated_at: item.known.updated_at },
              body: item.body,
            });
          done.push(item);
        } catch (error) {
          if (!(error instanceof ApiRequestError)) throw error;
          faults.add(item.line, '', error.message);
        }
      }
      return done;
    },
  };
}

function gather(row: Row, lists: Map<string, Gathered>, faults: Faults): void {
  const name = row.cell('name');
  if (name === undefined || name.length > 255) {
    faults.add(row.line, 'name', 'must have 1 to 255 characters');
    return;
  }
  const list = lists.get(name) ?? { line: row.line, description: undefined, ranges: [], fqdns: [] };
  lists.set(name, list);
  list.description ??= row.cell('description');
  const [range, fqdn] = [row.cell('range'), row.cell('fqdn')];
  if ((range === undefined) === (fqdn === undefined)) {
    const column = range === undefined ? 'range' : 'fqdn';
    faults.add(
      row.line,
      column,
      'a row holds either a range such as 10.0.0.0/8 or a name such as *.example.com',
    );
    return;
  }
  const description = row.cell('entry_description') ?? null;
  if (fqdn !== undefined) {
    if (/^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(fqdn))
      list.fqdns.push({ fqdn, description });
    else
      faults.add(
        row.line,
        'fqdn',
        `"${fqdn}" is no name; write one such as www.example.com or *.example.com`,
      );
    return;
  }
  const exclusion = booleanOf(row.cell('exclusion'));
  if (exclusion === undefined) faults.add(row.line, 'exclusion', 'must be true, false or empty');
  const [from = '', to] = (range ?? '').split(/\s*-\s*/);
  const parsed =
    to !== undefined
      ? parseRange(from, to)
      : from.includes('/')
        ? parsePrefix(from)
        : parseSpan(from);
  if (!parsed.ok) faults.add(row.line, 'range', parsed.message);
  list.ranges.push({
    from_ip: from,
    ...(to === undefined ? {} : { to_ip: to }),
    exclusion: exclusion ?? false,
    description,
  });
}

function booleanOf(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase() ?? 'false';
  if (['true', 'yes', '1'].includes(word)) return true;
  return ['false', 'no', '0'].includes(word) ? false : undefined;
}

function isSame({ known, body }: ListImport): boolean {
  if (known === undefined) return false;
  const entries = (list: readonly object[] | undefined) =>
    (list ?? []).map((entry) =>
      Object.fromEntries(
        Object.entries(entry).filter(([, value]) => value !== null && value !== undefined),
      ),
    );
  return (
    (body.description === undefined || body.description === known.description) &&
    isDeepStrictEqual(entries(known.ip_ranges), entries(body.ip_ranges)) &&
    isDeepStrictEqual(entries(known.fqdns), entries(body.fqdns))
  );
}
