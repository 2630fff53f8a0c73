/** What became of requests, and how long they took in milliseconds. */
export class Tally {
  acknowledged = 0;
  failed = 0;
  /** Times an agent was told to come back later. */
  postponed = 0;
  readonly latenciesMs: number[] = [];
  /** Different texts of failures, the first few. */
  readonly problems = new Set<string>();

  summary(): Record<string, number> {
    return {
      acknowledged: this.acknowledged,
      failed: this.failed,
      postponed: this.postponed,
      p50Ms: percentile(this.latenciesMs, 0.5),
      p99Ms: percentile(this.latenciesMs, 0.99),
    };
  }
}

/** 0 for nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
