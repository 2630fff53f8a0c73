import type { EventChart as Chart } from '@vedette/protocol';
import { formatCount, formatMoment, plural } from '../../ui/format.ts';
import { kindNames } from './event-columns.tsx';

interface Stretch {
  readonly from: string;
  readonly to: string;
  readonly total: number;
  readonly says: string;
}

/** How many events there were when; a click on a column shows its stretch of time alone. */
export function EventChart({ chart, onStretch }: { chart: Chart; onStretch: (from: string, to: string) => void }) {
  const stretches = stretchesOf(chart);
  const most = Math.max(1, ...stretches.map(({ total }) => total));
  return (
    <figure className="event-chart" aria-label="Events over time">
      <div className="event-columns">
        {stretches.map(({ from, to, total, says }) => (
          <button
            key={from}
            type="button"
            title={says}
            aria-label={`Show ${says}`}
            disabled={total === 0}
            onClick={() => onStretch(from, to)}
          >
            <span style={{ blockSize: `${(total / most) * 100}%` }} />
          </button>
        ))}
      </div>
      <figcaption className="quiet">
        <span>{formatMoment(chart.from)}</span>
        <span>at most {formatCount(most)} in a column; choose one to look closer</span>
        <span>{formatMoment(stretches.at(-1)?.to ?? chart.from)}</span>
      </figcaption>
    </figure>
  );
}

function stretchesOf({ from, stepSeconds, kinds }: Chart): Stretch[] {
  const begin = Date.parse(from);
  const moment = (place: number): string => new Date(Math.round(begin + place * stepSeconds * 1000)).toISOString();
  return Array.from({ length: kinds[0]?.counts.length ?? 0 }, (_, place) => {
    const present = kinds.flatMap(({ kind, counts }) => ((counts[place] ?? 0) > 0 ? [[kind, counts[place] ?? 0] as const] : []));
    const total = present.reduce((sum, [, count]) => sum + count, 0);
    const each = present.map(([kind, count]) => `${formatCount(count)} ${kindNames[kind].toLowerCase()}`).join(', ');
    const [start, end] = [moment(place), moment(place + 1)];
    return {
      from: start,
      to: end,
      total,
      says: `${plural(total, 'event')} from ${formatMoment(start)}${each ? `: ${each}` : ''}`,
    };
  });
}
