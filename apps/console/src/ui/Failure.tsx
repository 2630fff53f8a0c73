import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { ApiError } from '../api/call.ts';

/** What went wrong, in the platform's own words, and the way on. */
export function Failure({ error, retry }: { error: unknown; retry?: () => unknown }) {
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
    </Alert>
  );
}
