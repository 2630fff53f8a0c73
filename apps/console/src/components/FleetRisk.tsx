import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints } from '@vedette/protocol';
import { Fragment } from 'react';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Failure } from '../ui/Failure.tsx';
import { plural } from '../ui/format.ts';
import { Loading } from '../ui/Loading.tsx';
import { riskBandQuery } from './figure-queries.ts';
import { RiskChart } from './RiskChart.tsx';

const shown = 5;

/** Risk of the fleet now and over time, how it is spread, and the assets that carry most of it. */
export function FleetRisk() {
  const { data, error, refetch } = useApi(endpoints.getRisk, {}, { refetchInterval: 30_000 });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="0 to 1000, of the average asset by weight"
          actions={<AppLink to={paths.fixes()}>What to fix first</AppLink>}
        >
          Risk {data?.risk}
        </Header>
      }
    >
      {error ? <Failure error={error} retry={refetch} /> : null}
      <div className="columns">
        <RiskOverTime />
        {data ? (
          <div>
            <h3 className="small-heading">Worst assets</h3>
            <ol className="ranking">
              {data.worst.slice(0, shown).map((asset) => (
                <li key={asset.assetId}>
                  <AppLink to={paths.asset(asset.assetId, 'fixes')}>{asset.hostname}</AppLink>
                  <span className="ranking-effect">
                    <AppLink
                      to={paths.asset(asset.assetId, 'vulnerabilities')}
                      ariaLabel={`Risk ${asset.risk} of ${asset.hostname}`}
                    >
                      risk {asset.risk}
                    </AppLink>
                  </span>
                </li>
              ))}
            </ol>
            <Bands bands={data.bands} />
          </div>
        ) : error ? null : (
          <Loading what="the worst assets" />
        )}
      </div>
    </Container>
  );
}

function Bands({ bands }: { bands: readonly { readonly from: number; readonly assets: number }[] }) {
  const spread = bands
    .map(({ from, assets }, band) => ({ from, assets, until: bands[band + 1]?.from }))
    .toReversed()
    .filter(({ assets }) => assets > 0);
  return (
    <p className="quiet note">
      {spread.map(({ from, until, assets }, place) => (
        <Fragment key={from}>
          {place > 0 ? ', ' : ''}
          <AppLink to={paths.assets({ query: riskBandQuery(from, until) })}>{plural(assets, 'asset')}</AppLink> from {from}
        </Fragment>
      ))}
    </p>
  );
}

/** The days up to now, or up to a moment of the past. */
export function RiskOverTime({ asOf }: { asOf?: string }) {
  const { data, error, refetch } = useApi(endpoints.getTrends, asOf === undefined ? {} : { query: { asOf } });
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Loading what="the risk of these days" />;
  return data.days.length > 1 ? <RiskChart days={data.days} /> : <EmptyState title="The trend begins tomorrow" />;
}
