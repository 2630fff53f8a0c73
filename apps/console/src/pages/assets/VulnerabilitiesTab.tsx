import type { Detection } from '@vedette/protocol';
import { useCallback } from 'react';
import { DetectionList } from '../../components/DetectionList.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { useUrlState } from '../../ui/use-url-state.ts';

/** Detections of one asset; a button opens the explanation beside it, and the address remembers which. */
export function VulnerabilitiesTab({ assetId }: { assetId: string }) {
  const [, change] = useUrlState();
  const explain = useCallback((detection: Detection) => change({ why: String(detection.check) }), [change]);
  return (
    <DetectionList
      title="Vulnerabilities"
      assetId={assetId}
      onExplain={explain}
      empty={
        <EmptyState title="Nothing matches">
          <p>Either everything is fixed, or the filters hide it: choose the status “all” to see what was.</p>
        </EmptyState>
      }
    />
  );
}
