/** The list page that policy objects share: search, rows, a drawer or a page to create and edit, delete. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { idOf } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Empty, ErrorNotice, PageHeader } from '../../ui/Notices.tsx';
import { SearchBox, useFilters } from '../../ui/Toolbar.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';

export interface ListState<T> {
  readonly items: readonly T[];
  readonly total: number | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly refetch: () => unknown;
  readonly loadMore: (() => void) | undefined;
}
export interface ObjectPageProps<T extends object> {
  readonly title: string;
  readonly purpose: string;
  readonly one: string;
  readonly list: ListState<T>;
  readonly columns: readonly Column<T>[];
  readonly nameOf: (item: T) => string;
  readonly hrefOf: (item: T) => string;
  readonly canEdit: (item: T) => boolean;
  readonly drafts: boolean;
  readonly filters?: ReactNode;
  readonly empty: string;
  /** A drawer; or `path`, below which every object has a page of its own and `new` makes one. */
  readonly edit: ((item: T | null, close: () => void) => ReactNode) | { readonly path: string };
  readonly remove: (item: T) => Promise<void>;
}

export function listState<T>(list: {
  items: readonly T[];
  total: number | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}): ListState<T> {
  return {
    items: list.items,
    total: list.total,
    error: list.error,
    isPending: list.isPending,
    refetch: list.refetch,
    loadMore:
      list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined,
  };
}

export function ObjectPage<T extends object>(props: ObjectPageProps<T>) {
  const { title, one, list, nameOf, hrefOf, edit } = props;
  useCrumbs({ name: 'Policy Objects' }, { name: title });
  const [search, setSearch] = useFilters();
  const [editing, setEditing] = useState<T | 'new' | null>(null);
  const [deleting, setDeleting] = useState<T | null>(null);
  const navigate = useNavigate();
  const filtered = Object.keys(search).length > 0;
  const open = (item: T | 'new'): void => {
    if (typeof edit === 'function') setEditing(item);
    else void navigate({ to: `${edit.path}/${item === 'new' ? item : idOf(hrefOf(item))}` });
  };
  const columns: readonly Column<T>[] = [
    ...props.columns,
    {
      id: 'actions',
      header: '',
      width: 48,
      cell: (item) =>
        props.canEdit(item) ? (
          <button
            type="button"
            className="icb sm"
            aria-label={`Delete ${nameOf(item)}`}
            onClick={() => setDeleting(item)}
          >
            <IconTrash size={16} stroke={1.5} aria-hidden />
          </button>
        ) : null,
    },
  ];
  const add = (
    <Btn kind="primary" onClick={() => open('new')}>
      <IconPlus size={16} aria-hidden />
      New {one}
    </Btn>
  );
  return (
    <main className="page list">
      <PageHeader title={title} purpose={props.purpose} actions={add} />
      <div className="bar wrap">
        <SearchBox label="Name" />
        {props.filters}
      </div>
      {list.error === null ? null : (
        <ErrorNotice
          error={list.error}
          what={title.toLowerCase()}
          onRetry={() => void list.refetch()}
        />
      )}
      <DataTable
        label={title}
        rows={list.items}
        columns={columns}
        rowId={hrefOf}
        rowName={nameOf}
        loading={list.isPending}
        loadMore={list.loadMore}
        onOpen={open}
        empty={
          list.error !== null ? null : filtered ? (
            <Empty
              title={`No ${one} matches`}
              action={
                <Btn
                  onClick={() =>
                    setSearch(Object.fromEntries(Object.keys(search).map((key) => [key, ''])))
                  }
                >
                  Remove all filters
                </Btn>
              }
            >
              The filters exclude everything.
            </Empty>
          ) : (
            <Empty title={`No ${title.toLowerCase()} yet`} action={add}>
              {props.empty}
            </Empty>
          )
        }
      />
      <div className="foot">
        {list.total === undefined ? '' : `${list.total.toLocaleString('en-US')} in all`}
      </div>
      {props.drafts ? <PendingBar /> : null}
      {editing === null || typeof edit !== 'function'
        ? null
        : edit(editing === 'new' ? null : editing, () => setEditing(null))}
      {deleting === null ? null : (
        <Confirm
          title={`Delete ${nameOf(deleting)}`}
          action={`Delete ${one}`}
          danger
          onClose={() => setDeleting(null)}
          onConfirm={() => props.remove(deleting)}
        >
          {props.drafts
            ? `The deletion is a draft until you provision. A ${one} in use cannot be deleted; the PCE says by what it is used.`
            : `A ${one} in use cannot be deleted; the PCE says by what it is used.`}
        </Confirm>
      )}
    </main>
  );
}
