/** The list of the console: fixed header, virtual rows, more pages loaded on the way down, optional selection. */
import type { ReactNode } from 'react';
import { Fragment, useEffect, useMemo, useRef } from 'react';
import { Checkbox } from '@mantine/core';
import { tableFeatures, useTable, type ColumnDef } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Skeleton } from './Notices.tsx';

const features = tableFeatures({});
const ROW = 36;

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  readonly width?: number | string;
  readonly right?: boolean;
  /** Leaves first when the window is narrow. */
  readonly wideOnly?: boolean;
  readonly cell: (row: T) => ReactNode;
}
function classOf(column: Pick<Column<object>, 'right' | 'wideOnly'> | undefined): string {
  return [column?.right === true ? 'r' : '', column?.wideOnly === true ? 'wide-only' : '']
    .join(' ')
    .trim();
}
export interface Selection {
  readonly selected: ReadonlySet<string>;
  readonly onChange: (selected: ReadonlySet<string>) => void;
}
export interface DataTableProps<T extends object> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly rowId: (row: T) => string;
  readonly rowName: (row: T) => string;
  readonly loading?: boolean;
  readonly empty?: ReactNode;
  readonly selection?: Selection;
  readonly onOpen?: (row: T) => void;
  readonly loadMore?: (() => void) | undefined;
  /** Shown below an open row. */
  readonly detail?: (row: T) => ReactNode;
  readonly openId?: string | null;
  readonly minWidth?: number;
}

export function DataTable<T extends object>(props: DataTableProps<T>) {
  const { rows, columns, rowId, selection, loadMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const data = useMemo(() => [...rows], [rows]);
  const defs = useMemo<ColumnDef<typeof features, T>[]>(
    () =>
      columns.map((column) => ({
        id: column.id,
        header: column.header,
        cell: ({ row }) => column.cell(row.original),
      })),
    [columns],
  );
  const table = useTable({ features, columns: defs, data, getRowId: rowId });
  const tableRows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: tableRows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (loadMore !== undefined && tableRows.length > 0 && lastIndex > tableRows.length * 0.6)
      loadMore();
  }, [lastIndex, loadMore, tableRows.length]);

  if (props.loading === true && rows.length === 0) return <Skeleton rows={10} />;
  if (rows.length === 0 && props.empty !== undefined) return props.empty;
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const width = columns.length + (selection === undefined ? 0 : 1);
  const toggle = (id: string): void => {
    if (selection === undefined) return;
    const next = new Set(selection.selected);
    if (!next.delete(id)) next.add(id);
    selection.onChange(next);
  };
  const all =
    selection !== undefined &&
    rows.length > 0 &&
    rows.every((row) => selection.selected.has(rowId(row)));
  return (
    <div className="tcard scroller" ref={scroller} tabIndex={-1}>
      <table
        className="tbl"
        aria-label={props.label}
        aria-rowcount={rows.length}
        style={{ minWidth: props.minWidth ?? 720 }}
      >
        <colgroup>
          {selection === undefined ? null : <col style={{ width: 40 }} />}
          {columns.map((column) => (
            <col
              key={column.id}
              className={classOf(column)}
              style={column.width === undefined ? {} : { width: column.width }}
            />
          ))}
        </colgroup>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {selection === undefined ? null : (
                <th scope="col">
                  <Checkbox
                    aria-label="Select all loaded rows"
                    checked={all}
                    indeterminate={!all && selection.selected.size > 0}
                    onChange={() => selection.onChange(all ? new Set() : new Set(rows.map(rowId)))}
                  />
                </th>
              )}
              {group.headers.map((header, index) => (
                <th key={header.id} scope="col" className={classOf(columns[index])}>
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 ? (
            <tr aria-hidden="true">
              <td colSpan={width} style={{ height: before, padding: 0, border: 0 }} />
            </tr>
          ) : null}
          {items.map((item) => {
            const row = tableRows[item.index];
            if (row === undefined) return null;
            const id = rowId(row.original);
            const selected = selection?.selected.has(id) === true;
            const open = props.onOpen;
            return (
              <Fragment key={id}>
                <tr
                  data-index={item.index}
                  className={selected || props.openId === id ? 'sel' : ''}
                  {...(open === undefined
                    ? {}
                    : {
                        'data-link': true,
                        tabIndex: 0,
                        onClick: (event) => {
                          if (
                            event.target instanceof Element &&
                            event.target.closest('a,button,input,label') === null
                          )
                            open(row.original);
                        },
                        onKeyDown: (event) => {
                          if (event.target !== event.currentTarget) return;
                          if (event.key === 'Enter') open(row.original);
                          if (event.key === 'x') toggle(id);
                        },
                      })}
                >
                  {selection === undefined ? null : (
                    <td>
                      <Checkbox
                        aria-label={`Select ${props.rowName(row.original)}`}
                        checked={selected}
                        onChange={() => toggle(id)}
                      />
                    </td>
                  )}
                  {row.getAllCells().map((cell, index) => (
                    <td key={cell.id} className={classOf(columns[index])}>
                      <table.FlexRender cell={cell} />
                    </td>
                  ))}
                </tr>
                {props.openId === id && props.detail !== undefined ? (
                  <tr>
                    <td
                      colSpan={width}
                      style={{ padding: 0, height: 'auto', whiteSpace: 'normal' }}
                    >
                      {props.detail(row.original)}
                    </td>
                  </tr>
                ) : null}
              </Fragment>
            );
          })}
          {after > 0 ? (
            <tr aria-hidden="true">
              <td colSpan={width} style={{ height: after, padding: 0, border: 0 }} />
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}
