import { detectionColumns as known, detectionsOf, plain, type ReportBody, type ReportSource, toRows } from './report-source.ts';

const columns = [
  known.asset,
  known.severity,
  known.name,
  known.check,
  known.status,
  known.confidence,
  known.exploited,
  known.cvss,
  known.epss,
  known.packages,
  known.fix,
  known.firstFound,
  known.fixedAt,
  known.assetId,
];

/** Every detection of the scope, asset by asset. */
export async function detectionList(source: ReportSource): Promise<ReportBody> {
  return {
    figures: [{ label: 'assets in scope', value: source.assets.length }],
    tables: [
      {
        heading: 'Detections',
        columns: plain(columns),
        rows: toRows(detectionsOf(source, { status: source.status }), columns),
        isMain: true,
        empty: 'Nothing was open.',
      },
    ],
  };
}
