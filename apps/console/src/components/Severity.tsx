import Badge from '@cloudscape-design/components/badge';
import { severities, severityNames, type Severity as Level, type SeverityCounts } from '@vedette/protocol';
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

/** How many of each severity, those that are not zero. */
export function SeverityTally({ counts }: { counts: SeverityCounts }) {
  const present = severities.filter((level) => counts[severityNames[level]] > 0);
  if (present.length === 0) return <span className="quiet">none open</span>;
  return (
    <span className="tally">
      {present.map((level) => (
        <span key={level} title={`${counts[severityNames[level]]} ${severityNames[level]}`}>
          <Badge color={colours[level]}>{formatCount(counts[severityNames[level]])}</Badge>
          <span className="unseen"> {severityNames[level]}</span>
        </span>
      ))}
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
