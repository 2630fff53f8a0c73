import Badge from '@cloudscape-design/components/badge';
import { type Asset, endpoints } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { AddAsset } from '../../components/AddAsset.tsx';
import { AssetState } from '../../components/AssetState.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { severityChoices, SeverityTally } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatCount } from '../../ui/format.ts';
import { type Column, ListTable, rowsPerPage } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, pageOf, useUrlState } from '../../ui/use-url-state.ts';

const columns: readonly Column<Asset>[] = [
  {
    id: 'hostname',
    header: 'Asset',
    cell: (item) => <AppLink to={paths.asset(item.assetId)}>{item.hostname}</AppLink>,
    text: (item) => item.hostname,
    minWidth: 150,
  },
  {
    id: 'detections',
    header: 'Open detections',
    cell: (item) => <SeverityTally counts={item.detections} />,
    text: (item) => Object.values(item.detections).reduce((sum, value) => sum + value, 0),
    minWidth: 230,
  },
  {
    id: 'os',
    header: 'Operating system',
    cell: (item) => item.os || <span className="quiet">before its first scan</span>,
    text: (item) => item.os,
    minWidth: 160,
  },
  {
    id: 'packages',
    header: 'Packages',
    cell: (item) => (
      <>
        {formatCount(item.packages)}
        {item.unassessed > 0 ? <span className="quiet">, {formatCount(item.unassessed)} not assessed</span> : null}
      </>
    ),
    text: (item) => item.packages,
    minWidth: 100,
  },
  {
    id: 'restart',
    header: 'Restart',
    cell: (item) => (item.pendingRestart ? <Badge color="severity-medium">pending</Badge> : <span className="quiet">no</span>),
    text: (item) => item.pendingRestart,
    minWidth: 90,
  },
  {
    id: 'state',
    header: 'State',
    cell: (item) => <AssetState state={item.state} />,
    text: (item) => item.state,
    minWidth: 100,
  },
  { id: 'agent', header: 'Agent', cell: (item) => item.agentVersion, text: (item) => item.agentVersion, minWidth: 80 },
  { id: 'seen', header: 'Last seen', cell: (item) => <Ago at={item.lastSeen} />, text: (item) => item.lastSeen, minWidth: 120 },
];

const onlyChoices = [
  ['', 'any'],
  ['restart', 'restart pending'],
  ['silent', 'silent for a day'],
  ['stale', 'stale'],
  ['archived', 'archived'],
] as const;
const onlyQuery = {
  '': {},
  restart: { pendingRestart: 'true' },
  silent: { silent: 'true' },
  stale: { state: 'stale' },
  archived: { state: 'archived' },
} as const;

export function AssetsPage() {
  useTitle('Assets');
  useFrame({}, 'assets');
  const [{ search, page, ...state }, change] = useUrlState();
  const severity = oneOf(state['severity'], ['', '5', '4', '3', '2']);
  const only = oneOf(state['state'], ['', 'restart', 'silent', 'stale', 'archived']);
  const filter = { search, severity: severity || undefined, ...onlyQuery[only] };
  const answer = useApi(endpoints.listAssets, {
    query: { ...filter, limit: rowsPerPage, offset: (pageOf(page) - 1) * rowsPerPage },
  });
  return (
    <ListTable
      title="Assets"
      noun="assets"
      rank="h1"
      columns={columns}
      keyOf={(item) => item.assetId}
      answer={answer}
      searchLabel="Find an asset"
      filters={
        <>
          <FilterSelect
            label="Open detections"
            value={severity}
            choices={severityChoices}
            onChange={(value) => change({ severity: value, page: undefined })}
          />
          <FilterSelect
            label="State"
            value={only}
            choices={onlyChoices}
            onChange={(value) => change({ state: value, page: undefined })}
          />
        </>
      }
      fetchPage={(part) => call(endpoints.listAssets, { query: { ...filter, ...part } })}
      empty={
        search || severity || only ? (
          <EmptyState title="No asset matches">
            <AppLink to={paths.assets()}>Show all assets</AppLink>
          </EmptyState>
        ) : (
          <EmptyState title="No asset yet">
            <AddAsset />
          </EmptyState>
        )
      }
    />
  );
}
