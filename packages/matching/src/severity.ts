import { severityNames, type Advisory, type Cvss, type Severity, type Vulnerability } from '@vedette/protocol';

export interface SeverityVerdict {
  readonly severity: Severity;
  /** The rule that gave it, in words a person can check. */
  readonly rule: string;
}

/**
 * Severity of a check, by the first rule that applies:
 *
 * 1. In CISA's catalogue of exploited vulnerabilities: 5, whatever the score, because it is happening.
 * 2. A CVSS base score, of the newest CVSS version there is (4.0, 3.1, 3.0, 2.0), of NVD before the CNA before CISA's enrichment:
 *    from 9.0 → 5, from 7.0 → 4, from 4.0 → 3, above 0 → 2, 0 → 1. The limits are those of the CVSS 3.1 and 4.0 rating scale.
 * 3. An EPSS probability from 0.5 → 5 (exploitation within 30 days more likely than not), from 0.1 → 4. A lower one says nothing:
 *    it is the likelihood of an attack, not the harm of one, so it never makes a vulnerability look milder.
 * 4. A rating in words by an authority that issued an advisory; the highest of several.
 * 5. The vendor's security team issued an advisory: 3. They do so for what matters enough not to wait for a point release.
 * 6. Otherwise (named in a changelog or a tracker only): 2.
 *
 * `advisories`: those that name the vulnerability.
 */
export function deriveSeverity(
  vulnerability: Vulnerability | null,
  advisories: readonly Pick<Advisory, 'id' | 'feed' | 'rating'>[],
): SeverityVerdict {
  if (vulnerability?.kevSince) {
    return { severity: 5, rule: `listed by CISA as exploited since ${vulnerability.kevSince}` };
  }
  const cvss = preferredCvss(vulnerability?.cvss ?? []);
  if (cvss) {
    return {
      severity: cvssSeverity(cvss.score),
      rule: `CVSS ${cvss.version} base score ${cvss.score.toFixed(1)} (${cvss.source})`,
    };
  }
  if (vulnerability?.epss && vulnerability.epss.score >= 0.1) {
    const { score, date } = vulnerability.epss;
    return {
      severity: score >= 0.5 ? 5 : 4,
      rule: `no CVSS score known; EPSS probability ${formatProbability(score)} on ${date}`,
    };
  }
  const rated = highestRating(advisories);
  if (rated?.rating) {
    return { severity: rated.rating, rule: `no CVSS score known; rated ${severityNames[rated.rating]} by ${rated.id}` };
  }
  if (advisories.some(({ feed }) => !feedsWithoutAdvisories.has(feed)))
    return { severity: 3, rule: 'no score known; the vendor issued an advisory' };
  return { severity: 2, rule: 'no score known; named in a changelog or tracker only' };
}

const feedsWithoutAdvisories: ReadonlySet<string> = new Set([
  'debian-changelog',
  'debian-tracker',
  'ubuntu-cve-tracker',
  'redhat-csaf-vex',
  'suse-csaf-vex',
  'alpine-secdb',
  'wolfi',
  'chainguard',
]);

/** Of equal ratings the one of the lower name, so that the order of arrival does not matter. */
function highestRating<Rated extends Pick<Advisory, 'id' | 'rating'>>(advisories: readonly Rated[]): Rated | null {
  return advisories.reduce<Rated | null>((best, next) => {
    const difference = (next.rating ?? 0) - (best?.rating ?? 0);
    return difference > 0 || (difference === 0 && best !== null && next.id < best.id) ? next : best;
  }, null);
}

const cvssVersions = ['4.0', '3.1', '3.0', '2.0'];
const cvssSources = ['nvd', 'cna', 'cisa-adp'];

/** The score that counts: newest CVSS version, then the best source; null where there is none. */
export function preferredCvss(scores: readonly Cvss[]): Cvss | null {
  return scores.reduce<Cvss | null>((best, next) => (best === null || rank(next) < rank(best) ? next : best), null);
}

function rank(cvss: Cvss): number {
  const source = cvssSources.indexOf(cvss.source);
  return cvssVersions.indexOf(cvss.version) * 10 + (source < 0 ? cvssSources.length : source);
}

function cvssSeverity(score: number): Severity {
  if (score >= 9) return 5;
  if (score >= 7) return 4;
  if (score >= 4) return 3;
  return score > 0 ? 2 : 1;
}

/** Three digits that matter: 0.00043 stays readable, 0.97313 becomes 0.973. */
function formatProbability(probability: number): string {
  return String(Number(probability.toPrecision(3)));
}
