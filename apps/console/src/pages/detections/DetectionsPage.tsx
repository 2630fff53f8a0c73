import type { Detection } from '@vedette/protocol';
import { useState } from 'react';
import { AddAsset } from '../../components/AddAsset.tsx';
import { DetectionList } from '../../components/DetectionList.tsx';
import { Explanation } from '../../components/Explanation.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { useTitle } from '../../ui/use-title.ts';

export function DetectionsPage() {
  useTitle('Detections');
  const [selected, setSelected] = useState<Detection | undefined>();
  useFrame(
    {
      panel: selected
        ? {
            title: `${selected.name} on ${selected.hostname}`,
            content: <Explanation assetId={selected.assetId} check={selected.check} />,
            onClose: () => setSelected(undefined),
          }
        : null,
    },
    selected ? `${selected.assetId} ${selected.check}` : '',
  );
  return (
    <DetectionList
      title="Detections"
      rank="h1"
      onExplain={setSelected}
      empty={
        <EmptyState title="No detection matches">
          <p>Choose another severity or status, or clear the search. Without any asset, add one:</p>
          <AddAsset />
        </EmptyState>
      }
    />
  );
}
