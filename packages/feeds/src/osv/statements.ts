import { findEcosystem, VersionError } from '@vedette/ecosystems';
import type { Affected, EcosystemName } from '@vedette/protocol';
import type { EcosystemRelease } from '../shared/suse-product.ts';
import type { AffectedEntry, Event, Range } from './schema.ts';

type Bounds = Pick<Affected, 'status' | 'introduced' | 'fixed' | 'lastAffected' | 'limit'>;

/** The subject of the statements: what is affected, apart from versions. */
export interface Subject extends EcosystemRelease {
  readonly package: string;
  readonly module: string | null;
}

/**
 * The statements of one entry: one for each stretch of versions, one for the list of versions. Ranges of commits say nothing of
 * packages and are passed over.
 */
export function statementsOf(subject: Subject, entry: AffectedEntry): Affected[] {
  const ranges = rangesOf(entry);
  const bounds = ranges
    .flatMap((range) => boundsOf(inOrder(range.events, subject.ecosystem)))
    .map((one) => withLastKnown(one, entry));
  const about = {
    ecosystem: subject.ecosystem,
    release: subject.release,
    package: subject.package,
    ...(subject.module === null ? {} : { module: subject.module }),
  };
  const statements = bounds.map((one): Affected => ({ ...about, ...one }));
  const versions = entry.versions ?? [];
  if (versions.length === 0) return statements;
  return [...statements, { ...about, status: 'affected', introduced: null, fixed: null, versions }];
}

/**
 * The Go database writes "all versions" for modules whose tags are no module versions, and the true ranges beside it
 * (`custom_ranges`); those are what a build from source reports, so they count where they are all there is.
 */
function rangesOf(entry: AffectedEntry): readonly Range[] {
  const ranges = (entry.ranges ?? []).filter((range) => range.type !== 'GIT');
  const custom = (entry.ecosystem_specific?.custom_ranges ?? []).filter((range) => range.type !== 'GIT');
  const all = ranges.every((range) => range.events.length === 1 && range.events[0]?.introduced === '0');
  if (custom.length === 0) return ranges;
  return all ? custom : [...ranges, ...custom];
}

/**
 * Stretches of a list of events: each `introduced` opens one, the next `fixed` or `last_affected` ends it. `0` is the very first
 * version. Several `introduced` before an end are one stretch from the first of them.
 */
function boundsOf(events: readonly Event[]): Bounds[] {
  const found: Bounds[] = [];
  const limit = events.find((event) => event.limit !== undefined && event.limit !== '*')?.limit;
  let open: string | null | undefined;
  const close = (end: Pick<Bounds, 'status' | 'fixed' | 'lastAffected'>) => {
    if (open !== undefined) found.push({ introduced: open, ...end, ...(limit === undefined ? {} : { limit }) });
    open = undefined;
  };
  for (const event of events) {
    if (event.introduced !== undefined && open === undefined) open = event.introduced === '0' ? null : event.introduced;
    if (event.fixed !== undefined) close({ status: 'fixed', fixed: event.fixed });
    if (event.last_affected !== undefined) close({ status: 'affected', fixed: null, lastAffected: event.last_affected });
  }
  close({ status: 'affected', fixed: null });
  return found;
}

/**
 * Events as they stand, which is how databases write them that mean pairs: where those overlap (Bitnami), each pair is a stretch. Where
 * they make no pairs, since an end has no beginning or lies below it, they are no list of pairs but the set that the OSV schema has
 * in mind, to be put in the order of their versions.
 */
function inOrder(events: readonly Event[], ecosystem: EcosystemName): readonly Event[] {
  const compare = findEcosystem(ecosystem)?.compareVersions;
  if (!compare || events.length < 2) return events;
  const byVersion = (a: Event, b: Event): number => {
    const [one, other] = [versionOf(a), versionOf(b)];
    return one === '0' || other === '0' ? Number(one !== '0') - Number(other !== '0') : compare(one, other);
  };
  try {
    let open: Event | undefined;
    for (const event of events.filter(({ limit }) => limit === undefined)) {
      if (event.introduced !== undefined) open ??= event;
      else if (!open || byVersion(event, open) < 0) return events.toSorted(byVersion);
      else open = undefined;
    }
  } catch (error) {
    if (!(error instanceof VersionError)) throw error;
  }
  return events;
}

function versionOf({ introduced, fixed, last_affected: last, limit }: Event): string {
  return introduced ?? fixed ?? last ?? limit ?? '0';
}

/** GitHub writes an end without a fix beside the range: "<= 1.6.1". */
function withLastKnown(bounds: Bounds, entry: AffectedEntry): Bounds {
  if (bounds.status === 'fixed' || bounds.lastAffected !== undefined || bounds.limit !== undefined) return bounds;
  const [, operator, version] =
    /^(<=?) ?([^ ,<>=]+)$/.exec(entry.database_specific?.last_known_affected_version_range ?? '') ?? [];
  if (version === undefined) return bounds;
  return operator === '<=' ? { ...bounds, lastAffected: version } : { ...bounds, limit: version };
}
