import { formatPurl } from '@vedette/extractors';
import { severityNames, type Cvss, type Check } from '@vedette/protocol';
import type { Finding, ScanResult } from './judge-packages.ts';
import type { ScannedPackage } from './scanned-packages.ts';
import { whyText } from './report-json.ts';
import { distributionOf } from './to-element.ts';

const methods = { '2.0': 'CVSSv2', '3.0': 'CVSSv3', '3.1': 'CVSSv31', '4.0': 'CVSSv4' } as const satisfies Record<
  Cvss['version'],
  string
>;
const severityWords = { ...severityNames, 1: 'info' } as const;

export interface ReportMoment {
  readonly version: string;
  readonly now: Date;
  /** Random, for the serial number. */
  readonly uuid: string;
}

/** CycloneDX 1.6 (ECMA-424) in JSON: the packages as components, the checks as vulnerabilities with analysis (VEX). */
export function reportCycloneDx(result: ScanResult, { version, now, uuid }: ReportMoment): object {
  const refs = new Map(result.packages.map((one) => [one, purlOf(one, result)]));
  const byCheck = Map.groupBy(result.findings, ({ check }) => check.number);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: {
      timestamp: now.toISOString(),
      tools: { components: [{ type: 'application', name: 'Vedette', version }] },
      component: { type: 'file', 'bom-ref': 'target', name: result.target },
    },
    // Two packages of the same purl are one component.
    components: [...new Map([...refs].map(([one, ref]) => [ref, componentOf(one, ref)])).values()],
    vulnerabilities: [...byCheck.values()].map((findings) => vulnerabilityOf(findings, refs)),
  };
}

function purlOf({ found }: ScannedPackage, result: ScanResult): string {
  return formatPurl(found, distributionOf(found, result.distribution));
}

function componentOf({ found }: ScannedPackage, ref: string): object {
  const colon = found.type === 'maven' ? found.name.indexOf(':') : -1;
  return {
    type: 'library',
    'bom-ref': ref,
    ...(colon > 0 ? { group: found.name.slice(0, colon) } : {}),
    name: colon > 0 ? found.name.slice(colon + 1) : found.name,
    version: found.version,
    purl: ref,
  };
}

function vulnerabilityOf(findings: readonly Finding[], refs: ReadonlyMap<ScannedPackage, string>): object {
  const [first] = findings as readonly [Finding, ...Finding[]]; // groups are never empty
  const { check, reason } = first;
  const affects = new Map(findings.map((finding) => [refs.get(finding.package) ?? '', finding.package.found.version]));
  return {
    'bom-ref': `check-${check.number}`,
    id: check.name,
    ...(reason.advisory.url
      ? { source: { name: reason.advisory.feed, url: reason.advisory.url } }
      : { source: { name: reason.advisory.feed } }),
    references: check.aliases.map((id) => ({ id, source: { name: id.split(/[-:]/, 1)[0] } })),
    ratings: ratingsOf(check),
    cwes: check.cwe.flatMap((cwe) => (/^CWE-[1-9]\d*$/.test(cwe) ? [Number(cwe.slice('CWE-'.length))] : [])),
    ...(check.published ? { published: `${check.published}T00:00:00Z` } : {}),
    recommendation: recommendationOf(findings),
    analysis: {
      // in_triage: not determined yet, or true of the package but of no weight as far as is known (a kernel that does not run).
      state: findings.some(({ status }) => status === 'affected') ? 'exploitable' : 'in_triage',
      detail: findings.map((finding) => whyText(finding.reason)).join('\n'),
    },
    affects: [...affects].map(([ref, version]) => ({ ref, versions: [{ version, status: 'affected' }] })),
  };
}

function ratingsOf(check: Check): object[] {
  const ours = {
    source: { name: 'Vedette' },
    severity: severityWords[check.severity],
    method: 'other',
    justification: check.severityRule,
  };
  return [
    ours,
    ...check.cvss.map(({ version, vector, score, source }) => ({
      source: { name: source },
      score,
      method: methods[version],
      vector,
    })),
  ];
}

function recommendationOf(findings: readonly Finding[]): string {
  const fixes = findings.map(
    ({ reason }) => `${reason.sourcePackage}: ${reason.package.fixed ? `upgrade to ${reason.package.fixed}` : 'no fix yet'}`,
  );
  return [...new Set(fixes)].join('; ');
}
