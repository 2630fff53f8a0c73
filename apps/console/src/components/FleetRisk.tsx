import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints } from '@vedette/protocol';
import { Fragment } from 'react';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { plural } from '../ui/format.ts';
import { riskBandQuery } from './figure-queries.ts';

const shown = 5;

/** Risk of the fleet, how it is spread, and the assets that carry most of it. */
export function FleetRisk() {
  const { data } = useApi(endpoints.getRisk, {}, { refetchInterval: 30_000 });
  if (!data) return null;
  const bands = data.bands
    .map(({ from, assets }, band) => ({ from, assets, until: data.bands[band + 1]?.from }))
    .toReversed()
    .filter(({ assets }) => assets > 0);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Of the average asset by weight, 0 to 1000"
          actions={<AppLink to={paths.fixes()}>What to fix first</AppLink>}
        >
          Risk {data.risk}
        </Header>
      }
    >
      <p className="quiet">
        {bands.map(({ from, until, assets }, place) => (
          <Fragment key={from}>
            {place > 0 ? ', ' : ''}
            <AppLink to={paths.assets({ query: riskBandQuery(from, until) })}>{plural(assets, 'asset')}</AppLink> from {from}
          </Fragment>
        ))}
      </p>
      <ol className="ranking">
        {data.worst.slice(0, shown).map((asset) => (
          <li key={asset.assetId}>
            <AppLink to={paths.asset(asset.assetId, 'fixes')}>{asset.hostname}</AppLink>
            <span className="ranking-effect">
              <AppLink to={paths.asset(asset.assetId, 'vulnerabilities')} ariaLabel={`Risk ${asset.risk} of ${asset.hostname}`}>
                risk {asset.risk}
              </AppLink>
            </span>
          </li>
        ))}
      </ol>
    </Container>
  );
}
