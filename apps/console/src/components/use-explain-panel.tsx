import { type Detection, endpoints } from '@vedette/protocol';
import { useCallback } from 'react';
import { useApi } from '../api/use-api.ts';
import { useUrlState } from '../ui/use-url-state.ts';
import { Explanation } from './Explanation.tsx';
import type { FrameContent } from './frame-state.ts';

interface ExplainPanel {
  readonly panel: FrameContent['panel'];
  /** Changes when the panel does. */
  readonly key: string;
  /** Opens the panel; the address remembers for what. */
  readonly explain: (detection: Detection) => void;
}

/**
 * The panel that says why a detection exists. The address holds the check as `why` and the asset as `on`, so the opened panel can be
 * sent to somebody; a page of one asset or one check hands its own in.
 */
export function useExplainPanel(page: { assetId?: string; check?: number; enabled?: boolean } = {}): ExplainPanel {
  const [{ why, on }, change] = useUrlState();
  const assetId = page.assetId ?? on ?? '';
  const check = why !== undefined && /^\d{1,10}$/.test(why) ? Number(why) : null;
  const open = (page.enabled ?? true) && assetId !== '' && check !== null && (page.check ?? check) === check;
  const { data } = useApi(endpoints.explainDetection, { params: { assetId, check: check ?? 0 } }, { enabled: open });
  const shown = open ? data?.detection : undefined;
  const explain = useCallback(
    (detection: Detection) =>
      change({ why: String(detection.check), on: page.assetId === undefined ? detection.assetId : undefined }),
    [change, page.assetId],
  );
  if (!open) return { panel: null, key: '', explain };
  const title = shown ? `${shown.name} on ${shown.hostname}` : 'Why?';
  return {
    panel: {
      title,
      content: <Explanation assetId={assetId} check={check} />,
      onClose: () => change({ why: undefined, on: undefined }),
    },
    key: `${assetId} ${check} ${title}`,
    explain,
  };
}
