import { type Interval, postureEcosystem } from '@vedette/protocol';

/** A verdict that held while its package version was on the asset. */
export interface Episode {
  readonly packageVersionId: number;
  readonly role: string;
  readonly ecosystem: string;
  /** Of what a probe read: nobody had read it before. */
  readonly firstRead: boolean;
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

function beginOf(episode: Episode, firstScan: Date | null): Pick<Stretch, 'from' | 'cause'> {
  const { verdictFrom, presentFrom, firstRead } = episode;
  if (verdictFrom > presentFrom) return { from: verdictFrom, cause: 'knowledge-change' };
  if (firstRead || (firstScan && presentFrom <= firstScan)) return { from: presentFrom, cause: 'first-scan' };
  return { from: presentFrom, cause: changeOf(episode) };
}

function endOf(episode: Episode): Pick<Stretch, 'until' | 'endCause'> {
  const { presentUntil, verdictUntil } = episode;
  if (presentUntil === null && verdictUntil === null) return { until: null, endCause: null };
  if (presentUntil === null || (verdictUntil !== null && verdictUntil < presentUntil)) {
    return { until: verdictUntil, endCause: 'knowledge-change' };
  }
  return { until: presentUntil, endCause: changeOf(episode) };
}

/** What makes an element come or go. */
function changeOf({ role, ecosystem }: Episode): 'reboot' | 'setting-change' | 'package-change' {
  if (role === 'running') return 'reboot';
  return ecosystem === postureEcosystem ? 'setting-change' : 'package-change';
}
