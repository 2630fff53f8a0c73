import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { type ReactNode, useState } from 'react';
import { type CsvValue, saveFile, toCsv } from './csv.ts';
import { Failure } from './Failure.tsx';
import { formatCount, plural } from './format.ts';
import { pageOf, type UrlState, useUrlState } from './use-url-state.ts';

export const rowsPerPage = 50;
/** Largest page the API gives, and how many rows one export may have before it asks for a narrower filter. */
const exportPage = 500;
const exportRows = 50_000;

export interface Column<Item> {
  readonly id: string;
  readonly header: string;
  readonly cell: (item: Item) => ReactNode;
  /** The same for the CSV export. */
  readonly text: (item: Item) => CsvValue;
  readonly width?: number;
  readonly minWidth?: number;
  /** Where only one of the two has this column: the page, or the CSV export. */
  readonly only?: 'page' | 'export';
}

export interface Listing<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

interface ListTableProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  readonly noun: string;
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string;
  readonly answer: {
    data: Listing<Item> | undefined;
    isPending: boolean;
    isPlaceholderData: boolean;
    error: unknown;
    refetch: () => unknown;
  };
  readonly searchLabel: string;
  readonly filters?: ReactNode;
  readonly empty: ReactNode;
  /** Fetches a page of the same list for the export. */
  readonly fetchPage: (page: { limit: number; offset: number }) => Promise<Listing<Item>>;
  readonly actions?: ReactNode;
  /** Rank of the heading: h1 where the table is the page. */
  readonly rank?: 'h1' | 'h2';
}

/** A list of the API as a table: search, paging and filters in the address, CSV export of everything that the filter lets through. */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const [state, change] = useUrlState();
  const { answer } = props;
  const total = answer.data?.total ?? 0;
  if (answer.error && !answer.data) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <Table<Item>
      variant="container"
      items={answer.data?.items ?? []}
      trackBy={props.keyOf}
      columnDefinitions={props.columns
        .filter(({ only }) => only !== 'export')
        .map((column, index) => ({ ...column, isRowHeader: index === 0 }))}
      loading={answer.isPending}
      loadingText={`Loading ${props.noun} …`}
      stickyHeader={props.rank === 'h1'}
      contentDensity="compact"
      wrapLines
      ariaLabels={{ tableLabel: props.title }}
      header={<ListHeader {...props} total={answer.data?.total} />}
      filter={
        <ListFilter
          label={props.searchLabel}
          state={state}
          change={change}
          count={answer.data ? plural(total, 'match', 'matches') : ''}
          filters={props.filters}
        />
      }
      pagination={
        total > rowsPerPage ? (
          <Pagination
            currentPageIndex={pageOf(state['page'])}
            pagesCount={Math.ceil(total / rowsPerPage)}
            disabled={answer.isPlaceholderData}
            onChange={({ detail }) => change({ page: detail.currentPageIndex > 1 ? String(detail.currentPageIndex) : undefined })}
          />
        ) : undefined
      }
      empty={props.empty}
    />
  );
}

function ListHeader<Item>(props: ListTableProps<Item> & { total: number | undefined }) {
  const [exporting, setExporting] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const exportAll = async () => {
    setExporting(true);
    setFailure(null);
    try {
      const rows = await fetchAll(props.fetchPage);
      const columns = props.columns.filter(({ only }) => only !== 'page');
      const header = columns.map((column) => column.header);
      saveFile(
        `vedette-${props.noun.replaceAll(' ', '-')}.csv`,
        toCsv(
          header,
          rows.map((row) => columns.map((column) => column.text(row))),
        ),
      );
    } catch (error) {
      setFailure(error);
    }
    setExporting(false);
  };
  return (
    <>
      <Header
        variant={props.rank ?? 'h2'}
        counter={props.total === undefined ? '' : `(${formatCount(props.total)})`}
        description={props.description}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="download" loading={exporting} disabled={!props.total} onClick={() => void exportAll()}>
              Export CSV
            </Button>
            {props.actions}
          </SpaceBetween>
        }
      >
        {props.title}
      </Header>
      {failure === null ? null : <Failure error={failure} />}
    </>
  );
}

async function fetchAll<Item>(fetchPage: ListTableProps<Item>['fetchPage']): Promise<Item[]> {
  const rows: Item[] = [];
  for (;;) {
    const page = await fetchPage({ limit: exportPage, offset: rows.length });
    rows.push(...page.items);
    if (page.total > exportRows)
      throw new Error(`An export may have ${formatCount(exportRows)} rows; narrow the filter and try again.`);
    if (page.items.length === 0 || rows.length >= page.total) return rows;
  }
}

function ListFilter(props: {
  label: string;
  state: UrlState;
  change: (patch: UrlState) => void;
  count: string;
  filters: ReactNode;
}) {
  const inAddress = props.state['search'] ?? '';
  const [text, setText] = useState(inAddress);
  // A link elsewhere on the page may change the address under us.
  const [seen, setSeen] = useState(inAddress);
  if (seen !== inAddress) {
    setSeen(inAddress);
    setText(inAddress);
  }
  return (
    <div className="filters">
      <div className="filter-search">
        <TextFilter
          filteringText={text}
          filteringPlaceholder={props.label}
          filteringAriaLabel={props.label}
          countText={inAddress ? props.count : ''}
          onChange={({ detail }) => setText(detail.filteringText)}
          onDelayedChange={({ detail }) =>
            props.change({ search: detail.filteringText.slice(0, 200) || undefined, page: undefined })
          }
        />
      </div>
      {props.filters}
    </div>
  );
}
