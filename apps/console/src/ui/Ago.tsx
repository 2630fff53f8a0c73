import { useNow } from './use-now.ts';
import { formatAgo, formatMoment } from './format.ts';

/** A moment as people speak of it, with the exact one on hover. */
export function Ago({ at, none = 'never' }: { at: string | null; none?: string }) {
  const now = useNow();
  if (at === null) return <>{none}</>;
  return (
    <time dateTime={at} title={formatMoment(at)} className="nowrap">
      {formatAgo(at, now)}
    </time>
  );
}
