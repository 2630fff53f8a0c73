import { ApiError } from '../api/call.ts';
import { formatMoment } from '../ui/format.ts';
import type { Silence } from './use-live-updates.ts';

/** Over every page while the platform does not answer: what is on screen may no longer be true. */
export function SilenceNotice({ silence }: { silence: Silence | null }) {
  const title = silence?.error instanceof ApiError ? silence.error.title : 'The platform does not answer';
  return (
    <output className={silence ? 'silence' : 'unseen'}>
      {silence ? (
        <>
          <strong>{title}.</strong> What you see is of {formatMoment(new Date(silence.since).toISOString())}. It is asked again
          every ten seconds.
        </>
      ) : null}
    </output>
  );
}
