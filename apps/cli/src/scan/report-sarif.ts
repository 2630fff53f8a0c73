import { pathToFileURL } from 'node:url';
import { preferredCvss } from '@vedette/matching';
import { severityNames, type Check, type Severity } from '@vedette/protocol';
import type { Finding, ScanResult } from './judge-packages.ts';
import { whyText } from './report-json.ts';

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  5: 'error',
  4: 'error',
  3: 'warning',
  2: 'note',
  1: 'note',
};
/** Scores for the property by which code hosts sort, where no CVSS score is known. */
const scores: Readonly<Record<Severity, string>> = { 5: '9.5', 4: '8.0', 3: '5.5', 2: '2.0', 1: '0.0' };

/** SARIF 3.27.9: "review" is what a person must look at to decide. */
const kinds = { affected: 'fail', potential: 'review', information: 'informational' } as const satisfies Record<
  Finding['status'],
  string
>;

/** SARIF 2.1.0 (OASIS): one rule for each check, one result for each package it is true of. */
export function reportSarif(result: ScanResult, version: string): object {
  const checks = [...new Map(result.findings.map(({ check }) => [check.number, check])).values()];
  const indexes = new Map(checks.map((check, index) => [check.number, index]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Vedette', version, rules: checks.map(ruleOf) } },
        results: result.findings.map((finding) => resultOf(finding, result.target, indexes.get(finding.check.number) ?? -1)),
        columnKind: 'utf16CodeUnits',
      },
    ],
  };
}

function ruleOf(check: Check): object {
  const score = preferredCvss(check.cvss)?.score.toFixed(1) ?? scores[check.severity];
  return {
    id: check.name,
    name: check.name.replaceAll(/[^A-Za-z0-9]/g, ''),
    shortDescription: { text: `${check.name} (${severityNames[check.severity]})` },
    fullDescription: { text: `${check.name}: ${severityNames[check.severity]}, ${check.severityRule}.` },
    ...(check.name.startsWith('CVE-') ? { helpUri: `https://www.cve.org/CVERecord?id=${check.name}` } : {}),
    defaultConfiguration: { level: levels[check.severity] },
    properties: { 'security-severity': score, tags: ['security', 'vulnerability', ...check.cwe], check: check.number },
  };
}

function resultOf({ check, package: { found, path }, reason, status }: Finding, target: string, ruleIndex: number): object {
  const place = path === target || path.startsWith('/') ? path : `${target.replace(/\/$/, '')}/${path}`;
  return {
    ruleId: check.name,
    ruleIndex,
    kind: kinds[status],
    // The standard wants "none" for every kind but "fail".
    level: status === 'affected' ? levels[check.severity] : 'none',
    message: { text: whyText(reason) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(place) }, region: { startLine: 1 } },
        logicalLocations: [{ name: found.name, fullyQualifiedName: `${found.name}@${found.version}`, kind: 'package' }],
      },
    ],
    partialFingerprints: { 'vedette/v1': [check.name, found.type, found.name, found.version, found.architecture].join(' ') },
    properties: {
      installed: found.version,
      fixed: reason.package.fixed,
      advisory: reason.advisory.id,
      feed: reason.advisory.feed,
    },
  };
}

/** A relative reference stays one, so that code hosts find the file in their checkout. */
function uriOf(path: string): string {
  if (path === '-') return 'stdin';
  return path.startsWith('/')
    ? pathToFileURL(path).href
    : encodeURI(path.replace(/^\.\//, '')).replaceAll(/[?#]/g, encodeURIComponent);
}
