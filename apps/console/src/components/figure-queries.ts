import type { FixAction } from '@vedette/protocol';

/** The detections that an upgrade alone removes: of the fleet, or of one asset. */
export function upgradeQuery(
  { ecosystem, release, source }: Pick<FixAction, 'ecosystem' | 'release' | 'source'>,
  assetId?: string,
): string {
  const upgrade = `upgrade:"${[ecosystem, release, source].join(' ').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  return assetId === undefined ? upgrade : `${upgrade} and asset:(assetId:${assetId})`;
}

/** The assets whose risk is in a band: `from`, and less than `until` where the band has an end. */
export function riskBandQuery(from: number, until: number | undefined): string {
  return until === undefined ? `risk:>=${from}` : `risk:>=${from} and risk:<${until}`;
}

/** The assets that have one of the detections that a query finds; null for those of a past moment, of which only the list of detections tells. */
export function assetsWithQuery(query: string): string | null {
  return /\basOf:/i.test(query) ? null : `detection:(${query})`;
}

export type ChangeKind = 'new' | 'reopened' | 'fixed';

/** The detections that became new, reopened or fixed between two moments; `to` undefined: until now. Also those under an exception. */
export function changesQuery(
  change: ChangeKind,
  { from, to }: { readonly from: string; readonly to: string | undefined },
  terms: readonly string[] = [],
): string {
  const came = { new: '(status:new or status:active)', reopened: 'status:reopened', fixed: 'status:fixed' }[change];
  const was = change === 'fixed' ? `openAt:${from}` : `not openAt:${from}`;
  return [...(to === undefined ? [] : [`asOf:${to}`]), came, was, 'exception:*', ...terms].join(' and ');
}

const dayMs = 24 * 3600 * 1000;

/** The detections that were first found in the day that ends with a moment, whatever became of them on it, also those under an exception. */
export function foundOnDayQuery(end: string): string {
  return `asOf:${end} and firstFound:>${dayBefore(end)} and status:* and exception:*`;
}

/** The detections that were gone at a moment, and not yet a day before. */
export function goneOnDayQuery(end: string): string {
  return `asOf:${end} and fixedAt:>${dayBefore(end)} and exception:*`;
}

function dayBefore(moment: string): string {
  return new Date(Date.parse(moment) - dayMs).toISOString();
}
