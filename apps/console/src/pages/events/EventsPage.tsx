import { useMemo } from 'react';
import { useApiList } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { FilterPill, SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { EventTable } from './EventTable.tsx';

export function EventsPage() {
  useCrumbs({ name: 'Events' });
  const [search, setSearch] = useFilters();
  const options = useMemo(
    () => ({
      query: {
        event_type: search['q'],
        severity: oneOf(search['severity'], ['err', 'warning', 'info']),
        status: oneOf(search['status'], ['success', 'failure']),
      },
    }),
    [search],
  );
  const list = useApiList('events.list', options);
  const filtered = Object.keys(search).length > 0;
  return (
    <main className="page list">
      <PageHeader title="Events" purpose="Every change and every agent incident, newest first." />
      <div className="bar wrap">
        <SearchBox label="Event type, such as rule_set.update" width={290} />
        <FilterPill
          name="Severity"
          param="severity"
          choices={[
            { value: 'err', label: 'Error' },
            { value: 'warning', label: 'Warning' },
            { value: 'info', label: 'Info' },
          ]}
        />
        <FilterPill
          name="Status"
          param="status"
          choices={[
            { value: 'success', label: 'Success' },
            { value: 'failure', label: 'Failure' },
          ]}
        />
      </div>
      {list.error === null ? null : (
        <ErrorNotice error={list.error} what="events" onRetry={() => void list.refetch()} />
      )}
      <EventTable
        events={list.items}
        loading={list.isPending}
        loadMore={
          list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined
        }
        empty={
          list.error !== null ? null : filtered ? (
            <Empty
              title="No event matches"
              action={
                <Btn onClick={() => setSearch({ q: '', severity: '', status: '' })}>
                  Remove all filters
                </Btn>
              }
            >
              The filters above exclude every event.
            </Empty>
          ) : (
            <Empty title="No events yet">Changes and incidents are written here.</Empty>
          )
        }
      />
      <div className="foot">
        {list.total === undefined ? '' : `${list.total.toLocaleString('en-US')} events`}
      </div>
    </main>
  );
}
