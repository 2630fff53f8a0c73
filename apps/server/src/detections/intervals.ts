import type { Interval } from '@vedette/protocol';

/** A verdict that held while its package version was on the asset. */
export interface Episode {
  readonly packageVersionId: number;
  readonly role: string;
  readonly statementId: number;
  /** Knowledge version since which the verdict holds. */
  readonly validFrom: number;
  readonly verdictFrom: Date;
  readonly verdictUntil: Date | null;
  readonly presentFrom: Date;
  readonly presentUntil: Date | null;
}

interface Stretch {
  readonly from: Date;
  until: Date | null;
  readonly cause: Interval['cause'];
  endCause: Interval['endCause'];
}

/** Joins episodes that touch or overlap, and names what began and ended each stretch. Episodes in order of their begin. */
export function toIntervals(episodes: readonly Episode[], firstScan: Date | null): Interval[] {
  const stretches: Stretch[] = [];
  for (const episode of episodes) {
    const end = endOf(episode);
    const begin = beginOf(episode, firstScan);
    const last = stretches.at(-1);
    if (!last || (last.until !== null && last.until < begin.from)) stretches.push({ ...begin, ...end });
    else if (last.until !== null && (end.until === null || end.until > last.until)) Object.assign(last, end);
  }
  return stretches.map(({ from, until, ...causes }) => ({
    from: from.toISOString(),
    until: until?.toISOString() ?? null,
    ...causes,
  }));
}

/** Those that hold now; where none does, those that ended last. */
export function decisiveEpisodes(episodes: readonly Episode[]): Episode[] {
  const ends = episodes.map((episode) => endOf(episode).until?.getTime() ?? Number.POSITIVE_INFINITY);
  const latest = Math.max(...ends);
  return episodes.filter((_episode, index) => ends[index] === latest);
}

function beginOf({ verdictFrom, presentFrom, role }: Episode, firstScan: Date | null): Pick<Stretch, 'from' | 'cause'> {
  if (verdictFrom > presentFrom) return { from: verdictFrom, cause: 'knowledge-change' };
  if (firstScan && presentFrom <= firstScan) return { from: presentFrom, cause: 'first-scan' };
  return { from: presentFrom, cause: role === 'running' ? 'reboot' : 'package-change' };
}

function endOf({ presentUntil, verdictUntil, role }: Episode): Pick<Stretch, 'until' | 'endCause'> {
  if (presentUntil === null && verdictUntil === null) return { until: null, endCause: null };
  if (presentUntil === null || (verdictUntil !== null && verdictUntil < presentUntil)) {
    return { until: verdictUntil, endCause: 'knowledge-change' };
  }
  return { until: presentUntil, endCause: role === 'running' ? 'reboot' : 'package-change' };
}
