import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { plural } from '../ui/format.ts';

const shown = 5;

/** Risk of the fleet, how it is spread, and the assets that carry most of it. */
export function FleetRisk() {
  const { data } = useApi(endpoints.getRisk, {}, { refetchInterval: 30_000 });
  if (!data) return null;
  const bands = data.bands.toReversed().filter(({ assets }) => assets > 0);
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
      <p className="quiet">{bands.map(({ from, assets }) => `${plural(assets, 'asset')} from ${from}`).join(', ')}</p>
      <ol className="ranking">
        {data.worst.slice(0, shown).map((asset) => (
          <li key={asset.assetId}>
            <AppLink to={paths.asset(asset.assetId, 'fixes')}>{asset.hostname}</AppLink>
            <span className="ranking-effect">risk {asset.risk}</span>
          </li>
        ))}
      </ol>
    </Container>
  );
}
