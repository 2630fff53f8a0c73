import { endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { FixTable } from '../../components/FixTable.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { Failure } from '../../ui/Failure.tsx';

/** The smallest set of upgrades of one asset, with the commands that make them. */
export function FixTab({ assetId }: { assetId: string }) {
  const answer = useApi(endpoints.getAssetFixes, { params: { assetId }, query: { asOf: useAsOf() } });
  const { data } = answer;
  if (answer.error && !data) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <div className="stack">
      {data?.commands.map((command) => (
        <CopyLine key={command} text={command} label="the command for all of it" />
      ))}
      <FixTable
        title="Upgrades"
        rank="h2"
        ofFleet={false}
        items={data?.items ?? []}
        total={data?.items.length ?? 0}
        together={data?.together}
        loading={answer.isPending}
      />
    </div>
  );
}
