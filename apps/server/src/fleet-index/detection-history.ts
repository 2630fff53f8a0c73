import { sortedOnce } from './sorted-numbers.ts';
import { holds, type VerdictBook } from './verdict-book.ts';

/** A stretch of time in which a package version was on an asset. Times in ms since 1970; until Infinity while it is. */
export interface Presence {
  readonly packageVersion: number;
  readonly from: number;
  readonly until: number;
}

/** 0: not found. 1: found, as information only. 2: found. */
export type FoundState = 0 | 1 | 2;

export interface Transition {
  readonly at: number;
  readonly from: FoundState;
  readonly to: FoundState;
  /** The very first time that the check was found, or was gone. */
  readonly first: boolean;
}

/** What the present packages of an asset do not tell of a check. */
export interface CheckHistory {
  readonly place: number;
  /** Found before and gone at least once, whether it came back or not. */
  readonly wasFixed: boolean;
  /** Found as more than information at some time. */
  readonly wasConfirmed: boolean;
  readonly transitions: readonly Transition[];
}

/** What the database holds of one asset's packages. */
export interface AssetHistory {
  /** Times in ms since 1970 of the first and the last change; null before the first document. */
  readonly birth: number | null;
  readonly lastChange: number;
  /** Package versions that were there from birth on and are still: nearly all of them. */
  readonly steady: readonly number[];
  readonly presences: readonly Presence[];
}

/** Numbers of the package versions that are there, ascending. */
export function presentVersions({ steady, presences }: AssetHistory): Uint32Array {
  if (presences.length === 0 && steady.every((id, index) => index === 0 || (steady[index - 1] ?? 0) < id)) {
    return Uint32Array.from(steady);
  }
  const open = presences.filter(({ until }) => until === Number.POSITIVE_INFINITY);
  return sortedOnce([...steady, ...open.map(({ packageVersion }) => packageVersion)]);
}

/** What happens to a package version on an asset, as of a check that is found there and that is not. */
export const came = { from: 0, to: 2, first: false } as const;
export const went = { from: 2, to: 0, first: false } as const;

export interface Move extends Transition {
  readonly packageVersion: number;
}

/** When package versions came to an asset and went after it came, since a moment, however many collectors told of them. */
export function movesOf({ birth, steady, presences }: AssetHistory, since: number): Move[] {
  if (birth === null || presences.length === 0) return [];
  const always = new Set(steady);
  const begin = Math.max(birth + 1, since);
  return [...Map.groupBy(presences, ({ packageVersion }) => packageVersion)].flatMap(([packageVersion, own]) => {
    if (always.has(packageVersion)) return [];
    return stretchesOf(own).flatMap(({ from, until }) => [
      ...(from >= begin ? [{ packageVersion, at: from, ...came }] : []),
      ...(until >= begin && until !== Number.POSITIVE_INFINITY ? [{ packageVersion, at: until, ...went }] : []),
    ]);
  });
}

/** Times that overlap or follow one another as one. */
function stretchesOf(times: readonly Pick<Presence, 'from' | 'until'>[]): Pick<Presence, 'from' | 'until'>[] {
  const stretches: { from: number; until: number }[] = [];
  for (const { from, until } of times.toSorted((one, other) => one.from - other.from)) {
    if (from >= until) continue;
    const last = stretches.at(-1);
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else stretches.push({ from, until });
  }
  return stretches;
}

/** What package versions that are there now say of these checks, or of all, by the check's place. */
export function statesOf(ids: Iterable<number>, book: VerdictBook, wanted?: ReadonlySet<number>): Map<number, FoundState> {
  const result = new Map<number, FoundState>();
  for (const id of ids) {
    for (const verdict of book.verdictsOn(id)) {
      if (!holds(verdict) || (wanted && !wanted.has(verdict.place)) || result.get(verdict.place) === 2) continue;
      result.set(verdict.place, verdict.confirmed ? 2 : 1);
    }
  }
  return result;
}

/** What package versions that are there now say of all checks, a FoundState at the place of each. */
export function statesByPlace(ids: Iterable<number>, book: VerdictBook): Uint8Array {
  const states = new Uint8Array(book.checks.length);
  for (const id of ids) {
    for (const verdict of book.verdictsOn(id)) {
      if (holds(verdict) && states[verdict.place] !== 2) states[verdict.place] = verdict.confirmed ? 2 : 1;
    }
  }
  return states;
}

/**
 * The history of an asset's detections from its presences and the verdicts, the same function of both as the SQL of detections/derive.ts.
 * Only of checks that are not simply found since the asset's birth, or since before `since`; transitions before that are left out.
 */
export function deriveHistories({ birth, steady, presences }: AssetHistory, book: VerdictBook, since: number): CheckHistory[] {
  if (birth === null) return [];
  const wanted = new Set<number>();
  const all = { birth, steady, presences };
  // Most package versions have no verdict, or none that began or ended since: they have no history.
  const told = { birth, presences, steady: steady.filter((id) => !book.isQuiet(id, Math.max(birth, since - 1))) };
  forEachEpisode(told, book, (place, { from, until }) => {
    const isPlain = until === Number.POSITIVE_INFINITY && (from <= birth || from < since);
    if (!isPlain) wanted.add(place);
  });
  if (wanted.size === 0) return [];
  const episodes = new Map<number, Episode[]>();
  forEachEpisode(all, book, (place, episode) => {
    if (!wanted.has(place)) return;
    const list = episodes.get(place);
    if (list) list.push(episode);
    else episodes.set(place, [episode]);
  });
  return [...episodes].map(([place, list]) => {
    const [only] = list;
    return only && list.every(({ from, until }) => from === only.from && until === only.until)
      ? historyOfOne(place, list, { birth, since })
      : historyOf(place, list, { birth, since });
  });
}

function forEachEpisode(
  { birth, steady, presences }: Pick<AssetHistory, 'steady' | 'presences'> & { birth: number },
  book: VerdictBook,
  visit: (place: number, episode: Episode) => void,
): void {
  const look = (packageVersion: number, begin: number, end: number) => {
    for (const verdict of book.verdictsOn(packageVersion)) {
      const from = Math.max(begin, verdict.from);
      const until = Math.min(end, verdict.until);
      if (from < until) visit(verdict.place, { from, until, confirmed: verdict.confirmed });
    }
  };
  for (const packageVersion of steady) look(packageVersion, birth, Number.POSITIVE_INFINITY);
  for (const { packageVersion, from, until } of presences) look(packageVersion, from, until);
}

interface Episode {
  readonly from: number;
  readonly until: number;
  readonly confirmed: boolean;
}

/** What historyOf says where all episodes begin and end together: of most checks, and without its effort. */
function historyOfOne(
  place: number,
  episodes: readonly Episode[],
  { birth, since }: { birth: number; since: number },
): CheckHistory {
  const { from = 0, until = 0 } = episodes[0] ?? {};
  const wasConfirmed = episodes.some(({ confirmed }) => confirmed);
  const state = wasConfirmed ? 2 : 1;
  const wasFixed = until !== Number.POSITIVE_INFINITY;
  const transitions: Transition[] = [];
  if (from >= since && from > birth) transitions.push({ at: from, from: 0, to: state, first: true });
  if (wasFixed && until >= since && until > birth) transitions.push({ at: until, from: state, to: 0, first: true });
  return { place, wasFixed, wasConfirmed, transitions };
}

function historyOf(
  place: number,
  episodes: readonly Episode[],
  { birth, since }: { birth: number; since: number },
): CheckHistory {
  const transitions: Transition[] = [];
  let state: FoundState = 0;
  let [wasFound, wasFixed] = [false, false];
  const moments = new Set(episodes.flatMap(({ from, until }) => (until === Number.POSITIVE_INFINITY ? [from] : [from, until])));
  for (const at of [...moments].sort((a, b) => a - b)) {
    const next = stateAt(episodes, at);
    if (next === state) continue;
    const first = state === 0 ? !wasFound : next === 0 && !wasFixed;
    if (at >= since && at > birth) transitions.push({ at, from: state, to: next, first });
    if (next === 0) wasFixed = true;
    wasFound = true;
    state = next;
  }
  return { place, wasFixed, wasConfirmed: episodes.some(({ confirmed }) => confirmed), transitions };
}

function stateAt(episodes: readonly Episode[], at: number): FoundState {
  let state: FoundState = 0;
  for (const { from, until, confirmed } of episodes) {
    if (from > at || until <= at) continue;
    if (confirmed) return 2;
    state = 1;
  }
  return state;
}
