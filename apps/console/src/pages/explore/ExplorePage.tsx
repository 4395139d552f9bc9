import { useState } from 'react';
import { Popover, TextInput } from '@mantine/core';
import { IconChevronDown, IconX } from '@tabler/icons-react';
import { POLICY_DECISIONS } from '@bulkhead/policy';
import { useIpLists, useLabels, useWorkloadSearch } from '../../api/lookups.ts';
import { listValue } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { parsePort, portsText } from '../../format/services.ts';
import { DECISION_NAMES, KEY_NAMES } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Age, Btn, Decision } from '../../ui/Bits.tsx';
import { Empty, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, useFilters } from '../../ui/Toolbar.tsx';
import { FlowTable } from './FlowTable.tsx';
import { HOUR_NAMES, HOURS, isAddressText, trafficQuery } from './query.ts';
import { useTraffic } from './use-traffic.ts';

interface Option {
  readonly value: string;
  readonly name: string;
}
const SHOWN = 40;

function useOptions(text: string): Option[] {
  const labels = useLabels();
  const lists = useIpLists();
  const workloads = useWorkloadSearch(text);
  const lower = text.toLowerCase();
  const all = [
    ...labels.map((label) => ({
      value: label.href,
      name: `${KEY_NAMES[label.key] ?? label.key}: ${label.value}`,
    })),
    ...workloads.map((one) => ({
      value: one.href,
      name: `Workload: ${one.name ?? one.hostname ?? ''}`,
    })),
    ...lists.map((list) => ({ value: list.href, name: `IP list: ${list.name}` })),
  ];
  const typed =
    text !== '' && isAddressText(text)
      ? [{ value: text.trim(), name: `Address ${text.trim()}` }]
      : [];
  return [...typed, ...all.filter((one) => one.name.toLowerCase().includes(lower))].slice(0, SHOWN);
}

/** "From anything ⌄": who, by label, workload, IP list or address. */
function EndFilter({ label, param }: { readonly label: string; readonly param: 'from' | 'to' }) {
  const [search, setSearch] = useFilters();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const chosen = listValue(search[param]);
  const options = useOptions(text);
  const names = useOptions('');
  const nameOf = (value: string): string =>
    value.startsWith('/')
      ? (names.find((one) => one.value === value)?.name.replace(/^[^:]+: /, '') ??
        'a chosen object')
      : value;
  const set = (values: readonly string[]): void => setSearch({ [param]: values.join(',') });
  return (
    <Popover opened={open} onChange={setOpen} width={320} position="bottom-start" trapFocus>
      <Popover.Target>
        <button
          type="button"
          className="fp"
          aria-label={label}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <b>{chosen.length === 0 ? 'anything' : chosen.map(nameOf).join(' or ')}</b>
          <IconChevronDown size={12} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        <TextInput
          data-autofocus
          aria-label={`Search ${label.toLowerCase()}`}
          placeholder="Label, workload, IP list or address"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {chosen.map((value) => (
          <button
            key={value}
            type="button"
            className="optb"
            onClick={() => set(chosen.filter((one) => one !== value))}
          >
            <IconX size={12} aria-hidden />
            {nameOf(value)}
          </button>
        ))}
        <div style={{ maxHeight: 260, overflowY: 'auto' }}>
          {options
            .filter((one) => !chosen.includes(one.value))
            .map((one) => (
              <button
                key={one.value}
                type="button"
                className="optb"
                onClick={() => {
                  set([...chosen, one.value]);
                  setText('');
                  setOpen(false);
                }}
              >
                {one.name}
              </button>
            ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function ServiceFilter() {
  const [search, setSearch] = useFilters();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [error, setError] = useState<string | null>(null);
  const chosen = listValue(search['service']);
  function add(): void {
    const parsed = parsePort(text);
    if (!parsed.ok) {
      setError(parsed.message);
      return;
    }
    setSearch({
      service: [...chosen, portsText([parsed.value]).toLowerCase().replace(' ', '/')].join(','),
    });
    setText('');
    setOpen(false);
  }
  return (
    <Popover opened={open} onChange={setOpen} width={280} position="bottom-start" trapFocus>
      <Popover.Target>
        <button
          type="button"
          className="fp"
          aria-label="Service"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <b>{chosen.length === 0 ? 'any service' : chosen.join(' or ')}</b>
          <IconChevronDown size={12} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        <TextInput
          data-autofocus
          aria-label="Port"
          placeholder="tcp/443"
          value={text}
          error={error}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setError(null);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') add();
          }}
        />
        {chosen.map((value) => (
          <button
            key={value}
            type="button"
            className="optb"
            onClick={() => setSearch({ service: chosen.filter((one) => one !== value).join(',') })}
          >
            <IconX size={12} aria-hidden />
            {value}
          </button>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}

export function ExplorePage() {
  useCrumbs({ name: 'Explore' });
  const [search, setSearch] = useFilters();
  const traffic = useTraffic(JSON.stringify(search), () => trafficQuery(search, new Date()));
  const flows = traffic.data?.flows ?? [];
  const counts = POLICY_DECISIONS.map((decision) => ({
    decision,
    count: flows
      .filter((flow) => flow.policy_decision === decision)
      .reduce((sum, flow) => sum + flow.num_connections, 0),
  }));
  const filtered = Object.keys(search).length > 0;
  return (
    <main className="page list">
      <PageHeader title="Explore" />
      <div
        className="row wrap"
        style={{
          background: 'var(--bh-sunken)',
          border: '1px solid var(--bh-line)',
          borderRadius: 8,
          padding: '8px 14px',
        }}
      >
        <span className="t3">From</span>
        <EndFilter label="Source" param="from" />
        <span className="t3">to</span>
        <EndFilter label="Destination" param="to" />
        <span className="t3">on</span>
        <ServiceFilter />
        <span className="t3">in the</span>
        <FilterPill
          name="Time"
          standard="last 24 hours"
          param="hours"
          choices={HOURS.map((one) => ({ value: one, label: HOUR_NAMES[one] }))}
        />
        <FilterPill
          name="Decision"
          param="decision"
          choices={POLICY_DECISIONS.map((one) => ({ value: one, label: DECISION_NAMES[one] }))}
        />
        {filtered ? (
          <Btn
            kind="link"
            small
            onClick={() => setSearch({ from: '', to: '', service: '', hours: '', decision: '' })}
          >
            Reset
          </Btn>
        ) : null}
        <span className="grow" />
        <Btn kind="primary" small busy={traffic.isFetching} onClick={() => void traffic.refetch()}>
          Run
        </Btn>
      </div>
      <div className="row" style={{ gap: 32, padding: '12px 0' }}>
        {counts.map(({ decision, count }) => (
          <span key={decision} className="row">
            <Decision decision={decision} />
            <b className="num">
              {traffic.data === undefined ? '-' : count.toLocaleString('en-US')}
            </b>
          </span>
        ))}
        <span className="grow" />
        <span className="t3 sm">
          {traffic.data === undefined ? (
            ''
          ) : (
            <>
              As of <Age at={traffic.data.at} ago />
            </>
          )}
        </span>
      </div>
      <FlowTable
        traffic={traffic}
        empty={
          filtered ? (
            <Empty
              title="No flow matches"
              action={
                <Btn
                  onClick={() =>
                    setSearch({ from: '', to: '', service: '', hours: '', decision: '' })
                  }
                >
                  Remove all filters
                </Btn>
              }
            >
              The filters above exclude every flow.
            </Empty>
          ) : (
            <Empty title="No flows in the last 24 hours">
              VENs report connections within a minute of seeing them. Raise Visibility to see
              allowed ones.
            </Empty>
          )
        }
      />
      <div className="foot">
        {traffic.data === undefined
          ? ''
          : `${plural(flows.length, 'row')}${traffic.data.matches !== null && traffic.data.matches > flows.length ? ` of ${traffic.data.matches.toLocaleString('en-US')}; narrow the filters to see the rest` : ''}`}
      </div>
    </main>
  );
}
