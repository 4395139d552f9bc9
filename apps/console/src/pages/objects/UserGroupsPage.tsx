import { useMemo, useState } from 'react';
import { TextInput } from '@mantine/core';
import type { SecurityPrincipalWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApiList } from '../../api/hooks.ts';
import { idOf } from '../../format/words.ts';
import { Age } from '../../ui/Bits.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { ObjectDrawer } from './ObjectDrawer.tsx';
import { listState, ObjectPage } from './ObjectPage.tsx';

const COLUMNS: readonly Column<SecurityPrincipalWire>[] = [
  { id: 'name', header: 'Name', width: 280, cell: (one) => <b className="b ell">{one.name}</b> },
  { id: 'sid', header: 'SID', width: 360, cell: (one) => <span className="addr">{one.sid}</span> },
  {
    id: 'description',
    header: 'Description',
    wideOnly: true,
    cell: (one) => one.description ?? <span className="t3">-</span>,
  },
  {
    id: 'used',
    header: 'In rules',
    width: 90,
    cell: (one) => (one.used_by_ruleset ? 'Yes' : <span className="t3">No</span>),
  },
  {
    id: 'at',
    header: 'Changed',
    width: 90,
    right: true,
    cell: (one) => <Age at={one.updated_at} />,
  },
];

function UserGroupEditor({
  group,
  onClose,
}: {
  readonly group: SecurityPrincipalWire | null;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(group?.name ?? '');
  const [sid, setSid] = useState(group?.sid ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [seen, setSeen] = useState(group?.updated_at);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const params = { id: group === null ? '' : idOf(group.href) };
  const readOnly = group !== null && !group.caps.includes('write');
  return (
    <ObjectDrawer
      title={group === null ? 'New user group' : `${readOnly ? '' : 'Edit '}${group.name}`}
      fields={['name', 'sid', 'description']}
      byToken={{ name_must_be_unique: 'name', sid_must_be_unique: 'sid' }}
      readOnly={readOnly}
      onClose={onClose}
      onFieldErrors={setErrors}
      check={() => {
        const found = {
          ...(name.trim() === '' ? { name: 'A user group needs a name.' } : {}),
          ...(sid.trim() === ''
            ? { sid: 'Write the SID of the group, such as S-1-5-21-1004-500-7-1106.' }
            : {}),
        };
        setErrors(found);
        return Object.keys(found).length === 0;
      }}
      onStale={async () =>
        setSeen((await api().call('security_principals.get', { params })).updated_at)
      }
      save={async () => {
        const body = {
          name: name.trim(),
          description: description.trim() === '' ? null : description,
        };
        if (group === null)
          await api().call('security_principals.create', { body: { ...body, sid: sid.trim() } });
        else
          await api().call('security_principals.update', {
            params,
            query: { if_updated_at: seen },
            body,
          });
        await invalidate('security_principals', 'rule_sets');
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
        label="SID"
        disabled={group !== null}
        classNames={{ input: 'mono' }}
        {...(group === null ? {} : { description: 'The SID of a user group never changes.' })}
        value={sid}
        error={errors['sid']}
        onChange={(event) => {
          setSid(event.currentTarget.value);
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
      <p className="hint">User groups take effect at once. They need no provisioning.</p>
    </ObjectDrawer>
  );
}

export function UserGroupsPage() {
  const [search] = useFilters();
  const options = useMemo(() => ({ query: { query: search['q'] } }), [search]);
  const list = useApiList('security_principals.list', options);
  return (
    <ObjectPage
      title="User Groups"
      one="user group"
      purpose="Groups of a directory. A rule can be for their users alone, on hosts that can tell who connects."
      list={listState(list)}
      columns={COLUMNS}
      nameOf={(group) => group.name}
      hrefOf={(group) => group.href}
      canEdit={(group) => group.caps.includes('write')}
      drafts={false}
      empty="Make a group of your directory known by its SID, then choose it for the consumers of a rule."
      edit={(group, close) => <UserGroupEditor group={group} onClose={close} />}
      remove={async (group) => {
        await api().call('security_principals.delete', { params: { id: idOf(group.href) } });
        await invalidate('security_principals');
      }}
    />
  );
}
