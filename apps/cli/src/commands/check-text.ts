import { checkReferences } from '@vedette/matching';
import {
  severityNames,
  type Check,
  type CheckAffected,
  type CheckChange,
  type RecordOrigin,
  type RecordSource,
} from '@vedette/protocol';
import { table } from '../output/table.ts';

/** What only a platform knows of a check. */
export interface PlatformFacts {
  readonly openAssets: number;
  readonly firstSeen: string;
  readonly lastChanged: string;
  readonly changes: readonly CheckChange[];
  readonly origins: readonly RecordOrigin[];
}

export interface CheckContext {
  readonly platform?: PlatformFacts | null;
  /** Of a knowledge base in a file. */
  readonly sources?: readonly RecordSource[];
}

type Row = readonly (string | number | null)[];

/** Everything known of a check, for people. */
export function checkText(check: Check, { platform = null, sources = [] }: CheckContext): string {
  const parts = [table(['field', 'value'], factRows(check, platform)), statementTable(check.affected)];
  if (sources.length > 0) {
    const rows = sources.map(({ id, location, retrievedAt, recordSha256 }) => [id, location, retrievedAt, recordSha256]);
    parts.push(table(['record', 'location', 'retrieved', 'sha-256 of the record'], rows));
  }
  if (platform && platform.origins.length > 0) {
    const origins = platform.origins.map(({ feed, location, retrievedAt, sha256 }) => [feed, location, retrievedAt, sha256]);
    parts.push(table(['feed', 'location', 'retrieved', 'sha-256'], origins));
  }
  if (platform) parts.push(table(['version', 'at', 'change', 'of', 'from', 'to'], platform.changes.map(changeRow)));
  return parts.join('\n\n');
}

function factRows(check: Check, platform: PlatformFacts | null): Row[] {
  return [
    ['check', check.number],
    ['name', check.name],
    ['also known as', check.aliases.join(', ')],
    ['severity', `${check.severity} ${severityNames[check.severity]} (${check.severityRule})`],
    ['confidence', check.confidence],
    ['fix', check.patchable ? 'available' : 'none yet'],
    ['published', check.published],
    ['modified', check.modified ?? null],
    ...(platform
      ? [
          ['first seen here', platform.firstSeen],
          ['last changed here', platform.lastChanged],
          ['open on assets', platform.openAssets],
        ]
      : []),
    ['known exploited', check.kevSince ? `since ${check.kevSince}` : 'no'],
    ['weaknesses', check.cwe.join(', ')],
    ...check.cvss.map((cvss) => [`CVSS ${cvss.version}`, `${cvss.score.toFixed(1)} ${cvss.vector} (${cvss.source})`]),
    [
      'EPSS',
      check.epss
        ? `${check.epss.score}, more than ${Math.floor(check.epss.percentile * 100)} % of all, on ${check.epss.date}`
        : null,
    ],
    [
      'SSVC',
      check.ssvc
        ? `exploitation ${check.ssvc.exploitation}, automatable ${check.ssvc.automatable ? 'yes' : 'no'}, impact ${check.ssvc.technicalImpact}, on ${check.ssvc.date}`
        : null,
    ],
    ...checkReferences(check).map(({ name, url }) => [name, url]),
  ];
}

function statementTable(statements: readonly CheckAffected[]): string {
  const headings = ['ecosystem', 'package', 'status', 'versions', 'fixed', 'vendor state', 'advisory'];
  const rows = statements.map((one) => [
    one.release === '' ? one.ecosystem : `${one.ecosystem}:${one.release}`,
    one.module ? `${one.package} (module ${one.module})` : one.package,
    one.status,
    versionsText(one),
    [one.fixed, one.patches?.length ? `(${one.patches.join(', ')})` : null].filter(Boolean).join(' ') || null,
    one.vendorState ?? null,
    `${one.advisory} (${one.feed}${one.published ? `, ${one.published}` : ''})`,
  ]);
  return table(headings, rows);
}

/** Which versions a statement is about, apart from the fix. */
export function versionsText({ introduced, lastAffected, limit, versions, status }: CheckAffected): string {
  if (status === 'not-affected') return 'none';
  if (versions)
    return versions.length <= 3 ? versions.join(', ') : `${versions.slice(0, 3).join(', ')} and ${versions.length - 3} more`;
  const parts = [
    introduced ? `from ${introduced}` : null,
    lastAffected ? `up to ${lastAffected}` : null,
    limit ? `below ${limit}` : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(', ');
}

function changeRow({ knowledgeVersion, at, what, subject, from, to }: CheckChange): Row {
  return [knowledgeVersion, at, what, subject, from, to];
}
