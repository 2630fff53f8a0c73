import { severities, severityNames, type Detection, type Knowledge } from '@vedette/protocol';
import type { AssetState } from './agent.ts';
import type { Platform } from './platform.ts';

export interface Result {
  readonly platform: Platform;
  readonly knowledge: Knowledge;
  readonly state: AssetState;
  readonly worst: readonly Detection[];
  readonly startMs: number;
  readonly firstFindingsMs: number;
}

/** What `--json` prints. Figures of the agent are its own, as it reported them to the platform. */
export function asJson({ platform, knowledge, state, startMs, firstFindingsMs }: Result): unknown {
  const { asset, agent } = state;
  const bytes = (name?: string): number =>
    (agent?.collectors ?? [])
      .filter((collector) => name === undefined || collector.name === name)
      .reduce((sum, collector) => sum + (collector.snapshotBytes ?? 0), 0);
  return {
    url: platform.url,
    knowledge: { version: knowledge.version, checks: knowledge.checks, date: knowledge.date },
    asset: { packages: asset.packages, detections: { total: total(state), bySeverity: asset.detections } },
    timings: { startMs, firstFindingsMs },
    agent: {
      cpuSeconds: agent?.consumption?.cpuSeconds ?? null,
      peakRssBytes: agent?.consumption?.peakRssBytes ?? null,
      unevictableBytes: agent?.consumption?.unevictableBytes ?? null,
      packageSyncBytes: bytes('dpkg'),
      firstSyncBytes: bytes(),
    },
  };
}

/** The same for people. */
export function asText(result: Result): string {
  const { platform, state, worst, firstFindingsMs } = result;
  const { asset } = state;
  const counts = severities
    .map((severity) => `${asset.detections[severityNames[severity]]} ${severityNames[severity]}`)
    .join(', ');
  return [
    '',
    `  Console   ${platform.url}`,
    ...loginLines(platform),
    '',
    `  ${asset.hostname}: ${asset.os}, ${asset.packages} packages, ${total(state)} open detections after ${(firstFindingsMs / 1000).toFixed(1)} s`,
    `  ${counts}`,
    ...unassessedLines(state),
    '',
    ...(worst.length > 0 ? ['  The worst:', ...worst.flatMap(findingLines), ''] : []),
    ...knowledgeLines(result.knowledge),
    '',
  ].join('\n');
}

/** No advisories are known for anything on this machine: its distribution is not one we have an authority for. */
export function isUnassessed({ asset }: AssetState): boolean {
  return asset.unassessed >= asset.packages;
}

function total({ asset }: AssetState): number {
  return Object.values(asset.detections).reduce((sum, count) => sum + count, 0);
}

function loginLines({ bootstrap }: Platform): string[] {
  if (bootstrap) return [`  Login     ${bootstrap.login}`, `  Password  ${bootstrap.password}   (shown only now)`];
  return ['  Login     admin, with the password of the first start (lost it? npm start -- --new-password)'];
}

function unassessedLines(state: AssetState): string[] {
  const { asset } = state;
  if (!isUnassessed(state))
    return asset.unassessed > 0 ? [`  ${asset.unassessed} packages cannot be assessed: no advisories are known for them.`] : [];
  return [
    `  Nothing can be assessed: no advisories are known for "${asset.os || 'this distribution'}". That is not the same as no vulnerabilities.`,
    '  Fetch what is published for it with ./vedette knowledge refresh; facts about this machine are shown nevertheless.',
  ];
}

function findingLines(detection: Detection): string[] {
  const found = detection.packages[0];
  const head = `    ${severityNames[detection.severity].padEnd(8)}  ${detection.name}`;
  if (!found) return [head];
  if (detection.kind === 'posture') return [`${head}: ${detection.title ?? ''} (${found.name} is ${found.installed})`];
  const fix = found.fixed === null ? 'no fix yet' : `fixed in ${found.fixed}`;
  return [`${head}: ${found.name} ${found.installed}, ${fix} (${found.advisory}, ${found.feed})`];
}

function knowledgeLines(knowledge: Knowledge): string[] {
  const kind = knowledge.starter ? 'starter knowledge base' : 'knowledge base';
  return [
    `  Knowledge  ${knowledge.checks} checks, version ${knowledge.version}, newest advisory of ${knowledge.date ?? 'no date'} (${kind})`,
    ...(knowledge.stale || knowledge.starter
      ? ['             It is old. Refresh it in the console under Knowledge, or with ./vedette knowledge refresh']
      : []),
  ];
}
