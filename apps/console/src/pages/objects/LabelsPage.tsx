import { useMemo, useState } from 'react';
import { Select, TextInput } from '@mantine/core';
import type { LabelWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApi, useApiList } from '../../api/hooks.ts';
import { idOf, KEY_NAMES } from '../../format/words.ts';
import { Age } from '../../ui/Bits.tsx';
import { LabelChip } from '../../ui/Chips.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { FilterPill, useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';

const USAGE_WORDS: Record<string, string> = {
  label_group: 'label groups',
  ruleset: 'ruleset scopes',
  rule: 'rules',
  pairing_profile: 'pairing profiles',
  workload: 'workloads',
  enforcement_boundary: 'enforcement boundaries',
  virtual_service: 'virtual services',
  permission: 'permissions',
};
function usageText(label: LabelWire): string {
  const uses = Object.entries(label.usage ?? {})
    .filter(([, used]) => used)
    .map(([kind]) => USAGE_WORDS[kind] ?? kind.replaceAll('_', ' '));
  return uses.length === 0 ? '-' : uses.join(', ');
}
const COLUMNS: readonly Column<LabelWire>[] = [
  {
    id: 'key',
    header: 'Dimension',
    width: 160,
    cell: (label) => KEY_NAMES[label.key] ?? label.key,
  },
  { id: 'value', header: 'Label', width: 260, cell: (label) => <LabelChip label={label} /> },
  {
    id: 'usage',
    header: 'Used by',
    cell: (label) => <span className="t2">{usageText(label)}</span>,
  },
  {
    id: 'at',
    header: 'Changed',
    width: 100,
    right: true,
    cell: (label) => <Age at={label.updated_at} />,
  },
];

function LabelEditor({
  label,
  onClose,
}: {
  readonly label: LabelWire | null;
  readonly onClose: () => void;
}) {
  const dimensions = useApi('label_dimensions.list').data?.items;
  const [key, setKey] = useState(label?.key ?? 'app');
  const [value, setValue] = useState(label?.value ?? '');
  const [seen, setSeen] = useState(label?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const data =
    dimensions === undefined || dimensions.length === 0
      ? Object.entries(KEY_NAMES).map(([one, name]) => ({ value: one, label: name }))
      : dimensions.map((one) => ({ value: one.key, label: one.display_name }));
  return (
    <ObjectDrawer
      title={label === null ? 'New label' : `Edit ${label.value}`}
      fields={['key', 'value']}
      byToken={{ label_key_and_value_must_be_unique: 'value' }}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        if (value.trim() !== '') return true;
        setErrors({ value: 'A label needs a value.' });
        return false;
      }}
      onStale={async () => {
        if (label !== null)
          setSeen(
            (await api().call('labels.get', { params: { id: idOf(label.href) } })).updated_at,
          );
      }}
      save={async () => {
        if (label === null)
          await api().call('labels.create', { body: { key, value: value.trim() } });
        else
          await api().call('labels.update', {
            params: { id: idOf(label.href) },
            query: { if_updated_at: seen },
            body: { value: value.trim() },
          });
        await invalidate('labels', 'workloads');
      }}
    >
      <Select
        label="Dimension"
        allowDeselect={false}
        data={data}
        value={key}
        disabled={label !== null}
        error={errors['key']}
        onChange={(one) => {
          if (one !== null) setKey(one);
        }}
        {...(label === null ? {} : { description: 'The dimension of a label never changes.' })}
      />
      <TextInput
        label="Value"
        data-autofocus
        value={value}
        error={errors['value']}
        onChange={(event) => {
          setValue(event.currentTarget.value);
          setErrors({});
        }}
      />
      <p className="hint">Labels take effect at once. They need no provisioning.</p>
    </ObjectDrawer>
  );
}

export function LabelsPage() {
  const [search] = useFilters();
  const options = useMemo(
    () => ({ query: { query: search['q'], key: search['key'], usage: true } }),
    [search],
  );
  const list = useApiList('labels.list', options);
  return (
    <ObjectPage
      title="Labels"
      one="label"
      purpose="Role, Application, Environment and Location of hosts. Rules and scopes are written with them."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(label) => label.value}
      hrefOf={(label) => label.href}
      canEdit={(label) => label.caps.includes('write')}
      drafts={false}
      filters={
        <FilterPill
          name="Dimension"
          param="key"
          choices={Object.entries(KEY_NAMES).map(([value, label]) => ({ value, label }))}
        />
      }
      empty="Start with Application Endpoints, and a Role for each group of laptops."
      edit={(label, close) => <LabelEditor label={label} onClose={close} />}
      remove={async (label) => {
        await api().call('labels.delete', { params: { id: idOf(label.href) } });
        await invalidate('labels');
      }}
    />
  );
}
