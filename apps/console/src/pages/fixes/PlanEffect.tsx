import Button from '@cloudscape-design/components/button';
import { endpoints, type Remainder, type Upgrade } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount, plural } from '../../ui/format.ts';

/** What the chosen upgrades would come to together, were they made everywhere. */
export function PlanEffect({ upgrades, onClear }: { upgrades: readonly Upgrade[]; onClear: () => void }) {
  const { data, error, refetch } = useApi(endpoints.whatIf, { body: { upgrades: [...upgrades], checks: [] } });
  if (error) return <Failure error={error} retry={refetch} />;
  return (
    <div className="plan" aria-live="polite">
      <p className="note">
        <strong>If you make {upgrades.length === 1 ? 'this upgrade' : `these ${formatCount(upgrades.length)} upgrades`}</strong>{' '}
        {data ? (
          <>
            the risk goes from {data.now.risk} to {data.after.risk} of 1000, and{' '}
            {formatCount(total(data.now) - total(data.after))} of {plural(total(data.now), 'detection')} are gone;{' '}
            {plural(data.after.assets, 'asset')} of {formatCount(data.now.assets)} keep some.
          </>
        ) : (
          <span className="quiet">Adding up …</span>
        )}
      </p>
      <Button onClick={onClear}>Choose none</Button>
    </div>
  );
}

function total({ open }: Remainder): number {
  return Object.values(open).reduce((sum, count) => sum + count, 0);
}
