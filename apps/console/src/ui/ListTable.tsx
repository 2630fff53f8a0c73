import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useMemo } from 'react';
import type { List } from '../api/use-list.ts';
import type { CsvValue } from './csv.ts';
import { ExportButton } from './ExportButton.tsx';
import { Failure } from './Failure.tsx';
import { ListEnd } from './ListEnd.tsx';
import { totalOf } from './list-total.ts';
import { useColumnChoice } from './use-column-choice.ts';
import { useRowWindow } from './use-row-window.ts';
import { useUrlState } from './use-url-state.ts';

const actionWidthPx = 150;
/** While the first rows are awaited the page has room for so many; where the table is the page, for as many as are seen. */
const skeletonRows = { h1: 24, h2: 8 };

export interface Column<Item> {
  readonly id: string;
  readonly header: string;
  readonly cell: (item: Item) => ReactNode;
  /** The same for an export that is made here, and for the order and the search of a WholeTable. */
  readonly text?: (item: Item) => CsvValue;
  readonly width?: number;
  readonly minWidth?: number;
  /** What the API calls the order by this column; and whether that order begins with the highest. */
  readonly sort?: string;
  readonly isHighestFirst?: boolean;
  /** Where it begins with the lowest: the first click asks for the highest all the same. */
  readonly isTurnedFirst?: boolean;
  /** Not shown until somebody chooses it. */
  readonly isExtra?: boolean;
}

export interface ListTableProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly noun: string;
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string;
  readonly list: List<Item>;
  /** Query bar or search, and what else narrows the list. */
  readonly filter?: ReactNode;
  readonly empty: ReactNode;
  readonly actions?: ReactNode;
  /** What can be done with one row: a last column, which no export has. */
  readonly rowActions?: ((item: Item) => ReactNode) | undefined;
  /** Shown below the head of the list in place of its rows. */
  readonly instead?: ReactNode;
  /** Where a page has several tables: what this one's order and search are called by in the address. */
  readonly scope?: string;
  /** Rank of the heading: h1 where the table is the page. */
  readonly rank?: 'h1' | 'h2';
}

/**
 * A list of the API as a table: its order in the address, its columns as the person chose them, more rows on demand, and all that the
 * filter lets through as CSV.
 */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const { list, rowActions } = props;
  const columns = useMemo(
    () =>
      rowActions
        ? [...props.columns, { id: 'action', header: 'Action', cell: rowActions, minWidth: actionWidthPx }]
        : props.columns,
    [props.columns, rowActions],
  );
  const [shown, setShown] = useColumnChoice(props.noun, columns);
  const rows = useRowWindow(
    list.items,
    props.keyOf,
    columns.flatMap(({ id }) => (shown.has(id) ? [id] : [])),
  );
  const { items, firstIndex, widths, ref } = rows;
  // Drawn anew when other rows come into sight, not at every step of the scrolling.
  const table = useMemo(
    () => <Rows {...props} {...{ drawn: columns, items, firstIndex, widths, shown, setShown }} />,
    [props, columns, items, firstIndex, widths, shown, setShown],
  );
  if (list.error) {
    return (
      <div className="stack">
        <ListHeader {...props} />
        {props.filter}
        <Failure error={list.error} retry={list.retry} />
      </div>
    );
  }
  if (props.instead !== undefined) {
    return (
      <div className="stack">
        <ListHeader {...props} />
        {props.filter}
        {props.instead}
      </div>
    );
  }
  const state = [
    list.isPending && 'awaited',
    list.isOutdated && 'outdated',
    rows.isPartial && 'some-rows',
    widths && 'steady-columns',
  ];
  return (
    <div ref={ref} aria-busy={list.isOutdated} className={state.filter(Boolean).join(' ')} style={rows.style}>
      {table}
    </div>
  );
}

interface RowsProps<Item> extends ListTableProps<Item> {
  /** The columns with that of the actions. */
  readonly drawn: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly firstIndex: number;
  readonly widths: ReadonlyMap<string, number> | null;
  readonly shown: ReadonlySet<string>;
  readonly setShown: (ids: readonly string[]) => void;
}

function Rows<Item>(props: RowsProps<Item>) {
  const { list, drawn: columns, shown } = props;
  const [state, change] = useUrlState(props.scope);
  const display = columns.map(({ id }) => ({ id, visible: shown.has(id) }));
  const sorted = columns.find(({ sort }) => sort !== undefined && sort === state['sort']);
  const isTurned = state['direction'] === 'descending';
  const definitions = columns.map((column, index) => ({
    ...column,
    isRowHeader: index === 0,
    ...(column.sort === undefined ? {} : { sortingField: column.sort }),
    ...(props.widths?.has(column.id) ? { width: props.widths.get(column.id), minWidth: undefined } : {}),
  }));
  return (
    <Table<Item>
      variant="container"
      items={props.items}
      firstIndex={props.firstIndex}
      totalItemsCount={list.isExact ? (list.total ?? -1) : -1}
      trackBy={props.keyOf}
      columnDefinitions={definitions}
      columnDisplay={display}
      {...(sorted ? { sortingColumn: { sortingField: sorted.sort ?? '' } } : {})}
      sortingDescending={isTurned !== (sorted?.isHighestFirst ?? false)}
      onSortingChange={({ detail }) => {
        const column = columns.find(({ sort }) => sort === detail.sortingColumn.sortingField);
        // The first click on a figure shows the highest; every other click turns the list round.
        const isAgain = (detail.isDescending ?? false) !== (column?.isHighestFirst ?? false);
        const isTurnedNow = column === sorted ? isAgain : (column?.isTurnedFirst ?? false);
        change({ sort: column?.sort, direction: isTurnedNow ? 'descending' : undefined });
      }}
      loading={list.isPending}
      skeleton={{ totalRows: skeletonRows[props.rank ?? 'h2'] }}
      loadingText={`Loading ${props.noun} …`}
      stickyHeader={props.rank === 'h1'}
      contentDensity="compact"
      wrapLines
      ariaLabels={{ tableLabel: props.title }}
      header={<ListHeader {...props} />}
      filter={props.filter}
      preferences={
        <CollectionPreferences
          title="Columns"
          confirmLabel="Use"
          cancelLabel="Cancel"
          preferences={{ contentDisplay: display }}
          contentDisplayPreference={{
            title: 'Which columns to show',
            options: columns.map(({ id, header }, index) => ({ id, label: header, alwaysVisible: index === 0 })),
          }}
          onConfirm={({ detail }) =>
            props.setShown((detail.contentDisplay ?? []).flatMap(({ id, visible }) => (visible ? [id] : [])))
          }
        />
      }
      // What stands below the places of rows would be pushed away by the rows.
      footer={list.isPending ? undefined : <ListEnd list={list} noun={props.noun} follows={props.rank === 'h1'} />}
      empty={props.empty}
    />
  );
}

function ListHeader<Item>(props: ListTableProps<Item>) {
  const { list } = props;
  return (
    <Header
      variant={props.rank ?? 'h2'}
      counter={list.total === undefined ? '' : `(${totalOf(list)})`}
      description={props.description}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <ExportButton {...props} />
          {props.actions}
        </SpaceBetween>
      }
    >
      {props.title}
    </Header>
  );
}
