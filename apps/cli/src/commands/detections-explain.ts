import { AssetId, explainDetection } from '@vedette/protocol';
import { printable } from '../api/connect.ts';
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
    const lines = [
      `${data.detection.name} on ${data.detection.hostname}: ${data.detection.status} since ${data.detection.firstFound}`,
      ...data.why.flatMap((reason) => [
        `- ${reason.sentence}`,
        `  ${reason.advisory.id} (${reason.advisory.feed}${reason.advisory.published ? `, ${reason.advisory.published}` : ''}), knowledge version ${reason.knowledgeVersion}`,
      ]),
      ...data.intervals.map(
        (interval) =>
          `  ${interval.from} – ${interval.until ?? 'now'}: ${interval.cause}${interval.endCause ? `, ended by ${interval.endCause}` : ''}`,
      ),
    ];
    return { data, text: lines.map(printable).join('\n') };
  },
};
