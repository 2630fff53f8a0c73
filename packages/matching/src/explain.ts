import type { Reason } from '@vedette/protocol';
import { isKernelSource } from './kernel.ts';
import type { Verdict } from './judge.ts';

/** A Reason without what only the platform knows: the record's origin and the knowledge version. */
export type VerdictReason = Omit<Reason, 'origin' | 'knowledgeVersion'>;

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
    },
    comparison: verdict.comparison,
    verdict: verdict.verdict,
    sentence: sentence(verdict),
    advisory: {
      id: statement.advisory,
      feed: statement.feed,
      published: statement.published,
      url: advisoryUrl(statement.advisory),
    },
  };
}

/**
 * Where a person reads the advisory: Debian's security tracker for DSA and DLA; for a changelog the page of that version in
 * Debian's snapshot archive, the only one that stays when a newer version appears. Null for a name of another form.
 */
export function advisoryUrl(id: string): string | null {
  if (/^D[SL]A-[0-9]{1,5}(-[0-9]{1,2})?$/.test(id)) return `https://security-tracker.debian.org/tracker/${id}`;
  const changelog = /^debian-changelog:([a-z0-9][a-z0-9.+-]*):(\S+)$/.exec(id);
  if (!changelog) return null;
  const [, source = '', version = ''] = changelog;
  return `https://snapshot.debian.org/package/${encodeURIComponent(source)}/${encodeURIComponent(version)}/`;
}

function sentence(verdict: Verdict): string {
  const { element, statement, comparison } = verdict;
  const subject = subjectOf(verdict);
  const authority = `according to ${statement.advisory}`;
  const note =
    verdict.verdict === 'affected' && isKernelSource(element.source) && element.role !== 'running' ? ` (${verdict.reason})` : '';
  if (statement.status === 'not-affected') return `${subject} is not affected in ${statement.release} ${authority}.`;
  if (
    comparison &&
    verdict.verdict === 'not-affected' &&
    comparison.right === statement.introduced &&
    comparison.operator === '<'
  ) {
    return `${subject} is older than ${comparison.right}, the first affected version in ${statement.release} ${authority}.`;
  }
  if (statement.status === 'affected')
    return `${subject} is affected, and ${statement.release} has no fix yet ${authority}${note}.`;
  const relation = comparison
    ? { '<': 'is older than', '=': 'is', '>': 'is newer than' }[comparison.operator]
    : 'is compared with';
  return `${subject} ${relation} ${comparison?.right ?? statement.fixed}, the first fixed version in ${statement.release} ${authority}${note}.`;
}

function subjectOf({ element, sourcePackage, sourceVersion }: Verdict): string {
  if (element.role === 'running') return `The running kernel ${element.name} ${element.version} (source ${sourcePackage})`;
  const version = sourceVersion === element.version ? '' : ` ${sourceVersion}`;
  return `${element.name} ${element.version} (source ${sourcePackage}${version})`;
}
