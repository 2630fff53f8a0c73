import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { type Dashboard, endpoints, severityNames } from '@vedette/protocol';
import { useDeferredValue } from 'react';
import { useApi } from '../../api/use-api.ts';
import { AgentHealth } from '../../components/AgentHealth.tsx';
import { AddAsset } from '../../components/AddAsset.tsx';
import { Change } from '../../components/detection-columns.tsx';
import { assetsWithQuery, upgradeQuery } from '../../components/figure-queries.ts';
import { useFrame } from '../../components/frame-state.ts';
import { FleetRisk } from '../../components/FleetRisk.tsx';
import { KnowledgeNotice } from '../../components/KnowledgeNotice.tsx';
import { Severity } from '../../components/Severity.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { TrendChart } from '../../components/TrendChart.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { Tile } from '../../ui/Tile.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { PastDashboard } from './PastDashboard.tsx';
import { Progress } from './Progress.tsx';
import { QueryTiles } from './QueryTiles.tsx';
import { SeverityTiles } from './SeverityTiles.tsx';

export function DashboardPage() {
  useTitle('Dashboard');
  useFrame({}, 'dashboard');
  const asOf = useAsOf();
  return asOf === undefined ? <PresentDashboard /> : <PastDashboard asOf={asOf} />;
}

function PresentDashboard() {
  const answer = useApi(endpoints.getDashboard, {}, { refetchInterval: 30_000 });
  const { data } = answer;
  return (
    <div className="stack">
      <Header
        variant="h1"
        description={
          data ? (
            <>
              <AppLink to={paths.detections()}>{plural(data.openTotal, 'open detection')}</AppLink> on{' '}
              <AppLink to={paths.assets()}>{plural(data.assets, 'asset')}</AppLink>
            </>
          ) : undefined
        }
      >
        Dashboard
      </Header>
      <KnowledgeNotice />
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {data ? (
        data.assets === 0 ? (
          <FirstAsset />
        ) : (
          <Figures data={data} />
        )
      ) : answer.error ? null : (
        <Loading what="the dashboard" />
      )}
    </div>
  );
}

function FirstAsset() {
  return (
    <Container header={<Header variant="h2">Add your first asset</Header>}>
      <AddAsset />
    </Container>
  );
}

function Figures({ data }: { data: Dashboard }) {
  // The figures are drawn before what lies below them is begun.
  const hasFigures = useDeferredValue(true, false);
  return (
    <>
      <SeverityTiles open={(level) => data.open[severityNames[level]]} />
      <section className="tiles small" aria-label="State of the fleet">
        <Tile label="Assets" value={data.assets} to={paths.assets()} note="enrolled" />
        <Tile label="Silent" value={data.silentAssets} to={paths.assets({ state: 'silent' })} note="for a day" />
        <Tile
          label="Pending restart"
          value={data.pendingRestart}
          to={paths.assets({ state: 'restart' })}
          note="old code still runs"
        />
        <Tile
          label="Known exploited"
          value={data.knownExploited}
          to={paths.detections({ only: 'exploited' })}
          note="listed by CISA"
        />
        <Tile label="New" value={data.newLast7Days} to={paths.detections({ only: 'new-week' })} note="in 7 days" />
        <Tile
          label="Fixed"
          value={data.fixedLast7Days}
          to={paths.detections({ status: 'fixed', only: 'fixed-week' })}
          note="in 7 days"
        />
      </section>
      {hasFigures ? <BelowFigures data={data} /> : null}
    </>
  );
}

function BelowFigures({ data }: { data: Dashboard }) {
  return (
    <>
      <QueryTiles />
      {data.unassessedPackages > 0 ? (
        <p className="quiet note">
          <AppLink to={paths.assets({ query: 'unassessed:>0' })}>{plural(data.unassessedPackages, 'package')}</AppLink> could not
          be assessed: no authority is known for their release.
        </p>
      ) : null}
      <FleetRisk />
      <div className="columns">
        <div className="stack last-fills">
          <Container header={<Header variant="h2">Open detections</Header>}>
            {data.trend.length > 1 ? <TrendChart trend={data.trend} /> : <EmptyState title="The trend begins tomorrow" />}
          </Container>
          <TopChecks data={data} />
        </div>
        <TopUpgrades data={data} />
      </div>
      <Progress />
      <div className="columns turned">
        <AgentHealth data={data} />
        <Worst data={data} />
      </div>
    </>
  );
}

/** How many fit beside the upgrades. */
const topChecks = 8;

function TopChecks({ data }: { data: Dashboard }) {
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description="The worst first, then those on most assets">
          Top checks
        </Header>
      }
    >
      {data.topChecks.length === 0 ? (
        <EmptyState title="Nothing open" />
      ) : (
        <ol className="ranking">
          {data.topChecks.slice(0, topChecks).map((check) => (
            <li key={check.check}>
              <AppLink to={paths.check(check.check)}>{check.name}</AppLink>
              <span className="ranking-effect">
                <AppLink to={paths.detections({ query: `check:${check.check} and not confidence:information` })}>
                  on {plural(check.assets, 'asset')}
                </AppLink>
                <Severity level={check.severity} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Container>
  );
}

function TopUpgrades({ data }: { data: Dashboard }) {
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description="These remove most detections">
          Top upgrades
        </Header>
      }
    >
      {data.topUpgrades.length === 0 ? (
        <EmptyState title="Nothing to upgrade" />
      ) : (
        <ol className="ranking">
          {data.topUpgrades.map((upgrade) => (
            <li key={`${upgrade.ecosystem} ${upgrade.release} ${upgrade.source}`}>
              <div>
                {upgrade.source}
                <br />
                <span className="quiet">
                  to <code>{upgrade.fixed}</code>
                </span>
              </div>
              <div className="ranking-effect stacked">
                <Severity level={upgrade.severity} />
                <span className="quiet">
                  <AppLink to={paths.detections({ query: upgradeQuery(upgrade) })} ariaLabel={`What ${upgrade.source} removes`}>
                    −{formatCount(upgrade.detections)}
                  </AppLink>{' '}
                  on{' '}
                  <AppLink to={paths.assets({ query: assetsWithQuery(upgradeQuery(upgrade)) ?? '' })}>
                    {plural(upgrade.assets, 'asset')}
                  </AppLink>
                </span>
              </div>
            </li>
          ))}
        </ol>
      )}
    </Container>
  );
}

function Worst({ data }: { data: Dashboard }) {
  return (
    <Table
      header={
        <Header variant="h2" actions={<AppLink to={paths.detections()}>All detections</AppLink>}>
          Worst findings
        </Header>
      }
      ariaLabels={{ tableLabel: 'Worst findings' }}
      wrapLines
      contentDensity="compact"
      items={data.worst}
      trackBy={(item) => `${item.assetId} ${item.check}`}
      empty={<EmptyState title="Nothing open">Every installed package is as its vendor wants it.</EmptyState>}
      columnDefinitions={[
        {
          id: 'check',
          header: 'Check',
          isRowHeader: true,
          minWidth: 150,
          cell: (item) => <AppLink to={paths.asset(item.assetId, 'vulnerabilities', { why: item.check })}>{item.name}</AppLink>,
        },
        { id: 'severity', header: 'Severity', cell: (item) => <Severity level={item.severity} /> },
        { id: 'asset', header: 'Asset', cell: (item) => <AppLink to={paths.asset(item.assetId)}>{item.hostname}</AppLink> },
        { id: 'package', header: 'Package', cell: (item) => item.packages[0]?.name ?? '–' },
        { id: 'change', header: 'Installed → fixed in', minWidth: 180, cell: (item) => <Change detection={item} /> },
      ]}
    />
  );
}
