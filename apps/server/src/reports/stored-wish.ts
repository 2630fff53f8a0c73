import { type Report, ReportDeadlines, ReportScope } from '@vedette/protocol';

type ShownWish = Pick<Report, 'name' | 'kind' | 'format' | 'assets' | 'detections' | 'deadlines'>;

/** What a report is asked for by, as it is stored; null where it is understood no more: another version may have written it. */
export function readWish(stored: unknown): ReportScope | null {
  return ReportScope.safeParse(stored).data ?? null;
}

/** As much of it as is understood: one that is not must not keep all others from being listed. */
export function shownWish(stored: unknown): ShownWish {
  const parts: Readonly<Record<string, unknown>> = typeof stored === 'object' ? { ...stored } : {};
  const { name, kind, format, assets, detections } = ReportScope.shape;
  return {
    name: name.safeParse(parts['name']).data ?? '',
    kind: kind.safeParse(parts['kind']).data ?? null,
    format: format.safeParse(parts['format']).data ?? null,
    assets: assets.safeParse(parts['assets']).data ?? null,
    detections: detections.safeParse(parts['detections']).data ?? null,
    deadlines: ReportDeadlines.safeParse(parts['deadlines']).data ?? null,
  };
}
