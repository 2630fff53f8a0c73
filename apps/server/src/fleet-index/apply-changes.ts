import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from '../knowledge/in-parts.ts';
import type { BuiltIndex } from './fleet-index.ts';
import { assetPage, buildOrganization, checkPart } from './index-builder.ts';
import { type ChangeTime, type CheckChange, OrganizationIndex } from './organization-index.ts';
import { PendingCounts } from './pending-counts.ts';
import type { Cursor } from './cursor.ts';
import {
  assetsOfChangedAgents,
  changedAssets,
  changedChecks,
  changedVerdicts,
  newChanges,
  type News,
  type Of,
} from './read-changes.ts';
import { type ChangeRow, parseNumbers, readHistories } from './read-histories.ts';
import type { VerdictBook } from './verdict-book.ts';

/** From this share of the assets on with unclear histories, all are read again: that computes less. */
const rebuildShare = 0.2;

export interface Moment {
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Ahead extends Moment {
  readonly cursor: Cursor;
  /** What of it there is at all: each costs a question. */
  readonly news: News;
}

/** Brings the index from its cursor to another, which the transaction sees. Knowledge first: it tells packages that come what they are. */
export async function applyChanges(
  tx: Kysely<Database>,
  built: BuiltIndex,
  { cursor: until, news, ...moment }: Ahead,
): Promise<void> {
  const { book, cursor, organizations } = built;
  const indexOf = (organizationId: string): OrganizationIndex => {
    const index = organizations.get(organizationId) ?? new OrganizationIndex(book, moment.now);
    organizations.set(organizationId, index);
    return index;
  };
  const assets = [
    ...(news.assets ? await changedAssets(tx, cursor) : []),
    ...(news.agents ? await assetsOfChangedAgents(tx, cursor) : []),
  ];
  for (const { organizationId, ...asset } of assets) indexOf(organizationId).enterAsset(asset);
  if (news.checks) await takeChecks(tx, built, cursor.knowledge);
  const judged: Judged = news.verdicts ? await takeVerdicts(tx, book, { since: cursor, until }) : new Map();
  const changes = Map.groupBy(news.changes ? await newChanges(tx, cursor, until) : [], ({ organizationId }) => organizationId);
  built.cursor = until;
  await settle(tx, built, { judged, changes, ...moment });
}

/** What changed of which check, by how the time of the change is known. */
type Judged = ReadonlyMap<ChangeTime | null, readonly CheckChange[]>;

interface Taken extends Moment {
  readonly judged: Judged;
  /** By organization. */
  readonly changes: ReadonlyMap<string, readonly Of<ChangeRow>[]>;
}

/** Brings every organization's index to the state of the book, and takes changes of packages. */
export async function settle(tx: Kysely<Database>, built: BuiltIndex, { judged, changes, now, signal }: Taken): Promise<void> {
  const { book, cursor, organizations } = built;
  for (const [organizationId, index] of organizations) {
    index.forget(now);
    const unclear = new Set<number>();
    const counts = new PendingCounts(index.table);
    for (const [time, checks] of judged) {
      for (const part of inParts(checks, checkPart)) {
        for (const asset of index.judge(part, time, counts)) unclear.add(asset);
        await nextTurn();
      }
    }
    counts.settle();
    for (const asset of takeChanges(index, changes.get(organizationId) ?? [])) unclear.add(asset);
    if (unclear.size > assetPage && unclear.size > index.table.assets.length * rebuildShare) {
      const options = { book, organizationId, until: cursor, now, signal, progress: () => undefined };
      organizations.set(organizationId, await buildOrganization(tx, options));
      index.dispose();
    } else await readAgain(tx, { organizationId, until: cursor }, { index, assets: [...unclear] });
  }
}

/** Enters checks that knowledge versions after this one brought. */
export async function takeChecks(tx: Kysely<Database>, { book, organizations }: BuiltIndex, since: number): Promise<void> {
  for (const check of await changedChecks(tx, since)) {
    const place = book.placeOf(check.number);
    const before = place === undefined ? undefined : book.checks[place];
    book.enterCheck(check);
    if (place === undefined || !before) continue;
    for (const index of organizations.values()) index.changeSeverity(place, before.severity, check.severity);
  }
}

interface CheckTimes {
  readonly packageVersions: Set<number>;
  readonly times: Set<number>;
  ended: boolean;
}

/** Enters new and ended verdicts. */
async function takeVerdicts(
  tx: Kysely<Database>,
  book: VerdictBook,
  { since, until }: { readonly since: Cursor; readonly until: Cursor },
): Promise<Judged> {
  const known = book.newest;
  const checks = new Map<number, CheckTimes>();
  for await (const part of changedVerdicts(tx, since, until)) {
    for (const verdict of part) {
      const before = book.enterVerdict(verdict);
      const isEmpty = verdict.from >= verdict.until && !before;
      if (isEmpty || before?.until === verdict.until) continue;
      const place = book.placeOf(verdict.check) ?? -1;
      const change = checks.get(place) ?? { times: new Set(), packageVersions: new Set(), ended: false };
      checks.set(place, change);
      change.packageVersions.add(verdict.packageVersion);
      if (!before) change.times.add(verdict.from);
      if (verdict.until === Number.POSITIVE_INFINITY) continue;
      change.times.add(verdict.until);
      change.ended = true;
    }
  }
  const moments = new Map<number, ChangeTime>();
  return Map.groupBy(
    [...checks].map(([place, change]) => ({ place, ...change })),
    ({ times, ended }) => {
      const [at, another] = times;
      // What ends when something else began may never have been.
      if (at === undefined || another !== undefined || (ended && at <= known)) return null;
      const moment = moments.get(at) ?? { at, isLate: at <= known };
      moments.set(at, moment);
      return moment;
    },
  );
}

/** Returns the assets whose histories have to be read again. */
function* takeChanges(index: OrganizationIndex, rows: readonly Of<ChangeRow>[]): Iterable<number> {
  for (const { number, at, added, removed } of rows) {
    const asset = index.table.find(number);
    if (asset === undefined) throw new Error(`asset ${number} has packages but is not known`);
    const isTold = index.change(asset, { at, added: parseNumbers(added), removed: parseNumbers(removed) });
    if (!isTold) yield asset;
  }
}

async function readAgain(
  tx: Kysely<Database>,
  scope: { readonly organizationId: string; readonly until: Cursor },
  { index, assets }: { index: OrganizationIndex; assets: readonly number[] },
): Promise<void> {
  for (const part of inParts(assets, assetPage)) {
    const rows = part.flatMap((asset) => index.table.assets[asset] ?? []);
    const histories = await readHistories(tx, scope, rows);
    index.reload(
      new Map(
        [...histories].flatMap(([number, history]) => {
          const asset = index.table.find(number);
          return asset === undefined ? [] : [[asset, history] as const];
        }),
      ),
    );
  }
}
