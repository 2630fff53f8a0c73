import { DetectionList } from '../../components/DetectionList.tsx';
import { NothingListed } from '../../components/NothingListed.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { useExplainPanel } from '../../components/use-explain-panel.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { useTitle } from '../../ui/use-title.ts';

export function DetectionsPage() {
  useTitle('Detections');
  const { panel, key, explain } = useExplainPanel();
  useFrame({ panel }, key);
  return (
    <DetectionList
      title="Detections"
      rank="h1"
      explaining={panel !== null}
      onExplain={explain}
      empty={
        <NothingListed>
          <EmptyState title="No detection matches">
            <p>
              <AppLink to={paths.detections()}>Show all open detections</AppLink> or{' '}
              <AppLink to={paths.assets()}>see which assets report</AppLink>.
            </p>
          </EmptyState>
        </NothingListed>
      }
    />
  );
}
