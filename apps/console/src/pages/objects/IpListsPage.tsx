import { useMemo, useState } from 'react';
import { Textarea, TextInput } from '@mantine/core';
import type { IpListWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { ipListText, parseIpList, rangeText } from '../../format/ip-lists.ts';
import { idOf } from '../../format/words.ts';
import { Age, DraftBadge } from '../../ui/Bits.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';

const COLUMNS: readonly Column<IpListWire>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 280,
    cell: (list) => (
      <span className="nm">
        <b className="b ell">{list.name}</b>
        <DraftBadge type={list.update_type} />
      </span>
    ),
  },
  {
    id: 'entries',
    header: 'Entries',
    cell: (list) => (
      <span className="addr">
        {[...list.ip_ranges.map(rangeText), ...list.fqdns.map((one) => one.fqdn)].join(', ')}
      </span>
    ),
  },
  {
    id: 'count',
    header: 'Count',
    width: 80,
    right: true,
    cell: (list) => (list.ip_ranges.length + list.fqdns.length).toLocaleString('en-US'),
  },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (list) => <Age at={list.updated_at} />,
  },
];

function IpListEditor({
  list,
  onClose,
}: {
  readonly list: IpListWire | null;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(list?.name ?? '');
  const [description, setDescription] = useState(list?.description ?? '');
  const [text, setText] = useState(list === null ? '' : ipListText(list));
  const [seen, setSeen] = useState(list?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const readOnly = list !== null && (!list.caps.includes('write') || list.update_type === 'delete');
  const params = { pversion: 'draft', id: list === null ? '' : idOf(list.href) };
  function checkText(): string | null {
    const parsed = parseIpList(text);
    if (!parsed.ok) return parsed.message;
    return parsed.ranges.length + parsed.fqdns.length === 0
      ? 'An IP list needs at least one address, block, range or name.'
      : null;
  }
  return (
    <ObjectDrawer
      title={list === null ? 'New IP list' : `${readOnly ? '' : 'Edit '}${list.name}`}
      fields={['name', 'description', 'ip_ranges', 'fqdns']}
      byToken={{ ip_list_name_not_unique: 'name', invalid_ip_address: 'ip_ranges' }}
      readOnly={readOnly}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const wrong = checkText();
        const found = {
          ...(name.trim() === '' ? { name: 'An IP list needs a name.' } : {}),
          ...(wrong === null ? {} : { ip_ranges: wrong }),
        };
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () => setSeen((await api().call('ip_lists.get', { params })).updated_at)}
      save={async () => {
        const parsed = parseIpList(text);
        if (!parsed.ok) return;
        const body = {
          name: name.trim(),
          description: description.trim() === '' ? null : description,
          ip_ranges: [...parsed.ranges],
          fqdns: [...parsed.fqdns],
        };
        if (list === null)
          await api().call('ip_lists.create', { params: { pversion: 'draft' }, body });
        else await api().call('ip_lists.update', { params, query: { if_updated_at: seen }, body });
        await invalidateDraft('ip_lists');
      }}
    >
      <TextInput
        label="Name"
        data-autofocus
        disabled={readOnly}
        value={name}
        error={errors['name']}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setErrors({});
        }}
      />
      <TextInput
        label="Description"
        description="Optional"
        disabled={readOnly}
        value={description}
        error={errors['description']}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Textarea
        label="Addresses"
        description="One a line: 10.0.0.0/8, 10.1.1.1-10.1.1.9, fd00::/8, printer.example.com. A ! before an entry excludes it, a # begins a note."
        autosize
        minRows={6}
        maxRows={20}
        disabled={readOnly}
        classNames={{ input: 'mono' }}
        value={text}
        error={errors['ip_ranges'] ?? errors['fqdns']}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setErrors({});
        }}
        onBlur={() => {
          if (text.trim() !== '') {
            const wrong = checkText();
            setErrors((now) => ({ ...now, ip_ranges: wrong ?? '' }));
          }
        }}
      />
    </ObjectDrawer>
  );
}

export function IpListsPage() {
  const [search] = useFilters();
  const options = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('ip_lists.list', options);
  return (
    <ObjectPage
      title="IP Lists"
      one="IP list"
      purpose="Addresses that no workload has: the internet, offices, partners."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(one) => one.name}
      hrefOf={(one) => one.href}
      canEdit={(one) => one.caps.includes('write') && one.update_type !== 'delete'}
      drafts
      empty="An IP list stands for addresses in rules and boundaries."
      edit={(one, close) => <IpListEditor list={one} onClose={close} />}
      remove={async (one) => {
        await api().call('ip_lists.delete', { params: { pversion: 'draft', id: idOf(one.href) } });
        await invalidateDraft('ip_lists');
      }}
    />
  );
}
