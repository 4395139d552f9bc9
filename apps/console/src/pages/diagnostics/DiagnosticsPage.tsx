/** What is legal in the policy but probably wrong: where, why, and what to do about it. */
import { useMemo, useState } from 'react';
import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle, IconX } from '@tabler/icons-react';
import type { DiagnosticWire } from '@bulkhead/contract';
import {
  CODE_NAMES,
  fieldWords,
  findingsOf,
  PLACE_NAMES,
  SEVERITY_NAMES,
} from '../../format/diagnostics.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, SearchBox, useFilters, VersionSwitch } from '../../ui/Toolbar.tsx';
import { ObjectLink } from '../../ui/Words.tsx';
import { Finding } from './Finding.tsx';
import { useFindings } from './findings.ts';

const SEVERITIES = {
  error: { Icon: IconAlertOctagon, className: 'row g6 blocked-c' },
  warning: { Icon: IconAlertTriangle, className: 'row g6 potential-c' },
  info: { Icon: IconInfoCircle, className: 'row g6 t2' },
};
function Severity({ severity }: { readonly severity: DiagnosticWire['severity'] }) {
  const { Icon, className } = SEVERITIES[severity];
  return (
    <span className={className}>
      <Icon size={14} aria-hidden />
      {SEVERITY_NAMES[severity]}
    </span>
  );
}

const COLUMNS: readonly Column<DiagnosticWire>[] = [
  {
    id: 'severity',
    header: 'Severity',
    width: 100,
    cell: (one) => <Severity severity={one.severity} />,
  },
  {
    id: 'code',
    header: 'Finding',
    width: 210,
    cell: (one) => <b className="b">{CODE_NAMES[one.code]}</b>,
  },
  {
    id: 'place',
    header: 'Place',
    width: 280,
    cell: (one) => (
      <span className="nm">
        <span className="t3">{PLACE_NAMES[one.place.type]}</span>
        <span className="ell">
          <ObjectLink href={one.place.href} name={one.place.name} />
        </span>
        {one.place.field === null ? null : (
          <span className="t3">{fieldWords(one.place.field)}</span>
        )}
      </span>
    ),
  },
  {
    id: 'message',
    header: 'What it means',
    cell: (one) => <span title={one.message}>{one.message}</span>,
  },
];

/** A place within an object can have one finding of a code. */
function keyOf(one: DiagnosticWire): string {
  return [one.code, one.place.href, one.place.field].join(' ');
}

function choices(names: Readonly<Record<string, string>>) {
  return Object.entries(names).map(([value, label]) => ({ value, label }));
}

function Filters({ onlyCodes }: { readonly onlyCodes: ReadonlySet<string> }) {
  const [search, setSearch] = useFilters();
  const codes = choices(CODE_NAMES).filter(
    ({ value }) => onlyCodes.has(value) || value === search['code'],
  );
  return (
    <>
      <SearchBox label="Object, or words of the finding" width={290} />
      <FilterPill name="Severity" param="severity" choices={choices(SEVERITY_NAMES)} />
      <FilterPill name="Finding" param="code" choices={codes} />
      <FilterPill name="Object" param="type" choices={choices(PLACE_NAMES)} />
      {search['of'] === undefined ? null : (
        <button
          type="button"
          className="fp"
          aria-label="Of one object, remove filter"
          onClick={() => setSearch({ of: '' })}
        >
          <b>Of one object</b> <IconX size={12} aria-hidden />
        </button>
      )}
    </>
  );
}

export function DiagnosticsPage() {
  useCrumbs({ name: 'Diagnostics' });
  const [search, setSearch] = useFilters();
  const pversion = search['pversion'] === 'active' ? 'active' : 'draft';
  const query = useFindings(pversion);
  const [open, setOpen] = useState<string | null>(null);
  const all = query.data?.items;
  const shown = useMemo(() => findingsOf(all ?? [], search), [all, search]);
  const codes = useMemo(() => new Set((all ?? []).map((one) => one.code)), [all]);
  const total = query.data?.total ?? 0;
  return (
    <main className="page list">
      <PageHeader
        title="Diagnostics"
        purpose="What is legal in the policy but probably wrong, the gravest first."
        actions={
          <Btn busy={query.isFetching} onClick={() => void query.refetch()}>
            Look again
          </Btn>
        }
      />
      <div className="bar wrap">
        <VersionSwitch />
        <Filters onlyCodes={codes} />
      </div>
      {query.error === null ? null : (
        <ErrorNotice error={query.error} what="findings" onRetry={() => void query.refetch()} />
      )}
      <DataTable
        label="Diagnostics"
        rows={shown}
        columns={COLUMNS}
        rowId={keyOf}
        rowName={(one) => `${CODE_NAMES[one.code]}, ${one.place.name}`}
        loading={query.isPending}
        minWidth={860}
        onOpen={(one) => setOpen(open === keyOf(one) ? null : keyOf(one))}
        openId={open}
        detail={(one) => <Finding finding={one} />}
        empty={
          query.error !== null ? null : total === 0 ? (
            <Empty title={`Nothing to say about the ${pversion} policy`}>
              Every rule and boundary has an effect, and every object stands for something.
            </Empty>
          ) : (
            <Empty
              title="No finding matches"
              action={
                <Btn onClick={() => setSearch({ q: '', severity: '', code: '', type: '', of: '' })}>
                  Remove all filters
                </Btn>
              }
            >
              The filters exclude all {plural(total, 'finding')}.
            </Empty>
          )
        }
      />
      <div className="foot">
        {query.data === undefined
          ? ''
          : shown.length === total
            ? plural(total, 'finding')
            : `${shown.length.toLocaleString('en-US')} of ${plural(total, 'finding')}`}
      </div>
    </main>
  );
}
