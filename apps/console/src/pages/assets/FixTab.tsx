import { endpoints } from '@vedette/protocol';
import { useMemo } from 'react';
import { useApi } from '../../api/use-api.ts';
import { fixColumns, fixKey, nothingToUpgrade, Together } from '../../components/fix-columns.tsx';
import { useAsOf } from '../../components/time-travel.ts';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';

/** The smallest set of upgrades of one asset, with the commands that make them. */
export function FixTab({ assetId }: { assetId: string }) {
  const answer = useApi(endpoints.getAssetFixes, { params: { assetId }, query: { asOf: useAsOf() } });
  const columns = useMemo(() => fixColumns(assetId), [assetId]);
  const { data } = answer;
  return (
    <div className="stack">
      {data?.commands.map((command) => (
        <CopyLine key={command} text={command} label="the command for all of it" />
      ))}
      <WholeTable
        title="Upgrades"
        noun="upgrades"
        description={data ? <Together effect={data.together} count={data.items.length} isAll /> : undefined}
        columns={columns}
        keyOf={fixKey}
        answer={answer}
        empty={nothingToUpgrade}
      />
    </div>
  );
}
