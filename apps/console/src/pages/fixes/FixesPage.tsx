import Button from '@cloudscape-design/components/button';
import { endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { useApi } from '../../api/use-api.ts';
import { FixTable } from '../../components/FixTable.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { Failure } from '../../ui/Failure.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { RiskChanges } from './RiskChanges.tsx';

const pageSize = 10;

/** What to do first: the upgrades of the fleet that remove most risk. */
export function FixesPage() {
  useTitle('Fix lists');
  useFrame({}, 'fixes');
  const [limit, setLimit] = useState(pageSize);
  const answer = useApi(endpoints.listFixes, { query: { limit, asOf: useAsOf() } });
  const { data } = answer;
  if (answer.error && !data) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <div className="stack">
      <FixTable
        title="Fix lists"
        rank="h1"
        ofFleet
        items={data?.items ?? []}
        total={data?.total ?? 0}
        together={data?.together}
        loading={answer.isPending}
        footer={
          data?.next ? (
            <Button loading={answer.isFetching} onClick={() => setLimit(Math.min(500, limit + 4 * pageSize))}>
              Show more
            </Button>
          ) : undefined
        }
      />
      <RiskChanges />
    </div>
  );
}
