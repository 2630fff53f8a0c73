import { endpoints, type EventKindName, type EventSorting } from '@vedette/protocol';
import { useList } from '../../api/use-list.ts';
import { useFrame } from '../../components/frame-state.ts';
import { QueryBar } from '../../components/QueryBar.tsx';
import { SaveQuery } from '../../components/SaveQuery.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { withFilters } from '../../components/with-filters.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatMoment } from '../../ui/format.ts';
import { ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { EventChart } from './EventChart.tsx';
import { eventColumns, kindNames } from './event-columns.tsx';

const periods = [
  ['24h', 'last 24 hours'],
  ['1h', 'last hour'],
  ['7d', 'last 7 days'],
  ['30d', 'last 30 days'],
] as const;
const periodMs = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
const kindChoices = [['', 'all kinds'], ...Object.entries(kindNames)] as [['', string], ...[EventKindName, string][]]; // the keys are the kinds
const sortings = [
  'at',
  'kind',
  'status',
  'severity',
  'hostname',
  'cause',
  'collector',
] as const satisfies readonly EventSorting[];
const buckets = 48;
const refreshMs = 30_000;

/** What happened, newest first: query, stretch of time, kind and order live in the address. */
export function EventsPage() {
  useTitle('Events');
  useFrame({}, 'events');
  const [state, change] = useUrlState();
  const asOf = useAsOf();
  const query = state['query'] ?? '';
  const kind = oneOf(state['kind'], ['', ...(Object.keys(kindNames) as EventKindName[])]);
  const period = oneOf(state['period'], ['24h', '1h', '7d', '30d']);
  const stretch = stretchOf(state['from'], state['to']);
  const list = useList(
    endpoints.listEvents,
    {
      query: {
        query: askedQuery({ query, kind, period, isFree: !stretch && asOf === undefined }) || undefined,
        asOf,
        buckets,
        sort: oneOf(state['sort'], sortings),
        direction: oneOf(state['direction'], ['ascending', 'descending']),
        ...(stretch ?? pastStretch(asOf, period)),
      },
    },
    { refetchInterval: refreshMs },
  );
  return (
    <ListTable
      title="Events"
      noun="events"
      description="What happened to assets, detections, agents, releases and the knowledge base"
      rank="h1"
      columns={eventColumns}
      keyOf={(item) => item.eventId}
      list={list}
      actions={<SaveQuery about="event" query={query} />}
      filter={
        <div className="stack">
          <div className="filters">
            <QueryBar about="event" value={query} onChange={(value) => change({ query: value })} count={matchesOf(list)} />
            <FilterSelect label="Kind" value={kind} choices={kindChoices} onChange={(value) => change({ kind: value })} />
            {stretch ? null : (
              <FilterSelect label="Period" value={period} choices={periods} onChange={(value) => change({ period: value })} />
            )}
          </div>
          {stretch ? (
            <p className="quiet">
              From {formatMoment(stretch.from)} to {formatMoment(stretch.to)}.{' '}
              <AppLink to={paths.events({ query, kind, period: state['period'] })}>Show the {wordsOf(period)}</AppLink>
            </p>
          ) : null}
          {list.first?.isExact === false ? (
            <p className="quiet">
              There are more events than can be counted and charted quickly: choose a shorter period or a kind.
            </p>
          ) : null}
          {list.isPending ? <div className="skeleton event-place" aria-hidden="true" /> : null}
          {list.first?.chart ? <EventChart chart={list.first.chart} onStretch={(from, to) => change({ from, to })} /> : null}
        </div>
      }
      empty={<Nothing isNarrowed={query !== '' || kind !== ''} />}
    />
  );
}

interface Asked {
  readonly query: string;
  readonly kind: EventKindName | '';
  readonly period: keyof typeof periodMs;
  /** No other stretch of time is asked for. */
  readonly isFree: boolean;
}

/** A period that moves on with the clock is part of the query, so that the platform's own clock counts. One that names times has its own. */
function askedQuery({ query, kind, period, isFree }: Asked): string {
  const hasTimes = /\b(?:at|asOf):/i.test(query);
  return withFilters(query, [...(kind === '' ? [] : [`kind:${kind}`]), ...(isFree && !hasTimes ? [`at:>=now-${period}`] : [])]);
}

/** The period before a moment of the past. */
function pastStretch(asOf: string | undefined, period: keyof typeof periodMs): { from?: string } {
  return asOf === undefined ? {} : { from: new Date(Date.parse(asOf) - periodMs[period]).toISOString() };
}

/** A stretch from the address; null for what is none. */
function stretchOf(from: string | undefined, to: string | undefined): { readonly from: string; readonly to: string } | null {
  const [begin, end] = [Date.parse(from ?? ''), Date.parse(to ?? '')];
  if (Number.isNaN(begin) || Number.isNaN(end) || begin >= end) return null;
  return { from: new Date(begin).toISOString(), to: new Date(end).toISOString() };
}

function wordsOf(period: string): string {
  return periods.find(([value]) => value === period)?.[1] ?? 'last 24 hours';
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  return (
    <EmptyState title={isNarrowed ? 'No such event in this period' : 'Nothing happened in this period'}>
      {isNarrowed ? (
        <p>
          <AppLink to={paths.events()}>Show all events</AppLink>, or choose a longer period.
        </p>
      ) : (
        <p>
          Choose a longer period, or see <AppLink to={paths.assets()}>which assets report</AppLink>: events are what agents tell
          of them, and what becomes known.
        </p>
      )}
    </EmptyState>
  );
}
