import Spinner from '@cloudscape-design/components/spinner';

export function Loading({ what }: { what: string }) {
  return (
    <div className="loading" role="status">
      <Spinner /> Loading {what} …
    </div>
  );
}
