import { useMemo, useState } from 'react';
import { Drawer, TextInput, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { RuleSetWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf } from '../../api/failures.ts';
import { invalidateDraft, useApiList } from '../../api/hooks.ts';
import { useUserName } from '../../api/lookups.ts';
import { sortErrors } from '../../format/errors.ts';
import { plural } from '../../format/numbers.ts';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn, DraftBadge } from '../../ui/Bits.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader } from '../../ui/Notices.tsx';
import { SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';
import { ScopesEditor, ScopesText, writeScopes, type Scopes } from './Scopes.tsx';

function NewRuleset({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const form = useForm({
    initialValues: { name: '', description: '' },
    validateInputOnBlur: true,
    validate: { name: (value) => (value.trim() === '' ? 'A ruleset needs a name.' : null) },
  });
  const [scopes, setScopes] = useState<Scopes>([[]]);
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function save(values: typeof form.values): Promise<void> {
    setBusy(true);
    try {
      const made = await api().call('rule_sets.create', {
        params: { pversion: 'draft' },
        body: {
          name: values.name.trim(),
          description: values.description,
          enabled: true,
          scopes: writeScopes(scopes),
        },
      });
      await invalidateDraft('rule_sets');
      await navigate({ to: `/rulesets/${idOf(made.href)}` });
    } catch (error) {
      const sorted = sortErrors(errorsOf(error), ['name', 'description'], {
        rule_set_name_in_use: 'name',
      });
      form.setErrors(sorted.fields);
      setMessages(sorted.rest);
      setBusy(false);
    }
  }
  return (
    <Drawer opened onClose={onClose} title="New ruleset" size={560}>
      <form onSubmit={form.onSubmit((values) => void save(values))} className="col g16">
        <FormErrors messages={messages} />
        <TextInput label="Name" data-autofocus {...form.getInputProps('name')} />
        <Textarea
          label="Description"
          description="Optional"
          autosize
          minRows={1}
          {...form.getInputProps('description')}
        />
        <section>
          <h3 style={{ marginBottom: 6 }}>Scopes</h3>
          <ScopesEditor value={scopes} onChange={setScopes} />
        </section>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={onClose}>Cancel</Btn>
          <Btn kind="primary" type="submit" busy={busy}>
            Save
          </Btn>
        </div>
      </form>
    </Drawer>
  );
}

export function RulesetsPage() {
  useCrumbs({ name: 'Rulesets and Rules' }, { name: 'Rulesets' });
  const [search, setSearch] = useFilters();
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  const userName = useUserName();
  const query = useMemo(
    () => ({ params: { pversion: 'draft' }, query: { query: search['q'] } }),
    [search],
  );
  const list = useApiList('rule_sets.list', query);
  const columns: readonly Column<RuleSetWire>[] = [
    {
      id: 'name',
      header: 'Name',
      width: 280,
      cell: (one) => (
        <span className="nm">
          <Link className="ell" to={`/rulesets/${idOf(one.href)}`}>
            {one.name}
          </Link>
          <DraftBadge type={one.update_type} />
        </span>
      ),
    },
    { id: 'scopes', header: 'Scopes', cell: (one) => <ScopesText scopes={one.scopes} /> },
    { id: 'rules', header: 'Rules', width: 80, right: true, cell: (one) => one.rules.length },
    {
      id: 'status',
      header: 'Status',
      width: 100,
      cell: (one) => (one.enabled ? 'Enabled' : <span className="t3">Disabled</span>),
    },
    { id: 'by', header: 'Changed by', width: 180, cell: (one) => userName(one.updated_by.href) },
    {
      id: 'at',
      header: 'Changed',
      width: 90,
      right: true,
      cell: (one) => <Age at={one.updated_at} />,
    },
  ];
  return (
    <main className="page list">
      <PageHeader
        title="Rulesets"
        purpose="Rules, grouped by the part of the network that they are about."
        actions={
          <Btn kind="primary" onClick={() => setAdding(true)}>
            <IconPlus size={16} aria-hidden />
            New ruleset
          </Btn>
        }
      />
      <div className="bar">
        <SearchBox label="Name" />
      </div>
      {list.error === null ? null : (
        <ErrorNotice error={list.error} what="rulesets" onRetry={() => void list.refetch()} />
      )}
      <DataTable
        label="Rulesets"
        rows={list.items}
        columns={columns}
        rowId={(one) => one.href}
        rowName={(one) => one.name}
        loading={list.isPending}
        minWidth={900}
        onOpen={(one) => void navigate({ to: `/rulesets/${idOf(one.href)}` })}
        loadMore={
          list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined
        }
        empty={
          list.error !== null ? null : search['q'] === undefined ? (
            <Empty
              title="No rulesets yet"
              action={
                <Btn kind="primary" onClick={() => setAdding(true)}>
                  New ruleset
                </Btn>
              }
            >
              A ruleset says which connections are allowed within its scopes.
            </Empty>
          ) : (
            <Empty
              title="No ruleset matches"
              action={<Btn onClick={() => setSearch({ q: '' })}>Remove the filter</Btn>}
            >
              Nothing is named like that.
            </Empty>
          )
        }
      />
      <div className="foot">{list.total === undefined ? '' : plural(list.total, 'ruleset')}</div>
      <PendingBar />
      {adding ? <NewRuleset onClose={() => setAdding(false)} /> : null}
    </main>
  );
}
