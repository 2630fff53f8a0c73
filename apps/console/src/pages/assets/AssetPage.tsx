import Header from '@cloudscape-design/components/header';
import Tabs from '@cloudscape-design/components/tabs';
import { useParams, useRouter } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import type { ReactNode } from 'react';
import type { ReplyOf } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { AssetState } from '../../components/AssetState.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { SeverityTally } from '../../components/Severity.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { useExplainPanel } from '../../components/use-explain-panel.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Ago } from '../../ui/Ago.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { AgentTab } from './AgentTab.tsx';
import { FixTab } from './FixTab.tsx';
import { FactTab } from './FactTab.tsx';
import { factTablesOf } from './fact-tables.tsx';
import { PostureTab } from './PostureTab.tsx';
import { ScanNow } from './ScanNow.tsx';
import { SummaryTab } from './SummaryTab.tsx';
import { TimelineTab } from './TimelineTab.tsx';
import { VulnerabilitiesTab } from './VulnerabilitiesTab.tsx';

export type AssetDetail = ReplyOf<typeof endpoints.getAsset>;

type Tab = readonly [id: string, label: string, content: (detail: AssetDetail) => ReactNode];

function tabsOf(detail: AssetDetail | undefined): readonly Tab[] {
  return [
    ['summary', 'Summary', (known) => <SummaryTab detail={known} />],
    ['vulnerabilities', 'Vulnerabilities', (known) => <VulnerabilitiesTab assetId={known.asset.assetId} />],
    ['fixes', 'Fixes', (known) => <FixTab assetId={known.asset.assetId} />],
    ['posture', 'Posture', (known) => <PostureTab assetId={known.asset.assetId} />],
    ...factTablesOf(detail?.agent?.collectors ?? []).map((table): Tab => [
      table.tab,
      table.title,
      (known) => <FactTab key={table.collector} assetId={known.asset.assetId} table={table} />,
    ]),
    ['timeline', 'Timeline', (known) => <TimelineTab assetId={known.asset.assetId} />],
    ['agent', 'Agent', (known) => <AgentTab detail={known} />],
  ];
}

export function AssetPage() {
  const may = useMay();
  const { assetId = '', tab: wanted } = useParams({ strict: false });
  const router = useRouter();
  const asOf = useAsOf();
  const answer = useApi(endpoints.getAsset, { params: { assetId }, query: { asOf } }, { refetchInterval: 30_000 });
  const name = answer.data?.asset.hostname ?? 'Asset';
  const tabs = tabsOf(answer.data);
  const [tab, label] = tabs.find(([id]) => id === wanted) ?? tabs[0]!; // the list is not empty
  const { panel, key } = useExplainPanel({ assetId, enabled: tab === 'vulnerabilities' || tab === 'posture' });
  useTitle(`${label} of ${name}`);
  useFrame(
    {
      trail: [
        ['Assets', paths.assets()],
        [name, paths.asset(assetId)],
        [label, ''],
      ],
      panel,
    },
    `${assetId} ${name} ${tab} ${key}`,
  );
  if (answer.error)
    return (
      <div className="stack">
        <Header variant="h1">Asset</Header>
        <Failure error={answer.error} retry={answer.refetch} />
      </div>
    );
  if (!answer.data) return <Loading what="the asset" />;
  const detail = answer.data;
  return (
    <div className="stack">
      <Header
        variant="h1"
        description={
          <>
            {detail.asset.os || 'Waiting for the first scan'}, seen <Ago at={detail.asset.lastSeen} />{' '}
            <AssetState state={detail.asset.state} />
            {detail.asset.pendingRestart ? (
              <>
                {' '}
                <AppLink to={paths.asset(assetId)}>restart pending</AppLink>: old code still runs
              </>
            ) : null}
            {detail.clonedFrom === null ? null : (
              <>
                {' '}
                cloned from <AppLink to={paths.asset(detail.clonedFrom)}>another asset</AppLink>
              </>
            )}
          </>
        }
        actions={
          <div className="head-actions">
            <AppLink to={paths.asset(assetId, 'fixes')}>risk {detail.asset.risk}</AppLink>
            <SeverityTally counts={detail.asset.detections} assetId={assetId} />
            {may('asset:scan') ? <ScanNow key={assetId} assetId={assetId} /> : null}
          </div>
        }
      >
        {name}
      </Header>
      <Tabs
        ariaLabel="Parts of the asset"
        activeTabId={tab}
        onChange={({ detail: { activeTabId } }) => router.history.push(paths.asset(assetId, activeTabId))}
        tabs={tabs.map(([id, text, content]) => ({ id, label: text, content: id === tab ? content(detail) : null }))}
      />
    </div>
  );
}
