import Badge from '@cloudscape-design/components/badge';
import { severities, severityNames, type Severity as Level, type SeverityCounts } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { formatCount } from '../ui/format.ts';

const colours = {
  5: 'severity-critical',
  4: 'severity-high',
  3: 'severity-medium',
  2: 'severity-low',
  1: 'severity-neutral',
} as const;

/** "Critical" and so on: the word carries the meaning, the colour helps. */
export function severityLabel(level: Level): string {
  const name = severityNames[level];
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function Severity({ level }: { level: Level }) {
  return <Badge color={colours[level]}>{severityLabel(level)}</Badge>;
}

/** How many of each severity, those that are not zero; of an asset each leads to the detections that it counts. */
export function SeverityTally({ counts, assetId }: { counts: SeverityCounts; assetId?: string }) {
  const present = severities.filter((level) => counts[severityNames[level]] > 0);
  if (present.length === 0) return <span className="quiet">none open</span>;
  return (
    <span className="tally">
      {present.map((level) => {
        const badge = (
          <Badge key={level} color={colours[level]}>
            {formatCount(counts[severityNames[level]])} {severityNames[level]}
          </Badge>
        );
        if (assetId === undefined) return badge;
        const query = `asset:(assetId:${assetId}) and severity:${severityNames[level]}`;
        return (
          <AppLink key={level} to={paths.detections({ query })}>
            {badge}
          </AppLink>
        );
      })}
    </span>
  );
}

/** Choices of a severity filter: "this one and worse". */
export const severityChoices = [
  ['', 'any'],
  ['5', 'critical'],
  ['4', 'high and above'],
  ['3', 'medium and above'],
  ['2', 'low and above'],
] as const;

/** The same with each severity alone, for lists that know both. */
export const exactSeverityChoices = [
  ...severityChoices,
  ['high', 'high only'],
  ['medium', 'medium only'],
  ['low', 'low only'],
  ['informational', 'informational only'],
] as const;

/** A chosen severity as the API takes it. */
export function severityQuery(choice: string): { severity?: string; severityExact?: Level } {
  const exact = severities.find((level) => severityNames[level] === choice);
  if (exact !== undefined) return { severityExact: exact };
  return choice === '' ? {} : { severity: choice };
}
