import { severities, type Severity, severityNames } from '@vedette/protocol';
import { severityLabel } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { Tile } from '../../ui/Tile.tsx';

/** How many detections are open, by severity; each leads to its list. */
export function SeverityTiles({ open }: { open: (level: Severity) => number }) {
  return (
    <section className="tiles" aria-label="Open detections by severity">
      {severities.map((level) => (
        <Tile
          key={level}
          tone={severityNames[level]}
          label={severityLabel(level)}
          value={open(level)}
          to={paths.detections({ severity: level === 5 ? '5' : severityNames[level] })}
        />
      ))}
    </section>
  );
}
