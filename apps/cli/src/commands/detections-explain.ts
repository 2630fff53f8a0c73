import { AssetId, explainDetection } from '@vedette/protocol';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { checkNumberOf } from './check-argument.ts';

export const detectionsExplain: Command = {
  name: 'detections explain',
  summary: 'Say why a detection exists: package, comparison, advisory, origin and history.',
  args: '<asset> <check>',
  example: 'vedette detections explain 018f2c7e-0000-7000-8000-000000000001 CVE-2026-1234',
  async run({ client }, [asset, check]) {
    const params = { assetId: identifier(AssetId, 'asset', asset), check: checkNumberOf(check) };
    const data = await client().call(explainDetection, { params });
    const { explanationText } = await import('./explanation-text.ts');
    return { data, text: explanationText(data) };
  },
};
