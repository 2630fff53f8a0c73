import { endpoints, type SavedQuery } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { savedQueryPath } from '../../components/saved-query-path.ts';
import { Tile } from '../../ui/Tile.tsx';

/** How many the saved queries find that somebody wants to see here. */
export function QueryTiles() {
  const { data } = useApi(endpoints.listSavedQueries, {});
  const wanted = (data?.items ?? []).filter(({ onDashboard }) => onDashboard);
  if (wanted.length === 0) return null;
  return (
    <section className="tiles small few" aria-label="Saved queries">
      {wanted.map((saved) => (
        <QueryTile key={saved.savedQueryId} saved={saved} />
      ))}
    </section>
  );
}

const lists = {
  asset: endpoints.listAssets,
  detection: endpoints.listDetections,
  check: endpoints.listChecks,
  software: endpoints.listSoftware,
  event: endpoints.listEvents,
} as const;

function QueryTile({ saved }: { saved: SavedQuery }) {
  const { about, query, name, shared, owner, isOwn } = saved;
  const { data, error } = useApi<(typeof lists)['asset']>(lists[about] as (typeof lists)['asset'], {
    query: { query, limit: 1 },
  }); // of every list only the total is read
  return (
    <Tile
      label={name}
      value={data?.total}
      to={savedQueryPath(saved)}
      note={error ? 'could not be asked' : shared && !isOwn ? `from ${owner}` : `${about}`}
    />
  );
}
