import { type CheckKind, type Detection, type DetectionSorting, endpoints } from '@vedette/protocol';
import { type ReactNode, useCallback, useMemo } from 'react';
import { useList } from '../api/use-list.ts';
import { FilterSelect } from '../ui/FilterSelect.tsx';
import { ListTable } from '../ui/ListTable.tsx';
import { matchesOf } from '../ui/list-total.ts';
import { oneOf, useUrlState } from '../ui/use-url-state.ts';
import { DetectionGroups, type Grouping, groupings } from './DetectionGroups.tsx';
import { detectionColumns } from './detection-columns.tsx';
import { QueryBar } from './QueryBar.tsx';
import { SaveQuery } from './SaveQuery.tsx';
import { exactSeverityChoices, severityQuery } from './Severity.tsx';
import { useAsOf } from './time-travel.ts';
import { withFilters } from './with-filters.ts';

const statusChoices = [
  ['open', 'open'],
  ['new', 'new'],
  ['active', 'active'],
  ['reopened', 'reopened'],
  ['fixed', 'fixed'],
  ['all', 'all'],
] as const;
const onlyChoices = [
  ['', 'everything'],
  ['exploited', 'known exploited'],
  ['new-week', 'found in 7 days'],
  ['fixed-week', 'fixed in 7 days'],
] as const;
const exceptionChoices = [
  ['without', 'left out'],
  ['only', 'alone'],
  ['with', 'among the others'],
] as const;
const kindChoices = [
  ['', 'all kinds'],
  ['vulnerability', 'vulnerabilities'],
  ['posture', 'posture'],
] as const;
const onlyQuery = {
  '': {},
  exploited: { exploited: 'true' },
  'new-week': { foundWithinDays: 7 },
  'fixed-week': { fixedWithinDays: 7 },
} as const;

interface DetectionListProps {
  readonly title: string;
  readonly assetId?: string;
  readonly check?: number;
  /** Only these; where it is not given a filter chooses. */
  readonly kind?: CheckKind;
  readonly rank?: 'h1' | 'h2';
  readonly empty: ReactNode;
  /** True while the panel beside the list says why one of them exists. */
  readonly explaining: boolean;
  /** Shows why a detection exists. */
  readonly onExplain: (detection: Detection) => void;
}

/** Whether the platform has the detections of several assets in an order: of fixed ones it knows less. */
function hasOrder(sort: string, { status, hasQuery }: { readonly status: string; readonly hasQuery: boolean }): boolean {
  const isWithGone = status === 'fixed' || status === 'all';
  if (sort === 'lastFound') return !isWithGone || (status === 'fixed' && !hasQuery);
  return sort !== 'package' || !isWithGone;
}

/** Detections of everything, of one asset, or of one check; query, filters and order live in the address. */
export function DetectionList(props: DetectionListProps) {
  const { assetId, check, explaining, onExplain } = props;
  const [state, change] = useUrlState();
  const asOf = useAsOf();
  const severity = oneOf(state['severity'], exactSeverityChoices.map(([value]) => value) as ['', ...string[]]); // '' is the first
  const status = oneOf(state['status'], ['open', 'new', 'active', 'reopened', 'fixed', 'all']);
  const only = oneOf(state['only'], ['', 'exploited', 'new-week', 'fixed-week']);
  const chosen = oneOf(state['kind'], ['', 'vulnerability', 'posture']);
  const kind = props.kind ?? (chosen === '' ? undefined : chosen);
  const exception = oneOf(state['exception'], ['without', 'only', 'with']);
  const query = state['query'] ?? '';
  const plain = { kind, status, exception, ...severityQuery(severity), ...onlyQuery[only] };
  // Beside a query the rest is written into it: the platform answers one question quicker than two.
  const filter = query === '' ? plain : { query: withFilters(query, termsOf({ kind, status, severity, only, exception })) };
  // Where nobody chose an order, a CSV file comes asset by asset.
  const canSort = useCallback(
    (sort: string) => assetId !== undefined || hasOrder(sort, { status, hasQuery: query !== '' }),
    [assetId, status, query],
  );
  const sort = sortings.find((one) => one === state['sort'] && canSort(one));
  const order = sort && { sort, direction: oneOf(state['direction'], ['ascending', 'descending']) };
  const list = useList(endpoints.listDetections, {
    query: { assetId, check, ...filter, search: state['search'], asOf, ...order },
  });
  const columns = useMemo(
    () => detectionColumns({ withAsset: assetId === undefined, withCheck: check === undefined, explaining, canSort, onExplain }),
    [assetId, check, explaining, canSort, onExplain],
  );
  const select = (name: string) => (value: string | undefined) => change({ [name]: value });
  const group = oneOf(state['group'], ['', ...groupingNames]);
  const canGroup = assetId === undefined && check === undefined;
  return (
    <ListTable
      title={props.title}
      noun="detections"
      rank={props.rank ?? 'h2'}
      columns={columns}
      keyOf={(item) => `${item.name} on ${item.hostname}`}
      list={list}
      actions={<SaveQuery about="detection" query={query} />}
      filter={
        <div className="filters">
          <QueryBar
            about="detection"
            value={query || (state['search'] ?? '')}
            onChange={(value) => change({ query: value, search: undefined })}
            count={matchesOf(list)}
          />
          {check === undefined ? (
            <FilterSelect label="Severity" value={severity} choices={exactSeverityChoices} onChange={select('severity')} />
          ) : null}
          <FilterSelect
            label="Status"
            value={status}
            choices={statusChoices}
            onChange={(value) => change({ status: value, only: only === 'fixed-week' ? undefined : only })}
          />
          {check === undefined && props.kind === undefined ? (
            <FilterSelect label="Kind" value={chosen} choices={kindChoices} onChange={select('kind')} />
          ) : null}
          <FilterSelect label="Excepted" value={exception} choices={exceptionChoices} onChange={select('exception')} />
          {check === undefined ? (
            <FilterSelect
              label="Only"
              value={only}
              choices={onlyChoices}
              // Nothing that is open was fixed.
              onChange={(value) => change({ only: value, ...(value === 'fixed-week' ? { status: 'fixed' } : {}) })}
            />
          ) : null}
          {canGroup ? (
            <FilterSelect
              label="Count by"
              value={group}
              choices={[['', 'list'], ...groupingNames.map((name) => [name, groupings[name].toLowerCase()] as const)]}
              onChange={select('group')}
            />
          ) : null}
        </div>
      }
      empty={props.empty}
      instead={
        canGroup && group !== '' ? (
          <DetectionGroups
            groupBy={group}
            query={withFilters(query, termsOf({ kind, status, severity, only, exception }))}
            asOf={asOf}
          />
        ) : undefined
      }
    />
  );
}

const groupingNames = Object.keys(groupings) as Grouping[]; // the keys of that object
const sortings = [
  'worst',
  'risk',
  'name',
  'hostname',
  'package',
  'status',
  'firstFound',
  'lastFound',
  'cvss',
  'epss',
] as const satisfies readonly DetectionSorting[];
const onlyTerms = {
  '': [],
  exploited: ['kev:true'],
  'new-week': ['firstFound:>=now-7d'],
  'fixed-week': ['fixedAt:>=now-7d'],
} as const;

const exceptionTerms = { without: [], only: ['exception:true'], with: ['exception:*'] } as const;

/** The same filters in the query language. */
function termsOf(filter: {
  kind: CheckKind | undefined;
  status: string;
  severity: string;
  only: keyof typeof onlyTerms;
  exception: keyof typeof exceptionTerms;
}): string[] {
  const { kind, status, severity, only, exception } = filter;
  return [
    ...(kind === undefined ? [] : [`kind:${kind}`]),
    // Open ones are meant where nothing is said.
    ...(status === 'open' ? [] : [status === 'all' ? 'status:*' : `status:${status}`]),
    ...(severity === '' ? [] : [/^\d$/.test(severity) ? `severity:>=${severity}` : `severity:${severity}`]),
    ...onlyTerms[only],
    ...exceptionTerms[exception],
  ];
}
