import Button from '@cloudscape-design/components/button';
import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { type ReactNode, useState } from 'react';
import type { List } from '../api/use-list.ts';
import { type CsvValue, saveFile, toCsv } from './csv.ts';
import { Failure } from './Failure.tsx';
import { formatCount } from './format.ts';
import { SkeletonRows } from './Skeleton.tsx';
import { useColumnChoice } from './use-column-choice.ts';
import { useUrlState } from './use-url-state.ts';

/** Largest page the API gives, and how many rows one export that is made here may have. */
const exportPage = 500;
const exportRows = 50_000;

export interface Column<Item> {
  readonly id: string;
  readonly header: string;
  readonly cell: (item: Item) => ReactNode;
  /** The same for an export that is made here. */
  readonly text?: (item: Item) => CsvValue;
  readonly width?: number;
  readonly minWidth?: number;
  /** What the API calls the order by this column; and whether that order begins with the highest. */
  readonly sort?: string;
  readonly isHighestFirst?: boolean;
  /** Not shown until somebody chooses it. */
  readonly isExtra?: boolean;
}

interface ListTableProps<Item> {
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
  /** Shown below the head of the list in place of its rows. */
  readonly instead?: ReactNode;
  /** Rank of the heading: h1 where the table is the page. */
  readonly rank?: 'h1' | 'h2';
}

/**
 * A list of the API as a table: its order in the address, its columns as the person chose them, more rows on demand, and all that the
 * filter lets through as CSV.
 */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const { list, columns } = props;
  const [state, change] = useUrlState();
  const [shown, setShown] = useColumnChoice(props.noun, columns);
  if (list.error) {
    return (
      <div className="stack">
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
  const sorted = columns.find(({ sort }) => sort !== undefined && sort === state['sort']);
  const isTurned = state['direction'] === 'descending';
  const definitions = columns.map((column, index) => ({
    ...column,
    isRowHeader: index === 0,
    ...(column.sort === undefined ? {} : { sortingField: column.sort }),
  }));
  return (
    <Table<Item>
      variant="container"
      items={list.items}
      trackBy={props.keyOf}
      columnDefinitions={definitions}
      columnDisplay={columns.map(({ id }) => ({ id, visible: shown.has(id) }))}
      {...(sorted ? { sortingColumn: { sortingField: sorted.sort ?? '' } } : {})}
      sortingDescending={isTurned !== (sorted?.isHighestFirst ?? false)}
      onSortingChange={({ detail }) => {
        const column = columns.find(({ sort }) => sort === detail.sortingColumn.sortingField);
        // The first click on a figure shows the highest; every other click turns the list round.
        const isTurnedNow = column === sorted && (detail.isDescending ?? false) !== (column?.isHighestFirst ?? false);
        change({ sort: column?.sort, direction: isTurnedNow ? 'descending' : undefined });
      }}
      loading={list.isPending}
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
          preferences={{ contentDisplay: columns.map(({ id }) => ({ id, visible: shown.has(id) })) }}
          contentDisplayPreference={{
            title: 'Which columns to show',
            options: columns.map(({ id, header }, index) => ({ id, label: header, alwaysVisible: index === 0 })),
          }}
          onConfirm={({ detail }) => setShown((detail.contentDisplay ?? []).flatMap(({ id, visible }) => (visible ? [id] : [])))}
        />
      }
      footer={<ListFooter list={list} noun={props.noun} />}
      empty={list.isPending ? <SkeletonRows /> : props.empty}
    />
  );
}

function ListFooter<Item>({ list, noun }: { list: List<Item>; noun: string }) {
  if (list.isPending) return <SkeletonRows />;
  if (list.items.length === 0) return null;
  return (
    <div className="list-end">
      <span className="quiet">
        {formatCount(list.items.length)} of {formatCount(list.total ?? 0)} {noun}
      </span>
      {list.loadMore ? (
        <Button loading={list.isLoadingMore} loadingText={`Loading more ${noun}`} onClick={list.loadMore}>
          Show more
        </Button>
      ) : null}
    </div>
  );
}

function ListHeader<Item>(props: ListTableProps<Item>) {
  const { total } = props.list;
  return (
    <Header
      variant={props.rank ?? 'h2'}
      counter={total === undefined ? '' : `(${formatCount(total)})`}
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

function ExportButton<Item>({ list, columns, noun }: ListTableProps<Item>) {
  const [exporting, setExporting] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const name = `vedette-${noun.replaceAll(' ', '-')}.csv`;
  if (list.csvAddress !== null) {
    return (
      <Button iconName="download" href={list.csvAddress} download={name} disabled={!list.total}>
        Export CSV
      </Button>
    );
  }
  const exportAll = async () => {
    setExporting(true);
    setFailure(null);
    try {
      const rows = await fetchAll(list);
      const table = rows.map((row) => columns.map((column) => column.text?.(row)));
      const header = columns.map((column) => column.header);
      saveFile(name, toCsv(header, table));
    } catch (error) {
      setFailure(error);
    }
    setExporting(false);
  };
  return (
    <>
      <Button iconName="download" loading={exporting} disabled={!list.total} onClick={() => void exportAll()}>
        Export CSV
      </Button>
      {failure === null ? null : <Failure error={failure} />}
    </>
  );
}

async function fetchAll<Item>({ fetchPart }: List<Item>): Promise<Item[]> {
  const rows: Item[] = [];
  for (;;) {
    const part = await fetchPart({ limit: exportPage, offset: rows.length });
    rows.push(...part.items);
    if (part.total > exportRows)
      throw new Error(`An export may have ${formatCount(exportRows)} rows; narrow the filter and try again.`);
    if (part.items.length === 0 || rows.length >= part.total) return rows;
  }
}
