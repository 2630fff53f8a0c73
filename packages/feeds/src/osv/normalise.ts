import { type Advisory, type Affected, type Cvss, isDistribution, type Severity, type Vulnerability } from '@vedette/protocol';
import { scoreVector } from '../shared/cvss-score.ts';
import { dayOf, isCveName, modifiedOn } from '../shared/identifiers.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { ratingOf } from '../shared/rating.ts';
import { streamInTitle } from '../shared/rpm-package.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';
import { ecosystemOf } from './ecosystem.ts';
import type { AffectedEntry, OsvRecord } from './schema.ts';
import { statementsOf } from './statements.ts';

/** What a record brings; what of it is left out, and why, in `leftOut`. */
export interface Normalised {
  readonly advisory: Advisory | null;
  readonly vulnerability: Vulnerability | null;
  readonly leftOut: readonly string[];
}

/** Errata that fix faults or add features: without a CVE they tell of no vulnerability. */
const notSecurity = /^(?:AL|RH|RL|EL)[BE]A-|^SUSE-[RFO]U-|^openSUSE-[RFO]U-/;

/**
 * An OSV record in the common form.
 *
 * Records of distributions are bundles: the CVEs in their aliases, `related`, `upstream` or own name (UBUNTU-CVE-…) are what they
 * fix, each on its own. Records of registries speak of one vulnerability: aliases are other names of it; `related` is not.
 */
export function normalise(record: OsvRecord, feed: string): Normalised {
  const leftOut: string[] = [];
  const affected = (record.affected ?? []).flatMap((entry) => {
    const statements = affectedOf(record, entry);
    if (typeof statements === 'string') leftOut.push(statements);
    return typeof statements === 'string' ? [] : statements;
  });
  const ofDistribution = affected.some((statement) => isDistribution(statement.ecosystem));
  const vulnerabilities = cvesOf(record, ofDistribution);
  if (affected.length === 0)
    return { advisory: null, vulnerability: null, leftOut: leftOut.length > 0 ? leftOut : ['no package'] };
  if (vulnerabilities.length === 0 && notSecurity.test(record.id)) {
    return { advisory: null, vulnerability: null, leftOut: ['no vulnerability'] };
  }
  const withdrawn = record.withdrawn ? (dayOf(record.withdrawn) ?? '1970-01-01') : null;
  const rating = ratingIn(record);
  const advisory: Advisory = {
    id: record.id,
    feed,
    published: dayOfRecord(record),
    ...modifiedOn(record.modified),
    vulnerabilities,
    ...(ofDistribution ? {} : { aliases: [...new Set(record.aliases ?? [])].filter((name) => !isCveName(name)) }),
    ...(withdrawn ? { withdrawn } : {}),
    ...(rating ? { rating } : {}),
    affected,
  };
  return { advisory, vulnerability: factsOf(record, ofDistribution ? null : vulnerabilities), leftOut };
}

function cvesOf(record: OsvRecord, ofDistribution: boolean): string[] {
  const own = /CVE-\d{4}-\d{4,7}$/.exec(record.id) ?? [];
  const names = [
    ...(record.aliases ?? []),
    ...(ofDistribution ? [...(record.related ?? []), ...(record.upstream ?? [])] : []),
    ...own,
  ];
  return [...new Set(names.filter(isCveName))];
}

/** The statements of an entry, or the reason why it is left out. */
function affectedOf(record: OsvRecord, entry: AffectedEntry): Affected[] | string {
  if (!entry.package) return 'no package';
  const place = ecosystemOf(entry.package.ecosystem);
  if (!place) return `ecosystem or release ${entry.package.ecosystem}`;
  // Notices of RustSec that a crate is no longer looked after, or an interface unsound, name no vulnerability; one with a CVE does.
  const notice = entry.database_specific?.informational;
  if (notice && !(record.aliases ?? []).some(isCveName)) return `notice: ${notice}`;
  const name = canonicalPackageName(place.ecosystem, entry.package.name);
  if (name === null) return 'package name';
  const statements = statementsOf({ ...place, package: name, module: moduleOf(record, entry) }, entry);
  return statements.length > 0 ? statements : 'commits only';
}

/**
 * Module and stream of a modular rpm. Red Hat's records name them; AlmaLinux's only in the title ("nodejs:18 security update"),
 * which says it for sure when the build is modular and the title names one stream.
 */
function moduleOf(record: OsvRecord, entry: AffectedEntry): string | null {
  if (entry.ecosystem_specific?.rpmmod) return entry.ecosystem_specific.rpmmod;
  const modular = (entry.ranges ?? []).some((range) => range.events.some((event) => /\.module[_+]/.test(event.fixed ?? '')));
  if (!modular) return null;
  return streamInTitle(record.summary ?? '');
}

/** The Go database writes the year 1 where it does not know; the day of change is known to be later. */
function dayOfRecord(record: OsvRecord): string | null {
  const day = dayOf(record.published ?? '') ?? dayOf(record.modified);
  return day !== null && day >= '1990-01-01' ? day : null;
}

/** In the database's own field, or before the first colon of an erratum's title ("Important: kernel security update"). */
function ratingIn(record: OsvRecord): Severity | null {
  const fields = [
    record.database_specific?.severity,
    ...(record.affected ?? []).map((entry) => entry.ecosystem_specific?.severity ?? entry.database_specific?.severity),
    ...(record.severity ?? []).map((entry) => entry.score),
    /^([A-Za-z]{3,10}): /.exec(record.summary ?? '')?.[1],
  ];
  return fields.reduce<Severity | null>((found, word) => found ?? ratingOf(word ?? ''), null);
}

/**
 * Scores of a record, under the name of its one vulnerability: of a bundle nobody can say whose they are. Source is the database
 * that wrote them: ghsa, pysec, bit.
 */
function factsOf(record: OsvRecord, vulnerabilities: readonly string[] | null): Vulnerability | null {
  if (vulnerabilities === null || vulnerabilities.length > 1) return null;
  const source = record.id.split('-', 1)[0]?.toLowerCase() ?? '';
  const entries = [...(record.severity ?? []), ...(record.affected ?? []).flatMap((entry) => entry.severity ?? [])];
  const byVersion = new Map<string, Cvss>();
  for (const { score } of entries) {
    const cvss = scoreVector(score, source);
    if (cvss && !byVersion.has(cvss.version)) byVersion.set(cvss.version, cvss);
  }
  if (byVersion.size === 0) return null;
  return { ...emptyVulnerability(vulnerabilities[0] ?? record.id), cvss: [...byVersion.values()] };
}
