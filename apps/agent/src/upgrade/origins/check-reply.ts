import { ticketHeader } from '@vedette/protocol';
import type { Download } from './download.ts';
import { OriginError } from './origin-error.ts';

/** What a status that was not hoped for says, with what the platform asks for. */
export function statusError({ status, headers }: Download): OriginError {
  // RFC 9110 §10.2.3: seconds, or a date, which nobody here sends.
  const seconds = Number(headers['retry-after'] ?? 0);
  const retryAfterSeconds = Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
  const isBusy = status === 429 || (status === 503 && retryAfterSeconds > 0);
  const given = headers[ticketHeader];
  const ticket = typeof given === 'string' && given.length <= 200 ? given : null;
  return new OriginError(isBusy ? 'busy' : 'status', `status ${status}`, { retryAfterSeconds, ticket });
}

/** Throws OriginError for another part of the file than the one from this byte on. */
export function checkRange({ headers }: Download, from: number, bytes: number): void {
  const [, first, last, whole] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(first) !== from || Number(last) >= bytes || (whole !== '*' && Number(whole) !== bytes))
    throw new OriginError('range', `another part of the file came: ${headers['content-range'] ?? 'none'}`);
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== Number(last) - from + 1)
    throw new OriginError('length', `${length} bytes instead of ${Number(last) - from + 1}`);
}

/** Throws OriginError for anything that cannot be the whole file. */
export function checkLength({ headers }: Download, bytes: number): void {
  const length = headers['content-length'];
  // Whoever serves files says how long they are; a captive portal does not know, or says something else.
  if (Number(length) !== bytes) throw new OriginError('length', `${length ?? 'unknown'} bytes instead of ${bytes}`);
}

/** Reads what little there is, so that the connection can be used again. */
export async function drain({ chunks }: Download): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunks) if ((bytes += chunk.length) > 64 * 1024) break;
}
