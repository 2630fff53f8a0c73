import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { type ChangeGroup, endpoints } from '@vedette/protocol';
import { useId, useState } from 'react';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatCount, formatMoment } from '../../ui/format.ts';
import { Figure } from '../../ui/Tile.tsx';
import { SkeletonRows } from '../../ui/Skeleton.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const dayMs = 86_400_000;

/** What became of detections between two moments. */
export function ComparePage() {
  useTitle('Compare two moments');
  useFrame({}, 'compare');
  const [state, change] = useUrlState();
  const by = oneOf(state['by'], ['asset', 'check']);
  const [opened] = useState(() => Math.floor(Date.now() / 60_000) * 60_000);
  const weekAgo = new Date(opened - 7 * dayMs).toISOString();
  const from = instantOf(state['from']) ?? weekAgo;
  const to = instantOf(state['to']);
  const answer = useApi(endpoints.compareMoments, {
    query: { from, to, groupBy: by, assetId: state['asset'] as never, limit: 500 },
  }); // an id of the address: the platform checks it
  const { data } = answer;
  return (
    <div className="stack">
      <Header variant="h1" description={data ? `${formatMoment(data.from)} to ${formatMoment(data.to)}` : undefined}>
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
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {data ? (
        <section className="tiles small" aria-label="Changes">
          <Figure label="New" value={data.changes.new} note="found for the first time" />
          <Figure label="Reopened" value={data.changes.reopened} note="had been fixed before" />
          <Figure label="Fixed" value={data.changes.fixed} note="gone" />
        </section>
      ) : null}
      <Table<ChangeGroup>
        header={
          <Header variant="h2" counter={data ? `(${formatCount(data.total)})` : ''} description="Most changes first">
            {by === 'asset' ? 'Assets' : 'Checks'}
          </Header>
        }
        ariaLabels={{ tableLabel: 'Changes' }}
        contentDensity="compact"
        loading={answer.isPending && !answer.error}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading changes …"
        items={data?.groups ?? []}
        trackBy="key"
        empty={
          answer.isPending ? (
            <SkeletonRows />
          ) : (
            <EmptyState title="Nothing changed">Choose moments that lie further apart.</EmptyState>
          )
        }
        columnDefinitions={[
          {
            id: 'label',
            header: by === 'asset' ? 'Asset' : 'Check',
            isRowHeader: true,
            cell: (item) => (
              <AppLink to={by === 'asset' ? paths.asset(item.key, 'timeline') : paths.check(Number(item.key))}>
                {item.label}
              </AppLink>
            ),
          },
          { id: 'new', header: 'New', cell: (item) => formatCount(item.new) },
          { id: 'reopened', header: 'Reopened', cell: (item) => formatCount(item.reopened) },
          { id: 'fixed', header: 'Fixed', cell: (item) => formatCount(item.fixed) },
        ]}
      />
    </div>
  );
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
