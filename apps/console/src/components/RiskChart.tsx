import type { Trends } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { ChartGrid } from './ChartGrid.tsx';
import { ChartLinks } from './ChartLinks.tsx';

const width = 640;
const height = 150;
const left = 44;
const bottom = 22;
const top = 8;
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Risk of the fleet day by day; from 0, so that a small change looks small. Each day leads to the assets that carried it. */
export function RiskChart({ days }: { days: Trends['days'] }) {
  const ceiling = [100, 250, 500].find((one) => days.every(({ risk }) => risk <= one)) ?? 1000;
  const x = (index: number) => left + (index * (width - left - 8)) / Math.max(1, days.length - 1);
  const y = (risk: number) => top + (1 - risk / ceiling) * (height - top - bottom);
  const line = days.map(({ risk }, index) => `${x(index)},${y(risk)}`).join(' ');
  const [first, last] = [days[0]?.risk ?? 0, days.at(-1)?.risk ?? 0];
  const says = ({ at, risk }: Trends['days'][number]) => `${day.format(new Date(at))}: risk ${risk}`;
  const step = (width - left - 8) / Math.max(1, days.length - 1);
  const links = days.map((one, index) => {
    const to = paths.assets({ sort: 'risk', asOf: one.at });
    return { says: says(one), to, x: Math.min(x(index), width - step / 2) - step / 2, width: step };
  });
  return (
    <figure className="trend">
      <div className="trend-chart">
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Risk in ${days.length} days: from ${first} to ${last}`}>
          <ChartGrid ceiling={ceiling} left={left} right={width - 8} y={y} />
          <polygon className="risk-area" points={`${x(0)},${y(0)} ${line} ${x(days.length - 1)},${y(0)}`} />
          <polyline className="risk-line" points={line} />
          {days.map((one, index) => (
            <g key={one.at}>
              {(days.length - 1 - index) % 7 === 0 ? (
                <text
                  className="trend-label"
                  x={x(index)}
                  y={height - 4}
                  textAnchor={index === days.length - 1 ? 'end' : 'middle'}
                >
                  {day.format(new Date(one.at))}
                </text>
              ) : null}
              <rect className="trend-column" x={x(index) - 10} y={top} width={20} height={height - top - bottom}>
                <title>{says(one)}</title>
              </rect>
            </g>
          ))}
        </svg>
        <ChartLinks name="Assets by risk, day by day" links={links} size={{ width, height }} top={top} bottom={height - bottom} />
      </div>
    </figure>
  );
}
