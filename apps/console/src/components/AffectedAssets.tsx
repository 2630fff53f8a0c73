import { endpoints } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { Failure } from '../ui/Failure.tsx';
import { plural } from '../ui/format.ts';
import { useSettled } from '../ui/use-settled.ts';

const shown = 5;

/** How many assets fit a query, and the first few, while it is being written. */
export function AffectedAssets({ query }: { query: string }) {
  const settled = useSettled(query);
  const answer = useApi(endpoints.listAssets, { query: { query: settled, limit: shown } }, { enabled: settled.trim() !== '' });
  if (answer.error) return <Failure error={answer.error} />;
  if (!answer.data || settled !== query) return <p className="quiet">Looking for assets that fit …</p>;
  const { total, items } = answer.data;
  const names = items.map(({ hostname }) => hostname).join(', ');
  return (
    <p aria-live="polite">
      {plural(total, 'asset')} {total === 1 ? 'fits' : 'fit'}
      {names === '' ? '' : `: ${names}${total > items.length ? ' …' : ''}`}
    </p>
  );
}
