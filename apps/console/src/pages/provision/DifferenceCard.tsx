/** Connections that one version decides otherwise than another, gained and lost. */
import { useState, type ReactNode } from 'react';
import { Select } from '@mantine/core';
import type { PolicyDifferenceWire } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { policyPortText } from '../../format/explanation.ts';
import { plural } from '../../format/numbers.ts';
import { Btn, Decision } from '../../ui/Bits.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { ObjectLink } from '../../ui/Words.tsx';
import { useVersionChoices, versionName } from './versions.ts';

type Entry = PolicyDifferenceWire['gained'][number];
type Side = Entry['consumers'];
type Cause = Entry['because'][number];
const CHANGES = { added: 'was added', removed: 'was removed', changed: 'was changed' } as const;

function SideText({ side }: { readonly side: Side }) {
  if (side.kind === 'outside')
    return (
      <span className="words">
        <span className="addr">{side.spans.join(', ')}</span>
        {side.names.length === 0 ? null : (
          <span className="t3 sm"> as {side.names.map((name) => name.pattern).join(', ')}</span>
        )}
        {side.except_names.length === 0 ? null : (
          <span className="t3 sm">
            {' '}
            but not as {side.except_names.map((name) => name.pattern).join(', ')}
          </span>
        )}
      </span>
    );
  const more = side.count - side.workloads.length;
  return (
    <span className="words">
      {side.workloads.map((one, index) => (
        <span key={one.href}>
          {index === 0 ? '' : ', '}
          <ObjectLink href={one.href} name={one.name} />
        </span>
      ))}
      {more > 0 ? <span className="t3"> and {plural(more, 'more workload')}</span> : null}
    </span>
  );
}

function CauseText({ cause }: { readonly cause: Cause }) {
  if ('end' in cause)
    return `the ${cause.kind === 'enforcement' ? 'enforcement' : 'IPv6 mode'} of the ${cause.end} changed`;
  return (
    <>
      {cause.kind === 'boundary' ? 'boundary ' : ''}
      <ObjectLink href={cause.href} name={cause.name} /> {CHANGES[cause.change]}
    </>
  );
}

function EntryRow({ entry }: { readonly entry: Entry }) {
  const { program, user } = entry;
  return (
    <div className="ways">
      <SideText side={entry.consumers} />
      <span className="words">
        <span className="addr">{entry.services.map(policyPortText).join(', ')}</span>
        {entry.except.length === 0 ? null : (
          <span className="t3 sm"> without {entry.except.map(policyPortText).join(', ')}</span>
        )}
        {program === null ? null : (
          <span className="t3 sm">
            {' '}
            of {program.process ?? program.windows_service ?? 'other programs'}
          </span>
        )}
        {user === null ? null : <span className="t3 sm"> by {user.sid ?? 'other users'}</span>}
      </span>
      <SideText side={entry.providers} />
      <span className="col g2">
        <Decision decision={entry.to} />
        <span className="t3 sm">
          was <Decision decision={entry.from} />
        </span>
      </span>
    </div>
  );
}

/** Entries with the same cause, in the order in which they came: the largest first. */
function byCause(entries: readonly Entry[]): (readonly [readonly Cause[], readonly Entry[]])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = JSON.stringify(entry.because);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].map((group) => [group[0]?.because ?? [], group]);
}

function Direction({
  title,
  entries,
  totals,
}: {
  readonly title: 'Gained' | 'Lost';
  readonly entries: readonly Entry[];
  readonly totals: PolicyDifferenceWire['totals']['gained'];
}) {
  return (
    <section aria-label={title}>
      <div className="rg">
        {title}
        <span className="t3">
          {totals.entries === 0
            ? 'nothing'
            : `${plural(totals.pairs, 'pair')} of addresses of workloads, ${plural(totals.with_outside, 'address', 'addresses')} of workloads towards outside`}
        </span>
      </div>
      {byCause(entries).map(([causes, group]) => (
        <div key={JSON.stringify(causes)}>
          <div className="t2 sm words" style={{ padding: '8px 14px 4px' }}>
            Because{' '}
            {causes.map((cause, index) => (
              <span key={index}>
                {index === 0 ? '' : ' and '}
                <CauseText cause={cause} />
              </span>
            ))}
          </div>
          {group.map((entry, index) => (
            <EntryRow key={index} entry={entry} />
          ))}
        </div>
      ))}
    </section>
  );
}

export function DifferenceCard({ from, to }: { readonly from: string; readonly to: string }) {
  const query = useApi('sec_policy.difference', { query: { from, to } });
  const { data } = query;
  if (data === undefined)
    return query.error === null ? (
      <Skeleton rows={3} />
    ) : (
      <ErrorNotice error={query.error} what="what differs" onRetry={() => void query.refetch()} />
    );
  return (
    <section
      className="tcard"
      style={{ flex: 'none' }}
      aria-label={`Connections from ${versionName(from)} to ${versionName(to)}`}
    >
      <Direction title="Gained" entries={data.gained} totals={data.totals.gained} />
      <Direction title="Lost" entries={data.lost} totals={data.totals.lost} />
      {data.truncated ? (
        <p className="t2 sm" style={{ padding: '8px 14px' }}>
          Truncated: the largest {data.gained.length} of {data.totals.gained.entries} gained and{' '}
          {data.lost.length} of {data.totals.lost.entries} lost are listed; the counts are of all.
        </p>
      ) : null}
    </section>
  );
}

/** The whole draft against what hosts enforce; worked out when asked. */
export function DraftDifference() {
  const [shown, setShown] = useState(false);
  if (shown) return <DifferenceCard from="active" to="draft" />;
  return (
    <div>
      <Btn small onClick={() => setShown(true)}>
        Show connections gained and lost
      </Btn>
    </div>
  );
}

/** A version against another, at first the one before it. */
export function CompareVersions({
  version,
  children,
}: {
  readonly version: number;
  /** What else one may do with the version. */
  readonly children?: ReactNode;
}) {
  const choices = useVersionChoices();
  const [from, setFrom] = useState(String(Math.max(version - 1, 1)));
  const [shown, setShown] = useState(false);
  return (
    <div className="col g12" style={{ padding: '0 14px 14px' }}>
      <div className="row">
        <Select
          aria-label={`Compare version ${version} with`}
          searchable
          allowDeselect={false}
          data={choices.filter((one) => one.value !== String(version))}
          value={from}
          onChange={(value) => setFrom(value ?? 'active')}
        />
        <Btn small onClick={() => setShown(true)}>
          Compare
        </Btn>
        <span className="grow" />
        {children}
      </div>
      {shown ? <DifferenceCard from={from} to={String(version)} /> : null}
    </div>
  );
}
