/** Labels from CSV: `key,value`, and the key of another system's data if there is one. */
import { ApiRequestError, type LabelWire } from '@bulkhead/contract';
import { EVERYTHING, type Import, type ImportItem, type ImportSource } from './import.ts';
import { readTable } from './table.ts';

export const LABEL_COLUMNS = ['key', 'value', 'external_data_set', 'external_data_reference'];

interface LabelImport extends ImportItem {
  readonly known: LabelWire | undefined;
  readonly key: string;
  readonly value: string;
  readonly external: {
    readonly external_data_set?: string;
    readonly external_data_reference?: string;
  };
}

export async function importLabels({ client, text, faults }: ImportSource): Promise<Import> {
  const table = readTable(text, { known: LABEL_COLUMNS, required: [['key'], ['value']] }, faults);
  const [labels, dimensions] = await Promise.all([
    client.call('labels.list', { query: EVERYTHING }),
    client.call('label_dimensions.list', { query: EVERYTHING }),
  ]);
  const keys = dimensions.items.filter((one) => !one.deleted).map((one) => one.key);
  const known = new Map(labels.items.map((label) => [`${label.key}=${label.value}`, label]));
  const seen = new Map<string, number>();
  let unchanged = 0;
  const items: LabelImport[] = [];
  for (const row of table.rows) {
    const [key, value] = [row.cell('key'), row.cell('value')];
    if (key === undefined || !keys.includes(key))
      faults.add(
        row.line,
        'key',
        `"${key ?? ''}" is no label dimension; they are ${keys.join(', ')}`,
      );
    if (value === undefined)
      faults.add(row.line, 'value', 'is empty; write the value of the label');
    if (value !== undefined && value.length > 255)
      faults.add(row.line, 'value', `has ${value.length} characters; 255 are the most`);
    if (key === undefined || value === undefined) continue;
    const name = `${key}=${value}`;
    const before = seen.get(name);
    if (before !== undefined)
      faults.add(row.line, 'value', `${name} stands already on line ${before}`);
    seen.set(name, row.line);
    const external = externalOf(row.cell('external_data_set'), row.cell('external_data_reference'));
    const label = known.get(name);
    if (label !== undefined && isSame(label, external)) unchanged += 1;
    else
      items.push({
        action: label === undefined ? 'create' : 'update',
        line: row.line,
        what: `label "${name}"`,
        known: label,
        key,
        value,
        external,
      });
  }
  return {
    items,
    unchanged,
    async write() {
      const done: LabelImport[] = [];
      for (const item of items) {
        try {
          if (item.known === undefined)
            await client.call('labels.create', {
              body: { key: item.key, value: item.value, ...item.external },
            });
          else
            await client.call('labels.update', {
              params: { id: item.known.href.split('/').at(-1) ?? '' },
              body: item.external,
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

/** External data that a row says; an empty cell says nothing. */
export function externalOf(
  set: string | undefined,
  reference: string | undefined,
): LabelImport['external'] {
  return {
    ...(set === undefined ? {} : { external_data_set: set }),
    ...(reference === undefined ? {} : { external_data_reference: reference }),
  };
}

function isSame(label: LabelWire, external: LabelImport['external']): boolean {
  const { external_data_set: set, external_data_reference: reference } = external;
  return (
    (set === undefined || set === label.external_data_set) &&
    (reference === undefined || reference === label.external_data_reference)
  );
}
