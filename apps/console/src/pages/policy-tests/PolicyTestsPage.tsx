/** Policy tests with what they said last, or what they say of the draft or the active policy now. */
import { useMemo, useState } from 'react';
import { Menu } from '@mantine/core';
import { IconChevronDown, IconPlayerPlay, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import {
  POLICY_TEST_STATES,
  type PolicyTestHostWire,
  type PolicyTestWire,
} from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { hostText, serviceText, STATE_NAMES, withRun } from '../../format/policy-tests.ts';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn, Decision } from '../../ui/Bits.tsx';
import { LabelChip } from '../../ui/Chips.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { Result, TestState } from './Result.tsx';
import { RunNotice } from './RunNotice.tsx';

const ALL = 10_000;
const RUNS = ['draft', 'active'] as const;

function Hosts({ hosts }: { readonly hosts: readonly PolicyTestHostWire[] }) {
  return (
    <span className="chips nowrap" title={hosts.map(hostText).join(' or ')}>
      {hosts.map((host, index) => (
        <span key={hostText(host)} className="chips nowrap">
          {index === 0 ? null : <span className="t3 sm">or</span>}
          {host.labels === undefined ? (
            <span className={host.address === undefined ? '' : 'addr'}>{hostText(host)}</span>
          ) : (
            host.labels.map((label) => <LabelChip key={label.href} label={label} />)
          )}
        </span>
      ))}
    </span>
  );
}

const COLUMNS: readonly Column<PolicyTestWire>[] = [
  {
    id: 'state',
    header: 'Result',
    width: 110,
    cell: (test) => <TestState state={test.result.state} />,
  },
  {
    id: 'name',
    header: 'Name',
    width: 260,
    cell: (test) => (
      <span className="nm">
        <Link className="ell" to={`/policy-tests/${idOf(test.href)}`}>
          {test.name}
        </Link>
        {test.enabled ? null : <span className="bdg">Disabled</span>}
      </span>
    ),
  },
  { id: 'from', header: 'From', cell: (test) => <Hosts hosts={test.from} /> },
  {
    id: 'service',
    header: 'Service',
    width: 130,
    cell: (test) => <span className="addr">{serviceText(test)}</span>,
  },
  { id: 'to', header: 'To', cell: (test) => <Hosts hosts={test.to} /> },
  {
    id: 'decision',
    header: 'Must be',
    width: 150,
    cell: (test) => <Decision decision={test.decision} />,
  },
  {
    id: 'at',
    header: 'Run',
    width: 70,
    right: true,
    cell: (test) => <Age at={test.result.at} />,
  },
];

function RunMenu({ onRun }: { readonly onRun: (pversion: (typeof RUNS)[number]) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Btn>
          <IconPlayerPlay size={16} stroke={1.5} aria-hidden />
          Run now
          <IconChevronDown size={14} aria-hidden />
        </Btn>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onRun('draft')}>Against the draft</Menu.Item>
        <Menu.Item onClick={() => onRun('active')}>Against the active policy</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function PolicyTestsPage() {
  useCrumbs({ name: 'Policy Tests' });
  const [search, setSearch] = useFilters();
  const [open, setOpen] = useState<string | null>(null);
  const list = useApi('policy_tests.list', { query: { max_results: ALL } });
  const pversion = oneOf(search['run'], RUNS);
  const run = useApi(
    'policy_tests.run',
    { body: { pversion: pversion ?? 'active' } },
    { enabled: pversion !== undefined, staleTime: 0 },
  );
  const state = oneOf(search['state'], POLICY_TEST_STATES);
  const text = (search['q'] ?? '').trim().toLowerCase();
  const tests = useMemo(
    () => withRun(list.data?.items ?? [], pversion === undefined ? undefined : run.data),
    [list.data, pversion, run.data],
  );
  const shown = tests.filter(
    (test) =>
      (state === undefined || test.result.state === state) &&
      test.name.toLowerCase().includes(text),
  );
  const add = (
    <Link className="btn pri" to="/policy-tests/new">
      <IconPlus size={16} aria-hidden />
      New policy test
    </Link>
  );
  return (
    <main className="page list">
      <PageHeader
        title="Policy Tests"
        purpose="Connections that must be allowed or blocked. One that fails stops a provision."
        actions={
          <>
            {tests.length === 0 ? null : (
              <RunMenu
                onRun={(next) => {
                  if (next === pversion) void run.refetch();
                  else setSearch({ run: next });
                }}
              />
            )}
            {add}
          </>
        }
      />
      <div className="bar wrap">
        <SearchBox label="Name" />
        <FilterPill
          name="Result"
          param="state"
          choices={POLICY_TEST_STATES.map((value) => ({ value, label: STATE_NAMES[value] }))}
        />
      </div>
      {pversion === undefined ? null : (
        <RunNotice
          pversion={pversion}
          run={run.data}
          at={run.dataUpdatedAt}
          busy={run.isFetching}
          error={run.error}
          onAgain={() => void run.refetch()}
          onClose={() => setSearch({ run: '' })}
        />
      )}
      {list.error === null ? null : (
        <ErrorNotice error={list.error} what="policy tests" onRetry={() => void list.refetch()} />
      )}
      <DataTable
        label="Policy Tests"
        rows={shown}
        columns={COLUMNS}
        rowId={(test) => test.href}
        rowName={(test) => test.name}
        loading={list.isPending}
        minWidth={1000}
        onOpen={(test) => setOpen(open === test.href ? null : test.href)}
        openId={open}
        detail={(test) => (
          <div className="finding">
            {test.note === null ? null : <p className="b">{test.note}</p>}
            <Result
              result={test.result}
              pversion={pversion ?? String(test.result.policy_version ?? 'active')}
            />
          </div>
        )}
        empty={
          list.error !== null ? null : tests.length === 0 ? (
            <Empty title="No policy tests yet" action={add}>
              A test says which connections must be allowed or blocked, and every provision is held
              against it.
            </Empty>
          ) : (
            <Empty
              title="No policy test matches"
              action={<Btn onClick={() => setSearch({ q: '', state: '' })}>Remove all filters</Btn>}
            >
              The filters exclude all {plural(tests.length, 'policy test')}.
            </Empty>
          )
        }
      />
      <div className="foot">
        {list.data === undefined ? '' : plural(shown.length, 'policy test')}
      </div>
    </main>
  );
}
