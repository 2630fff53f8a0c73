import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useEffect } from 'react';
import { ApiError } from '../api/call.ts';
import { isPassing } from '../api/use-api.ts';
import { plural } from './format.ts';

/** What to do about a refusal, which asking again does not change. */
const advice: Readonly<Record<number, string>> = {
  403: 'Somebody who manages users can give you a role that includes it.',
  404: 'It may be gone, or not be among what you may see.',
};

/** What went wrong, in the platform's own words, and the way on; where the platform says when to try again, that happens by itself. */
export function Failure({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const seconds = retry && error instanceof ApiError ? error.retryAfterSeconds : undefined;
  useEffect(() => {
    if (seconds === undefined) return undefined;
    const timer = setTimeout(() => void retry?.(), seconds * 1000);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react/exhaustive-deps -- each failure has its own moment; `retry` may be new at every drawing
  }, [error, seconds]);
  const title = error instanceof ApiError ? titleOf(error) : 'This page met an error';
  const isRefusal = error instanceof ApiError && !isPassing(error);
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <Alert
      type="error"
      header={title}
      statusIconAriaLabel="Error"
      action={
        retry && !isRefusal ? (
          <Button formAction="none" onClick={() => void retry()}>
            Try again
          </Button>
        ) : undefined
      }
    >
      {detail}
      {error instanceof ApiError && advice[error.status] ? <p className="note">{advice[error.status]}</p> : null}
      {seconds === undefined ? null : <p className="note">This page tries again in {plural(seconds, 'second')}.</p>}
    </Alert>
  );
}

/** People make no requests: what they asked for was not taken. */
function titleOf({ code, title }: ApiError): string {
  return code === 'BAD_REQUEST' ? 'This was not accepted' : title;
}
