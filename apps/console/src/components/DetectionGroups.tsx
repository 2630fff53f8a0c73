import { type DetectionGroup, DetectionGrouping, endpoints, severityNames } from '@vedette/protocol';
import { useMemo } from 'react';
import { useList } from '../api/use-list.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { formatCount, plural } from '../ui/format.ts';
import { type Column, ListTable } from '../ui/ListTable.tsx';
import { matchesOf } from '../ui/list-total.ts';
import { SearchField } from '../ui/SearchField.tsx';
import { oneOf, useUrlState } from '../ui/use-url-state.ts';
import { assetsWithQuery } from './figure-queries.ts';
import { withFilters } from './with-filters.ts';

/** By what detections can be counted, with what a group of that kind is called. */
export const groupings = {
  severity: 'Severity',
  status: 'Status',
  asset: 'Asset',
  check: 'Check',
  package: 'Package',
  os: 'Operating system',
  ecosystem: 'Ecosystem',
  release: 'Release',
  firstFound: 'First found',
} as const satisfies Partial<Record<DetectionGrouping, string>>;
export type Grouping = keyof typeof groupings;

/** Of the others there are a handful, whose names are not those that people read. */
const searched: readonly Grouping[] = ['asset', 'check', 'package', 'os', 'release'];
const scope = 'group';

/** Detections of a query counted by what they have in common; each number leads to the very detections. */
export function DetectionGroups({ groupBy, query, asOf }: { groupBy: Grouping; query: string; asOf: string | undefined }) {
  const [state] = useUrlState(scope);
  const name = groupings[groupBy];
  const hasSearch = searched.includes(groupBy);
  const list = useList(endpoints.countDetections, {
    query: {
      groupBy,
      query: query || undefined,
      asOf,
      label: hasSearch ? state['search'] : undefined,
      sort: oneOf(state['sort'], ['detections', 'assets', 'label']),
      direction: oneOf(state['direction'], ['ascending', 'descending']),
    },
  });
  const columns = useMemo(() => columnsOf({ groupBy, query, asOf }), [groupBy, query, asOf]);
  return (
    <ListTable
      title={`By ${name.toLowerCase()}`}
      noun="groups"
      scope={scope}
      columns={columns}
      keyOf={({ key }) => key}
      list={list}
      filter={
        hasSearch ? (
          <div className="filters">
            <SearchField label="Find groups" count={matchesOf(list)} scope={scope} />
          </div>
        ) : undefined
      }
      empty={
        state['search'] ? (
          <EmptyState title="Nothing matches">Clear the search to see all.</EmptyState>
        ) : (
          <EmptyState title="No detection matches">Ask for more, or for another moment.</EmptyState>
        )
      }
    />
  );
}

interface Asked {
  readonly groupBy: Grouping;
  readonly query: string;
  readonly asOf: string | undefined;
}

function columnsOf({ groupBy, query, asOf }: Asked): readonly Column<DetectionGroup>[] {
  return [
    {
      id: 'label',
      header: groupings[groupBy],
      sort: 'label',
      text: (item) => wordsOf(groupBy, item),
      cell: (item) => labelOf(groupBy, item),
    },
    {
      id: 'detections',
      header: 'Detections',
      sort: 'detections',
      isHighestFirst: true,
      text: (item) => item.detections,
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
    // Of one asset there is one.
    ...(groupBy === 'asset' ? [] : [assetsColumn({ groupBy, query, asOf })]),
  ];
}

function assetsColumn({ groupBy, query, asOf }: Asked): Column<DetectionGroup> {
  return {
    id: 'assets',
    header: 'Assets',
    sort: 'assets',
    isHighestFirst: true,
    text: (item) => item.assets,
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
  };
}

function wordsOf(groupBy: Grouping, { key, label }: DetectionGroup): string {
  if (groupBy === 'severity') return Object.entries(severityNames).find(([severity]) => severity === key)?.[1] ?? label;
  return label || 'unknown';
}

function labelOf(groupBy: Grouping, group: DetectionGroup) {
  const words = wordsOf(groupBy, group);
  if (groupBy === 'asset') return <AppLink to={paths.asset(group.key, 'vulnerabilities')}>{words}</AppLink>;
  return groupBy === 'check' ? <AppLink to={paths.check(Number(group.key))}>{words}</AppLink> : words;
}

/** What all of a group have in common, as a term; null where the language has no word for it. */
function termOf(groupBy: Grouping, key: string): string | null {
  const text = `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  switch (groupBy) {
    case 'severity':
    case 'status':
    case 'check':
      return `${groupBy}:${key}`;
    case 'package':
      return key === '' ? null : `software:(source:=${text})`;
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
