import type { Trends } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { formatCount, formatShort } from '../ui/format.ts';
import { ChartLinks } from './ChartLinks.tsx';
import { foundOnDayQuery, goneOnDayQuery } from './figure-queries.ts';

const width = 640;
const height = 170;
const left = 44;
const gap = 3;
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** New and reopened detections upwards, fixed ones downwards, one column for each day, which leads to those that were new and fixed. */
export function ChangeChart({ days }: { days: Trends['days'] }) {
  const came = days.map((one) => one.new + one.reopened);
  const up = Math.max(1, ...came);
  const down = Math.max(1, ...days.map(({ fixed }) => fixed));
  const scale = (height - 24) / (up + down);
  const middle = 4 + up * scale;
  const step = (width - left - 8) / days.length;
  const sums = days.reduce((sum, one) => ({ came: sum.came + one.new + one.reopened, fixed: sum.fixed + one.fixed }), {
    came: 0,
    fixed: 0,
  });
  const linksTo = (kind: 'new' | 'fixed', queryOf: (at: string) => string) =>
    days.flatMap((one, index) => {
      if (one[kind] === 0) return [];
      const says = `${day.format(new Date(one.at))}: ${formatCount(one[kind])} ${kind}`;
      return [{ says, to: paths.detections({ query: queryOf(one.at) }), x: left + index * step, width: step }];
    });
  return (
    <figure className="trend">
      <div className="trend-chart">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`${formatCount(sums.came)} detections came and ${formatCount(sums.fixed)} were fixed in ${days.length} days`}
        >
          <line className="trend-grid" x1={left} x2={width - 8} y1={middle} y2={middle} />
          <text className="trend-label" x={left - 8} y={16} textAnchor="end">
            {formatShort(up)}
          </text>
          <text className="trend-label" x={left - 8} y={height - 22} textAnchor="end">
            {formatShort(down)}
          </text>
          {days.map((one, index) => {
            const x = left + index * step;
            const total = came[index] ?? 0;
            return (
              <g key={one.at}>
                <rect className="change-new" x={x} y={middle - total * scale} width={step - gap} height={total * scale} />
                <rect className="change-fixed" x={x} y={middle} width={step - gap} height={one.fixed * scale} />
                <rect className="trend-column" x={x} y={0} width={step} height={height}>
                  <title>{`${day.format(new Date(one.at))}: ${one.new} new, ${one.reopened} reopened, ${one.fixed} fixed`}</title>
                </rect>
                {index % 7 === 0 ? (
                  <text className="trend-label" x={x} y={height - 4}>
                    {day.format(new Date(one.at))}
                  </text>
                ) : null}
              </g>
            );
          })}
        </svg>
        <ChartLinks
          name="New detections day by day"
          links={linksTo('new', foundOnDayQuery)}
          size={{ width, height }}
          bottom={middle}
        />
        <ChartLinks
          name="Fixed detections day by day"
          links={linksTo('fixed', goneOnDayQuery)}
          size={{ width, height }}
          top={middle}
        />
      </div>
      <figcaption className="legend">
        <span>
          <i className="swatch change-new" /> new and reopened
        </span>
        <span>
          <i className="swatch change-fixed" /> fixed
        </span>
      </figcaption>
    </figure>
  );
}
