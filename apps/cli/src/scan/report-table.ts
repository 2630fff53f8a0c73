import { severityNames, severities, type Severity } from '@vedette/protocol';
import { table } from '../output/table.ts';
import type { Finding, ScanResult } from './judge-packages.ts';

/** SGR parameters (ECMA-48) for the words of severity. */
const colours: Readonly<Record<Severity, string>> = { 5: '1;31', 4: '31', 3: '33', 2: '36', 1: '2' };

/** Packages worst first, each with its checks; counts at the end. Colours only where the caller says that a terminal shows them. */
export function reportTable(result: ScanResult, colour: boolean): string {
  const { findings, packages, unassessed } = result;
  const rows = groupByPackage(findings).flatMap((group) =>
    group.map((finding, index) => [
      index === 0 ? finding.reason.package.name : ' ',
      index === 0 ? finding.reason.package.installed : ' ',
      finding.check.name,
      severityNames[finding.check.severity],
      finding.reason.package.fixed ?? 'no fix yet',
      finding.status !== 'affected' ? finding.status : finding.check.kevSince ? 'exploited' : ' ',
    ]),
  );
  const headings = ['package', 'installed', 'check', 'severity', 'fixed in', 'note'];
  const listed = rows.length === 0 ? 'No check is true of these packages.' : paint(table(headings, rows), colour);
  const affected = findings.filter((finding) => finding.status === 'affected');
  const counts = severities.map(
    (severity) => `${affected.filter(({ check }) => check.severity === severity).length} ${severityNames[severity]}`,
  );
  const left = [...unassessed].map(([reason, ones]) => `${ones.length} ${reason}`);
  const others = (['potential', 'information'] as const).flatMap((status) => {
    const count = findings.filter((finding) => finding.status === status).length;
    return count === 0 ? [] : [`${count} ${status === 'potential' ? 'potential' : 'for information'}`];
  });
  return [
    listed,
    '',
    [`${packages.length} packages, ${affected.length} detections (${counts.join(', ')})`, ...others].join(', '),
    ...(left.length > 0 ? [`not assessed: ${left.join(', ')}`] : []),
  ].join('\n');
}

/** In the order of each package's worst finding, which the findings come in. */
function groupByPackage(findings: readonly Finding[]): Finding[][] {
  return [...Map.groupBy(findings, ({ package: { found } }) => `${found.type} ${found.name} ${found.version}`).values()];
}

function paint(text: string, colour: boolean): string {
  if (!colour) return text;
  const names = new Map(
    Object.entries(severityNames).map(([severity, name]) => [name as string, colours[Number(severity) as Severity]]),
  ); // keys of the table above
  return text.replaceAll(/\b(critical|high|medium|low|informational)\b/g, (name) => `\u001b[${names.get(name)}m${name}\u001b[0m`);
}
