import Button from '@cloudscape-design/components/button';
import { useEffect, useRef } from 'react';
import type { List } from '../api/use-list.ts';
import { Failure } from './Failure.tsx';
import { formatCount } from './format.ts';
import { totalOf } from './list-total.ts';

/** More rows are fetched when the end of the list is so near to what is in sight. */
const nearMargin = '800px';

/**
 * The end of a list: how much of it is there, and the rest on demand, by button or, where `follows`, by scrolling to it; after the
 * first use of the button everywhere.
 */
export function ListEnd<Item>({ list, noun, follows }: { list: List<Item>; noun: string; follows: boolean }) {
  const { items, loadMore, isLoadingMore, moreError, reload } = list;
  const ref = useRef<HTMLDivElement>(null);
  const isPressed = useRef(false);
  const near = useRef(loadMore);
  const count = items.length;
  useEffect(() => {
    near.current = isLoadingMore ? null : loadMore;
  });
  useEffect(() => {
    const end = ref.current;
    if (!end) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting) && (follows || isPressed.current)) near.current?.();
      },
      { rootMargin: nearMargin },
    );
    // Anew after each part: an end that is still near is told again.
    observer.observe(end);
    return () => observer.disconnect();
  }, [count, follows]);
  if (count === 0) return null;
  if (list.isOutdated) return <div className="list-end quiet">Loading {noun} …</div>;
  const press = () => {
    isPressed.current = true;
    loadMore?.();
  };
  return (
    <div ref={ref} className="list-end">
      <span className="quiet">
        {formatCount(count)} of {totalOf(list)} {noun}
      </span>
      {loadMore ? (
        <Button loading={isLoadingMore} loadingText={`Loading more ${noun}`} onClick={press}>
          Show more
        </Button>
      ) : null}
      {reload ? (
        <Button iconName="refresh" onClick={reload}>
          Read again
        </Button>
      ) : null}
      {moreError ? <Failure error={moreError} /> : null}
    </div>
  );
}
