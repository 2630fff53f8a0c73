import { formatAgo, formatMoment } from './format.ts';

/** A moment as people speak of it, with the exact one on hover. */
export function Ago({ at, none = 'never' }: { at: string | null; none?: string }) {
  if (at === null) return <>{none}</>;
  return (
    <time dateTime={at} title={formatMoment(at)} className="nowrap">
      {formatAgo(at, Date.now())}
    </time>
  );
}
