import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { RiskOverTime } from '../../components/FleetRisk.tsx';
import { SeverityTally } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatMoment, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { Progress } from './Progress.tsx';
import { SeverityTiles } from './SeverityTiles.tsx';

const listed = 10;

/** What the lists say of a moment of the past, in figures. */
export function PastDashboard({ asOf }: { asOf: string }) {
  const counts = useApi(endpoints.countDetections, { query: { groupBy: 'severity', asOf } });
  const checks = useApi(endpoints.countDetections, { query: { groupBy: 'check', asOf, limit: listed } });
  const assets = useApi(endpoints.listAssets, { query: { asOf, limit: listed } });
  const error = counts.error ?? assets.error;
  if (error) return <Failure error={error} retry={counts.refetch} />;
  if (!counts.data || !assets.data) return <Loading what="the dashboard" />;
  const bySeverity = new Map(counts.data.groups.map(({ key, detections }) => [key, detections]));
  return (
    <div className="stack">
      <Header
        variant="h1"
        description={
          <>
            <AppLink to={paths.detections()}>{plural(counts.data.detections, 'open detection')}</AppLink> on{' '}
            <AppLink to={paths.assets()}>{plural(assets.data.total, 'asset')}</AppLink> on {formatMoment(asOf)}
          </>
        }
      >
        Dashboard
      </Header>
      <SeverityTiles open={(level) => bySeverity.get(String(level)) ?? 0} />
      <Container header={<Header variant="h2">Risk</Header>}>
        <RiskOverTime asOf={asOf} />
      </Container>
      <Progress asOf={asOf} />
      <div className="columns even">
        <Container header={<Header variant="h2">Worst assets</Header>}>
          <ol className="ranking">
            {assets.data.items.map(({ assetId, hostname, detections }) => (
              <li key={assetId}>
                <AppLink to={paths.asset(assetId)}>{hostname}</AppLink>
                <SeverityTally counts={detections} assetId={assetId} />
              </li>
            ))}
          </ol>
          {assets.data.items.length === 0 ? <EmptyState title="No asset was enrolled yet" /> : null}
        </Container>
        <Container header={<Header variant="h2">Checks found most often</Header>}>
          <ol className="ranking">
            {(checks.data?.groups ?? []).map(({ key, label, detections }) => (
              <li key={key}>
                <AppLink to={paths.check(Number(key))}>{label}</AppLink>
                <AppLink to={paths.detections({ query: `check:${key}` })}>on {plural(detections, 'asset')}</AppLink>
              </li>
            ))}
          </ol>
          {checks.data?.groups.length === 0 ? <EmptyState title="Nothing was open" /> : null}
        </Container>
      </div>
    </div>
  );
}
