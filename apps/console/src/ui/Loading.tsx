import Spinner from '@cloudscape-design/components/spinner';

export function Loading({ what }: { what: string }) {
  return (
    <output className="loading">
      <Spinner /> Loading {what} …
    </output>
  );
}
