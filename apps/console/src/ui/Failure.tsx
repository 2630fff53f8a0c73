import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useEffect } from 'react';
import { ApiError } from '../api/call.ts';
import { plural } from './format.ts';

/** What went wrong, in the platform's own words, and the way on; where the platform says when to try again, that happens by itself. */
export function Failure({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const seconds = retry && error instanceof ApiError ? error.retryAfterSeconds : undefined;
  useEffect(() => {
    if (seconds === undefined) return undefined;
    const timer = setTimeout(() => void retry?.(), seconds * 1000);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react/exhaustive-deps -- each failure has its own moment; `retry` may be new at every drawing
  }, [error, seconds]);
  const title = error instanceof ApiError ? error.title : 'This page met an error';
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <Alert
      type="error"
      header={title}
      statusIconAriaLabel="Error"
      action={
        retry ? (
          <Button formAction="none" onClick={() => void retry()}>
            Try again
          </Button>
        ) : undefined
      }
    >
      {detail}
      {seconds === undefined ? null : <p className="note">This page tries again in {plural(seconds, 'second')}.</p>}
    </Alert>
  );
}
