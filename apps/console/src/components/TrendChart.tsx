import { severities, severityNames, type Dashboard } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { formatCount, formatShort } from '../ui/format.ts';
import { ChartGrid } from './ChartGrid.tsx';
import { ChartLinks } from './ChartLinks.tsx';

const width = 640;
const height = 200;
const left = 44;
const bottom = 22;
const top = 8;
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

type Point = Dashboard['trend'][number];

/** Open detections over time, stacked by severity; each day leads to those that were open at its end, the last one to those of now. */
export function TrendChart({ trend }: { trend: readonly Point[] }) {
  const totals = trend.map(({ open }) => severities.reduce((sum, level) => sum + open[severityNames[level]], 0));
  const ceiling = niceCeiling(Math.max(1, ...totals));
  const x = (index: number) => left + (trend.length < 2 ? 0 : (index * (width - left - 8)) / (trend.length - 1));
  const y = (value: number) => top + (1 - value / ceiling) * (height - top - bottom);
  const floors = trend.map(() => 0);
  const bands = severities.map((level) => {
    const lower = [...floors];
    trend.forEach(({ open }, index) => (floors[index] = (floors[index] ?? 0) + open[severityNames[level]]));
    const upper = floors.map((value, index) => `${x(index)},${y(value)}`);
    return { level, points: [...upper, ...lower.map((value, index) => `${x(index)},${y(value)}`).toReversed()].join(' ') };
  });
  const says = (index: number) => `${day.format(new Date(trend[index]?.at ?? 0))}: ${formatCount(totals[index] ?? 0)} open`;
  const links = trend.flatMap(({ at }, index) => {
    if ((totals[index] ?? 0) === 0) return [];
    const to = index === trend.length - 1 ? paths.detections() : paths.detections({ asOf: at });
    return [{ says: says(index), to, x: Math.min(x(index), width - 20) - 20, width: 40 }];
  });
  return (
    <figure className="trend">
      <div className="trend-chart">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`Open detections, ${trend.length} days, now ${formatCount(totals.at(-1) ?? 0)}`}
        >
          <ChartGrid ceiling={ceiling} left={left} right={width - 8} y={y} format={formatShort} />
          {bands.map(({ level, points }) => (
            <polygon key={level} className={`band-${severityNames[level]}`} points={points} />
          ))}
          {trend.map(({ at }, index) => (
            <g key={at}>
              {index % 3 === 0 || index === trend.length - 1 ? (
                <text
                  className="trend-label"
                  x={x(index)}
                  y={height - 4}
                  textAnchor={index === trend.length - 1 ? 'end' : 'middle'}
                >
                  {index === trend.length - 1 ? 'today' : trend.length - 1 - index < 2 ? '' : day.format(new Date(at))}
                </text>
              ) : null}
              <rect className="trend-column" x={x(index) - 20} y={top} width={40} height={height - top - bottom}>
                <title>{says(index)}</title>
              </rect>
            </g>
          ))}
        </svg>
        <ChartLinks name="Open detections day by day" links={links} size={{ width, height }} top={top} bottom={height - bottom} />
      </div>
      <figcaption className="legend">
        {severities.map((level) => (
          <span key={level}>
            <i className={`swatch band-${severityNames[level]}`} /> {severityNames[level]}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The next 1, 2, 4 or 5 times a power of ten, so that the labels are round. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
