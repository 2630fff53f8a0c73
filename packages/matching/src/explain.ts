import { postureMarks, type Reason, type Requirement } from '@vedette/protocol';
import { isJudgedBySource } from './advisory-subject.ts';
import { weighStatements } from './decisive-statement.ts';
import { plainStatement } from './evidence.ts';
import type { Verdict } from './judge.ts';
import { requirementText } from './requirement.ts';

/** A Reason without what only the platform knows: the record's origin, when it was judged and by which knowledge, the evidence stored. */
export type VerdictReason = Omit<Reason, 'origin' | 'knowledgeVersion' | 'knowledgeAt' | 'evidence'>;

/** Turns a verdict into all that a person needs to check it by hand. */
export function explain(verdict: Verdict): VerdictReason {
  const { element, statement } = verdict;
  return {
    package: {
      name: element.name,
      architecture: element.architecture,
      installed: element.version,
      fixed: statement.status === 'fixed' ? statement.fixed : null,
      source: verdict.sourcePackage,
      role: element.role,
      advisory: statement.advisory,
      feed: statement.feed,
    },
    sourcePackage: verdict.sourcePackage,
    sourceVersion: verdict.sourceVersion,
    release: statement.release,
    statement: {
      ecosystem: statement.ecosystem,
      release: statement.release,
      package: statement.package,
      status: statement.status,
      introduced: statement.introduced,
      fixed: statement.fixed,
      ...present({
        lastAffected: statement.lastAffected,
        limit: statement.limit,
        versions: statement.versions,
        module: statement.module,
        vendorState: statement.vendorState,
        patches: statement.patches,
        requires: statement.requires,
      }),
    },
    comparison: verdict.comparison,
    verdict: verdict.verdict,
    confidence: verdict.confidence,
    confidenceReason: verdict.reason,
    considered: considered(verdict),
    sentence: sentence(verdict),
    advisory: {
      id: statement.advisory,
      feed: statement.feed,
      published: statement.published,
      url: advisoryUrl(statement.advisory),
    },
  };
}

/** Every statement with what became of it, the deciding one first. */
function considered(verdict: Verdict): Reason['considered'] {
  const weighed = weighStatements(verdict.considered).map(({ statement, counts, why }) => ({
    statement: plainStatement(statement),
    decides: statement === verdict.statement,
    counts,
    why,
  }));
  return weighed.sort((a, b) => Number(b.decides) - Number(a.decides));
}

const pages: readonly (readonly [form: RegExp, address: string])[] = [
  [/^GHSA(?:-[a-z0-9]{4}){3}$/, 'https://github.com/advisories/'],
  [/^GO-\d{4}-\d{4,6}$/, 'https://pkg.go.dev/vuln/'],
  [/^RUSTSEC-\d{4}-\d{4}$/, 'https://rustsec.org/advisories/'],
  [/^ubuntu-cve-tracker:CVE-\d{4}-\d{4,7}$/, 'https://ubuntu.com/security/'],
  [/^debian-tracker:(?:CVE|TEMP)-[0-9A-F-]{4,32}$/, 'https://security-tracker.debian.org/tracker/'],
  [/^redhat-(?:csaf-vex|oval):CVE-\d{4}-\d{4,7}$/, 'https://access.redhat.com/security/cve/'],
  [/^suse-(?:csaf-vex|oval):CVE-\d{4}-\d{4,7}$/, 'https://www.suse.com/security/cve/'],
  [/^ubuntu-oval:CVE-\d{4}-\d{4,7}$/, 'https://ubuntu.com/security/'],
  [/^msrc:CVE-\d{4}-\d{4,7}$/, 'https://msrc.microsoft.com/update-guide/vulnerability/'],
  [/^(?:PYSEC|MAL|BIT|USN|[AR]L[SBE]A|RH[SBE]A)-[A-Za-z0-9:.-]{1,80}$/, 'https://osv.dev/vulnerability/'],
];

/**
 * Where a person reads the advisory: Debian's security tracker for DSA and DLA; for a changelog the page of that version in
 * Debian's snapshot archive, the only one that stays when a newer version appears; the pages of the other databases by their names.
 * Null for a name of another form.
 */
export function advisoryUrl(id: string): string | null {
  if (/^D[SL]A-[0-9]{1,5}(-[0-9]{1,2})?$/.test(id)) return `https://security-tracker.debian.org/tracker/${id}`;
  const page = pages.find(([form]) => form.test(id));
  if (page) return `${page[1]}${encodeURIComponent(id.replace(/^[a-z-]+:/, ''))}`;
  const changelog = /^debian-changelog:([a-z0-9][a-z0-9.+-]*):(\S+)$/.exec(id);
  if (!changelog) return null;
  const [, source = '', version = ''] = changelog;
  return `https://snapshot.debian.org/package/${encodeURIComponent(source)}/${encodeURIComponent(version)}/`;
}

/** Only what is said; most statements say none of it. */
function present<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<Fields>;
}

function sentence(verdict: Verdict): string {
  const { statement, comparison, confidence, element } = verdict;
  if (statement.requires) return postureSentence(verdict, statement.requires);
  const subject = subjectOf(verdict);
  const place = statement.release === '' ? '' : ` in ${statement.release}`;
  const authority = `according to ${statement.advisory}`;
  if (verdict.verdict === 'not-affected') return `${subject} ${notAffected(statement, comparison, place)} ${authority}.`;
  const state = statement.vendorState ? `, ${statement.vendorState}` : '';
  const note = confidence !== 'confirmed' && element.role !== 'running' ? ` (${verdict.reason})` : '';
  return `${subject} ${affected(statement, comparison, place)} ${authority}${state}${note}.`;
}

function postureSentence({ element, verdict }: Verdict, requirement: Requirement): string {
  const where = element.sourceVersion === '' ? '' : `, by ${element.sourceVersion}`;
  const isUnset = element.version === postureMarks.notSet && requirement.unset !== undefined;
  const value = isUnset ? `not set, which means ${requirement.unset}` : element.version;
  const relation = verdict === 'affected' ? 'it has to be' : 'as it has to be:';
  return `${element.name} is ${value}${where}; ${relation} ${requirementText(requirement)}.`;
}

function affected(statement: Verdict['statement'], comparison: Verdict['comparison'], place: string): string {
  const { status, fixed, lastAffected, limit, versions } = statement;
  if (versions) return `is among the affected versions${place}`;
  if (status === 'fixed') return `is older than ${fixed}, the first fixed version${place}`;
  if (lastAffected)
    return `${comparison?.operator === '=' ? 'is' : 'is older than'} ${lastAffected}, the last affected version${place}`;
  if (limit) return `is older than ${limit}, up to which versions are affected${place}`;
  return place === '' ? 'is affected, and there is no fix yet' : `is affected, and${place.slice(3)} has no fix yet`;
}

function notAffected(statement: Verdict['statement'], comparison: Verdict['comparison'], place: string): string {
  if (statement.versions) return `is not among the affected versions${place}`;
  if (!comparison) return `is not affected${place}`;
  const { operator, right } = comparison;
  if (operator === '<') return `is older than ${right}, the first affected version${place}`;
  const relation = operator === '=' ? 'is' : 'is newer than';
  const what =
    right === statement.lastAffected
      ? 'the last affected version'
      : right === statement.limit
        ? 'up to which versions are affected'
        : 'the first fixed version';
  return `${relation} ${right}, ${what}${place}`;
}

function subjectOf({ element, sourcePackage, sourceVersion }: Verdict): string {
  if (element.role === 'running') return `The running kernel ${element.name} ${element.version} (source ${sourcePackage})`;
  const version = sourceVersion === element.version ? '' : ` ${sourceVersion}`;
  const source = isJudgedBySource(element.ecosystem) ? ` (source ${sourcePackage}${version})` : '';
  return `${element.name} ${element.version}${source}`;
}
