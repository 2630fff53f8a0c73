import { DetectionList } from '../../components/DetectionList.tsx';
import { useExplainPanel } from '../../components/use-explain-panel.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';

/** Detections of one asset; a button opens the explanation beside it. */
export function VulnerabilitiesTab({ assetId }: { assetId: string }) {
  const { panel, explain } = useExplainPanel({ assetId });
  return (
    <DetectionList
      title="Vulnerabilities"
      kind="vulnerability"
      assetId={assetId}
      explaining={panel !== null}
      onExplain={explain}
      empty={
        <EmptyState title="Nothing matches">
          <p>Either everything is fixed, or the filters hide it: choose the status “all” to see what was.</p>
        </EmptyState>
      }
    />
  );
}
