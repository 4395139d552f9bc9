/** Workloads from CSV: one a row, with a column for each label dimension. New ones are unmanaged; those that exist are changed. */
import { endpoints, type LabelWire, type WorkloadWire } from '@bulkhead/contract';
import { canonicalAddress } from '@bulkhead/net';
import { BULK, EVERYTHING, type Import, type ImportItem, type ImportSource } from './import.ts';
import { readTable, type Faults, type Row } from './table.ts';

const NAMING = ['href', 'hostname', 'name'] as const;
const TEXTS = [
  'name',
  'hostname',
  'description',
  'external_data_set',
  'external_data_reference',
  'public_ip',
  'service_principal_name',
  'distinguished_name',
  'service_provider',
  'data_center',
  'data_center_zone',
  'os_id',
  'os_detail',
  'enforcement_mode',
  'visibility_level',
] as const;
/** Besides these, one for each label dimension. */
export const WORKLOAD_COLUMNS = ['href', ...TEXTS, 'interfaces'];
/** What a VEN reports is not a file's to say. */
const REPORTED: readonly string[] = ['hostname', 'os_id', 'os_detail', 'interfaces'];

interface Interface {
  readonly name: string;
  readonly address: string;
  readonly cidr_block?: number;
}
interface WorkloadImport extends ImportItem {
  readonly known: WorkloadWire | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  /** `key=value` of its labels as they shall be; undefined: they stay. */
  readonly labels: readonly string[] | undefined;
}

export async function importWorkloads(source: ImportSource): Promise<Import> {
  const { client, faults } = source;
  const [dimensions, labels, workloads] = await Promise.all([
    client.call('label_dimensions.list', { query: EVERYTHING }),
    client.call('labels.list', { query: EVERYTHING }),
    client.call('workloads.list', { query: EVERYTHING }),
  ]);
  const keys = dimensions.items.filter((one) => !one.deleted).map((one) => one.key);
  const table = readTable(
    source.text,
    { known: [...WORKLOAD_COLUMNS, ...keys], required: [NAMING] },
    faults,
  );
  const known = new Map(labels.items.map((label) => [textOf(label), label.href]));
  const place = { ...source, keys, find: finderOf(workloads.items), known };
  const seen = new Map<string, number>();
  const wanted = table.rows.flatMap((row) => rowImport(row, place, seen) ?? []);
  const items = wanted.filter(
    (item) =>
      item.known === undefined || item.labels !== undefined || Object.keys(item.members).length > 0,
  );
  return {
    items,
    unchanged: wanted.length - items.length,
    async write() {
      for (const text of new Set(items.flatMap((item) => item.labels ?? []))) {
        if (known.has(text)) continue;
        const [key = ''] = text.split('=', 1);
        const { href } = await client.call('labels.create', {
          body: { key, value: text.slice(key.length + 1) },
        });
        known.set(text, href);
      }
      const done: WorkloadImport[] = [];
      for (const action of ['create', 'update'] as const) {
        const chosen = items.filter((item) => item.action === action);
        for (let at = 0; at < chosen.length; at += BULK) {
          const part = chosen.slice(at, at + BULK);
          const results = await client.call(`workloads.bulk_${action}`, {
            body: part.map((item) => ({
              ...(item.known === undefined ? {} : { href: item.known.href }),
              ...item.members,
              ...(item.labels === undefined
                ? {}
                : { labels: item.labels.map((text) => ({ href: known.get(text) })) }),
            })),
          });
          for (const [index, item] of part.entries()) {
            const result = results[index];
            if (result?.status === 'created' || result?.status === 'updated') done.push(item);
            else faults.add(item.line, '', result?.message ?? 'the PCE said nothing of it');
          }
        }
      }
      return done;
    },
  };
}

interface Place {
  readonly keys: readonly string[];
  readonly find: (row: Row) => WorkloadWire | string | undefined;
  readonly faults: Faults;
  readonly known: ReadonlyMap<string, string>;
  readonly createLabels: boolean;
}

function rowImport(row: Row, place: Place, seen: Map<string, number>): WorkloadImport | undefined {
  const { faults } = place;
  const naming = NAMING.flatMap((column) => row.cell(column) ?? [])[0];
  if (naming === undefined) {
    faults.add(
      row.line,
      'hostname',
      'is empty; a row names its workload by href, hostname or name',
    );
    return undefined;
  }
  const twice = seen.get(naming);
  if (twice !== undefined) faults.add(row.line, '', `"${naming}" stands already on line ${twice}`);
  seen.set(naming, row.line);
  const found = place.find(row);
  if (typeof found === 'string') {
    faults.add(row.line, '', found);
    return undefined;
  }
  const members = membersOf(row, found, faults);
  const labels = labelsOf(row, found, place);
  checkBody(row, members, faults);
  return {
    action: found === undefined ? 'create' : 'update',
    line: row.line,
    what: `workload "${naming}"`,
    known: found,
    members,
    labels,
  };
}

/** Members that the row says and that are not so already. */
function membersOf(
  row: Row,
  known: WorkloadWire | undefined,
  faults: Faults,
): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const column of TEXTS) {
    const text = row.cell(column);
    if (text === undefined || text === known?.[column]) continue;
    if (known?.managed === true && REPORTED.includes(column)) continue;
    members[column] = text;
  }
  const written = row.cell('interfaces');
  if (written === undefined || known?.managed === true) return members;
  const interfaces = written
    .split(/[;\s]+/)
    .filter((text) => text !== '')
    .map((text, index) => interfaceOf(text, index));
  for (const one of interfaces)
    if (typeof one === 'string') faults.add(row.line, 'interfaces', one);
  const text = JSON.stringify(interfaces);
  const before = known?.interfaces.map(({ name, address, cidr_block: cidr }) => ({
    name,
    address,
    ...(cidr === null ? {} : { cidr_block: cidr }),
  }));
  if (text !== JSON.stringify(before)) members['interfaces'] = interfaces;
  return members;
}

/** `eth0:10.0.0.1/24`, or an address alone. */
function interfaceOf(text: string, index: number): Interface | string {
  const at = text.indexOf(':');
  const alone = addressOf(text, `umw${index}`);
  if (alone !== undefined) return alone;
  const named = at < 1 ? undefined : addressOf(text.slice(at + 1), text.slice(0, at));
  return (
    named ??
    `"${text}" is no interface; write an address such as 10.0.0.1/24, or eth0:10.0.0.1/24, several with ; between them`
  );
}

function addressOf(text: string, name: string): Interface | undefined {
  const [written = '', bits] = text.split('/');
  const address = canonicalAddress(written);
  if (address === null || name.length > 64) return undefined;
  if (bits === undefined) return { name, address };
  const most = address.includes(':') ? 128 : 32;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most
    ? { name, address, cidr_block: Number(bits) }
    : undefined;
}

/** Labels with those of the row in the place of others of their keys; undefined: as they are. */
function labelsOf(row: Row, known: WorkloadWire | undefined, place: Place): string[] | undefined {
  const said = new Map(
    place.keys.flatMap((key) => {
      const value = row.cell(key);
      return value === undefined ? [] : [[key, `${key}=${value}`] as const];
    }),
  );
  for (const [key, text] of said)
    if (!place.known.has(text) && !place.createLabels)
      place.faults.add(
        row.line,
        key,
        `there is no label ${text}; mend it, or run with --create-labels`,
      );
  const before = (known?.labels ?? []).map(textOf);
  const kept = (known?.labels ?? []).filter(({ key }) => !said.has(key)).map(textOf);
  const labels = [...kept, ...said.values()];
  const isSame = labels.length === before.length && labels.every((text) => before.includes(text));
  return isSame ? undefined : labels;
}

/** The API's own limits, told with the column. */
function checkBody(row: Row, members: Readonly<Record<string, unknown>>, faults: Faults): void {
  const parsed = endpoints['workloads.create'].body.safeParse(members);
  for (const issue of parsed.error?.issues ?? []) {
    const column = String(issue.path[0] ?? '');
    if (column !== 'interfaces')
      faults.add(row.line, column, issue.message.replace(/^Invalid \w+: /, ''));
  }
}

/** Finds the workload of a row: by href, by external data, by hostname, by name. A sentence when several could be meant. */
function finderOf(workloads: readonly WorkloadWire[]): Place['find'] {
  const by = (nameOf: (workload: WorkloadWire) => string | null) => {
    const found = new Map<string, WorkloadWire[]>();
    for (const workload of workloads) {
      const name = nameOf(workload);
      if (name !== null) found.set(name, [...(found.get(name) ?? []), workload]);
    }
    return found;
  };
  const hrefs = by((one) => one.href);
  const hostnames = by((one) => one.hostname);
  const names = by((one) => one.name);
  const external = by((one) => externalText(one.external_data_set, one.external_data_reference));
  return (row) => {
    const href = row.cell('href');
    if (href !== undefined) return hrefs.get(href)?.[0] ?? `there is no workload ${href}`;
    const key = externalText(row.cell('external_data_set'), row.cell('external_data_reference'));
    const found =
      (key === null ? undefined : external.get(key)) ??
      hostnames.get(row.cell('hostname') ?? '') ??
      (row.cell('hostname') === undefined ? names.get(row.cell('name') ?? '') : undefined) ??
      [];
    const [first, second] = found;
    if (first !== undefined && second !== undefined)
      return `${found.length} workloads could be meant; add a column href, such as ${first.href}`;
    return first;
  };
}

function externalText(
  set: string | null | undefined,
  reference: string | null | undefined,
): string | null {
  return set == null || reference == null ? null : JSON.stringify([set, reference]);
}

function textOf({ key, value }: Pick<LabelWire, 'key' | 'value'>): string {
  return `${key}=${value}`;
}
