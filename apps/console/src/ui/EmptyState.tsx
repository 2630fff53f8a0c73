import type { ReactNode } from 'react';

/** Nothing to show, and what to do about it. `rank` where that is the whole page. */
export function EmptyState({ title, rank, children }: { title: string; rank?: 'h1'; children?: ReactNode }) {
  return (
    <div className={rank ? 'empty page' : 'empty'}>
      {rank ? <h1 className="empty-title">{title}</h1> : <p className="empty-title">{title}</p>}
      {children}
    </div>
  );
}
