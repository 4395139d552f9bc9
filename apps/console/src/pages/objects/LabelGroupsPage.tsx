import { useMemo, useState } from 'react';
import { MultiSelect, Select, TextInput } from '@mantine/core';
import type { LabelGroupWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { useLabels } from '../../api/lookups.ts';
import { idOf, KEY_NAMES } from '../../format/words.ts';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import { Chips } from '../../ui/Chips.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';

const COLUMNS: readonly Column<LabelGroupWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 240,
    cell: (group) => (
      <span className="nm">
        <b className="b ell">{group.name}</b>
        <DraftBadge type={group.update_type} />
      </span>
    ),
  },
  {
    id: 'key',
    header: 'Dimension',
    width: 130,
    cell: (group) => KEY_NAMES[group.key] ?? group.key,
  },
  { id: 'members', header: 'Members', cell: (group) => <Chips labels={group.labels} /> },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (group) => <Age at={group.updated_at} />,
  },
];

function GroupEditor({
  group,
  onClose,
}: {
  readonly group: LabelGroupWire | null;
  readonly onClose: () => void;
}) {
  const labels = useLabels();
  const [name, setName] = useState(group?.name ?? '');
  const [key, setKey] = useState(group?.key ?? 'role');
  const [members, setMembers] = useState<string[]>(group?.labels.map((label) => label.href) ?? []);
  const [seen, setSeen] = useState(group?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const params = { pversion: 'draft', id: group === null ? '' : idOf(group.href) };
  return (
    <ObjectDrawer
      title={group === null ? 'New label group' : `Edit ${group.name}`}
      fields={['name', 'key', 'labels']}
      byToken={{ name_must_be_unique: 'name' }}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        if (name.trim() !== '') return true;
        setErrors({ name: 'A label group needs a name.' });
        return false;
      }}
      onStale={async () => setSeen((await api().call('label_groups.get', { params })).updated_at)}
      save={async () => {
        const body = { name: name.trim(), labels: members.map((href) => ({ href })) };
        if (group === null)
          await api().call('label_groups.create', {
            params: { pversion: 'draft' },
            body: { ...body, key },
          });
        else
          await api().call('label_groups.update', { params, query: { if_updated_at: seen }, body });
        await invalidateDraft('label_groups');
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        error={errors['name']}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setErrors({});
        }}
      />
      <Select
        label="Dimension"
        allowDeselect={false}
        disabled={group !== null}
        data={Object.entries(KEY_NAMES).map(([value, label]) => ({ value, label }))}
        value={key}
        onChange={(one) => {
          if (one !== null) {
            setKey(one);
            setMembers([]);
          }
        }}
      />
      <MultiSelect
        label="Labels"
        searchable
        value={members}
        error={errors['labels']}
        onChange={setMembers}
        data={labels
          .filter((label) => label.key === key && !label.deleted)
          .map((label) => ({ value: label.href, label: label.value }))}
      />
    </ObjectDrawer>
  );
}

export function LabelGroupsPage() {
  const [search] = useFilters();
  const options = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('label_groups.list', options);
  return (
    <ObjectPage
      title="Label Groups"
      one="label group"
      purpose="Several labels of one dimension under one name."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(group) => group.name}
      hrefOf={(group) => group.href}
      canEdit={(group) => group.caps.includes('write') && group.update_type !== 'delete'}
      drafts
      empty="A group stands for any of its labels, in scopes and in rules."
      edit={(group, close) => <GroupEditor group={group} onClose={close} />}
      remove={async (group) => {
        await api().call('label_groups.delete', {
          params: { pversion: 'draft', id: idOf(group.href) },
        });
        await invalidateDraft('label_groups');
      }}
    />
  );
}
