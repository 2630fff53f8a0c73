import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { type DetectionGroup, DetectionGrouping, endpoints, severityNames } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Failure } from '../ui/Failure.tsx';
import { formatCount, plural } from '../ui/format.ts';
import { SkeletonRows } from '../ui/Skeleton.tsx';
import { assetsWithQuery } from './figure-queries.ts';
import { withFilters } from './with-filters.ts';

/** By what detections can be counted, with what a group of that kind is called. */
export const groupings = {
  severity: 'Severity',
  status: 'Status',
  asset: 'Asset',
  check: 'Check',
  os: 'Operating system',
  ecosystem: 'Ecosystem',
  release: 'Release',
  firstFound: 'First found',
} as const satisfies Partial<Record<DetectionGrouping, string>>;
export type Grouping = keyof typeof groupings;

const shown = 500;

/** Detections of a query counted by what they have in common; each number leads to the very detections. */
export function DetectionGroups({ groupBy, query, asOf }: { groupBy: Grouping; query: string; asOf: string | undefined }) {
  const answer = useApi(endpoints.countDetections, { query: { groupBy, query: query || undefined, asOf, limit: shown } });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  const name = groupings[groupBy];
  return (
    <Table<DetectionGroup>
      header={
        <Header variant="h2" counter={answer.data ? `(${formatCount(answer.data.total)})` : ''}>
          By {name.toLowerCase()}
        </Header>
      }
      ariaLabels={{ tableLabel: `Detections by ${name.toLowerCase()}` }}
      contentDensity="compact"
      loading={answer.isPending}
      skeleton={{ totalRows: 4 }}
      loadingText="Loading groups …"
      items={answer.data?.groups ?? []}
      trackBy="key"
      empty={
        answer.isPending ? (
          <SkeletonRows />
        ) : (
          <EmptyState title="No detection matches">Ask for more, or for another moment.</EmptyState>
        )
      }
      columnDefinitions={[
        { id: 'label', header: name, isRowHeader: true, cell: (item) => labelOf(groupBy, item) },
        {
          id: 'detections',
          header: 'Detections',
          cell: (item) => {
            const term = termOf(groupBy, item.key);
            const count = formatCount(item.detections);
            if (term === null) return count;
            return (
              <AppLink to={paths.detections({ query: withFilters(query, [term]) })} ariaLabel={`${count} of ${item.label}`}>
                {count}
              </AppLink>
            );
          },
        },
        {
          id: 'assets',
          header: 'Assets',
          cell: (item) => {
            if (item.assets === null) return '–';
            const term = termOf(groupBy, item.key);
            const found = term === null || asOf !== undefined ? null : assetsWithQuery(withFilters(query, [term]));
            const count = formatCount(item.assets);
            if (found === null) return count;
            return (
              <AppLink to={paths.assets({ query: found })} ariaLabel={`${plural(item.assets, 'asset')} of ${item.label}`}>
                {count}
              </AppLink>
            );
          },
        },
      ]}
    />
  );
}

function labelOf(groupBy: Grouping, { key, label }: DetectionGroup) {
  if (groupBy === 'asset') return <AppLink to={paths.asset(key, 'vulnerabilities')}>{label}</AppLink>;
  if (groupBy === 'check') return <AppLink to={paths.check(Number(key))}>{label}</AppLink>;
  if (groupBy === 'severity') return Object.entries(severityNames).find(([severity]) => severity === key)?.[1] ?? label;
  return label || 'unknown';
}

/** What all of a group have in common, as a term; null where the language has no word for it. */
function termOf(groupBy: Grouping, key: string): string | null {
  const text = `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  switch (groupBy) {
    case 'severity':
    case 'status':
    case 'check':
      return `${groupBy}:${key}`;
    case 'asset':
      return `asset:(assetId:${key})`;
    case 'os':
      return key === '' ? 'not asset:(os:*)' : `asset:(os:=${text})`;
    case 'ecosystem':
    case 'release':
      return key === '' ? `not asset:(${groupBy}:*)` : `asset:(${groupBy}:${text})`;
    case 'firstFound':
      return key === 'earlier' ? null : `firstFound:${key}`;
  }
}
