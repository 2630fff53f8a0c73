import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import { type ChangeGroup, endpoints } from '@vedette/protocol';
import { useCallback, useId, useMemo, useState } from 'react';
import { useList } from '../../api/use-list.ts';
import { type ChangeKind, changesQuery } from '../../components/figure-queries.ts';
import { NothingListed } from '../../components/NothingListed.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatCount, formatMoment } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { SearchField } from '../../ui/SearchField.tsx';
import { Tile } from '../../ui/Tile.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const dayMs = 86_400_000;
const orders = ['changes', 'label', 'new', 'reopened', 'fixed'] as const;

/** What became of detections between two moments. */
export function ComparePage() {
  useTitle('Compare two moments');
  useFrame({}, 'compare');
  const [state, change] = useUrlState();
  const by = oneOf(state['by'], ['asset', 'check']);
  const [opened] = useState(() => Date.now());
  const from = instantOf(state['from']) ?? new Date(Math.floor(opened / 60_000) * 60_000 - 7 * dayMs).toISOString();
  const to = instantOf(state['to']);
  const list = useList(endpoints.compareMoments, {
    query: {
      from,
      // All pages of it are about the same moments.
      to: to ?? new Date(opened).toISOString(),
      groupBy: by,
      assetId: state['asset'] as never, // an id of the address: the platform checks it
      search: state['search'],
      sort: oneOf(state['sort'], orders),
      direction: oneOf(state['direction'], ['ascending', 'descending']),
    },
  });
  // Figures of two other moments are none of these.
  const data = list.isOutdated ? undefined : list.first;
  const changes = data?.changes;
  const asset = state['asset'];
  const leadTo = useCallback(
    (change: ChangeKind, key?: string) => {
      const one = key === undefined ? [] : [by === 'asset' ? `asset:(assetId:${key})` : `check:${key}`];
      const within = asset === undefined || (by === 'asset' && key !== undefined) ? [] : [`asset:(assetId:${asset})`];
      return paths.detections({ query: changesQuery(change, { from, to }, [...within, ...one]) });
    },
    [by, from, to, asset],
  );
  const columns = useMemo(() => columnsBy(by, leadTo), [by, leadTo]);
  return (
    <div className="stack">
      <Header variant="h1" description={data ? `${formatMoment(data.from)} to ${formatMoment(data.to)}` : '…'}>
        Compare two moments
      </Header>
      <div className="filters">
        <MomentField label="From" value={from} onChange={(value) => change({ from: value })} />
        <MomentField label="To" value={to ?? new Date(opened).toISOString()} onChange={(value) => change({ to: value })} />
        {state['to'] === undefined ? null : <Button onClick={() => change({ to: undefined })}>Until now</Button>}
        <FilterSelect
          label="By"
          value={by}
          choices={[
            ['asset', 'asset'],
            ['check', 'check'],
          ]}
          onChange={(value) => change({ by: value })}
        />
      </div>
      <section className="tiles small" aria-label="Changes">
        <Tile label="New" value={changes?.new} to={leadTo('new')} note="found for the first time" />
        <Tile label="Reopened" value={changes?.reopened} to={leadTo('reopened')} note="had been fixed before" />
        <Tile label="Fixed" value={changes?.fixed} to={leadTo('fixed')} note="gone" />
      </section>
      <ListTable
        title={by === 'asset' ? 'Assets' : 'Checks'}
        noun="changes"
        columns={columns}
        keyOf={({ key }) => key}
        list={list}
        filter={
          <div className="filters">
            <SearchField label={`Find ${by === 'asset' ? 'assets' : 'checks'}`} count={matchesOf(list)} />
          </div>
        }
        empty={
          state['search'] ? (
            <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState>
          ) : (
            <NothingListed>
              <EmptyState title="Nothing changed">Choose moments that lie further apart.</EmptyState>
            </NothingListed>
          )
        }
      />
    </div>
  );
}

const kinds = { new: 'New', reopened: 'Reopened', fixed: 'Fixed' } as const;

function columnsBy(by: 'asset' | 'check', leadTo: (change: ChangeKind, key: string) => string): readonly Column<ChangeGroup>[] {
  const figure = (change: ChangeKind): Column<ChangeGroup> => ({
    id: change,
    header: kinds[change],
    sort: change,
    isHighestFirst: true,
    text: (item) => item[change],
    cell: (item) =>
      item[change] === 0 ? (
        '0'
      ) : (
        <AppLink to={leadTo(change, item.key)} ariaLabel={`${formatCount(item[change])} ${change}, ${item.label}`}>
          {formatCount(item[change])}
        </AppLink>
      ),
  });
  return [
    {
      id: 'label',
      sort: 'label',
      header: by === 'asset' ? 'Asset' : 'Check',
      text: ({ label }) => label,
      cell: (item) => (
        <AppLink to={by === 'asset' ? paths.asset(item.key, 'timeline') : paths.check(Number(item.key))}>{item.label}</AppLink>
      ),
    },
    figure('new'),
    figure('reopened'),
    figure('fixed'),
  ];
}

function instantOf(text: string | undefined): string | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function MomentField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string | undefined) => void;
}) {
  const id = useId();
  const at = Date.parse(value);
  return (
    <div className="moment">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="query-input"
        type="datetime-local"
        value={new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)}
        onChange={(event) => onChange(instantOf(event.target.value))}
      />
    </div>
  );
}
