import { useRouter } from '@tanstack/react-router';
import type { CSSProperties } from 'react';
import { formatCount } from './format.ts';

/** A figure that leads to what it counts; undefined while it is not known. */
export function Tile({
  label,
  value,
  to,
  tone,
  note,
}: {
  label: string;
  value: number | undefined;
  to: string;
  tone?: string;
  note?: string;
}) {
  const router = useRouter();
  const figures = value === undefined ? '…' : formatCount(value);
  return (
    <a
      className={`tile${tone ? ` tone-${tone}` : ''}${value === 0 ? ' zero' : ''}`}
      href={to}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        router.history.push(to);
      }}
    >
      <span className="tile-label">{label}</span>
      <span className="tile-value" style={{ '--figures': figures.length } as CSSProperties}>
        {figures}
      </span>
      {note ? <span className="tile-note">{note}</span> : null}
    </a>
  );
}
