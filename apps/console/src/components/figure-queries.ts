/** The assets whose risk is in a band: `from`, and less than `until` where the band has an end. */
export function riskBandQuery(from: number, until: number | undefined): string {
  return until === undefined ? `risk:>=${from}` : `risk:>=${from} and risk:<${until}`;
}

/** The assets that have one of the detections that a query finds; null for those of a past moment, of which only the list of detections tells. */
export function assetsWithQuery(query: string): string | null {
  return /\basOf:/i.test(query) ? null : `detection:(${query})`;
}
