import { SkeletonRows } from './Skeleton.tsx';

/** What is still to come: said to those who listen, shown as its shape to those who look. */
export function Loading({ what }: { what: string }) {
  return (
    <div className="loading">
      <output className="unseen">Loading {what} …</output>
      <SkeletonRows />
    </div>
  );
}
