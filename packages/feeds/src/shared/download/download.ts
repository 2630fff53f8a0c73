import { DownloadError } from './download-error.ts';
import { redirectTarget } from './redirect.ts';

/** An answer whose body was not read yet. */
export interface HttpReply {
  readonly status: number;
  /** Of a header in small letters; null for none. */
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not wanted. */
  discard(): Promise<void>;
}

/** Asks for an address, follows nothing, undoes no compression. Throws anything where there is no answer. */
export type HttpGet = (url: string, headers: Readonly<Record<string, string>>) => Promise<HttpReply>;

/** What a source said of the version of a file (RFC 9110, 8.8). */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** What has arrived of a file so far; it outlives the program. */
export interface PartialFile {
  readonly size: number;
  /** Of what is there; null when nothing is. */
  readonly about: (Validators & { readonly url: string }) | null;
  /** Forgets what is there and begins anew. */
  begin(about: Validators & { readonly url: string }): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
}

export interface Download {
  readonly url: string;
  readonly maxBytes: number;
  /** Of the copy at hand, where there is one: an unchanged file is not sent again. */
  readonly known: Validators | null;
  readonly part: PartialFile;
}

export interface Surroundings {
  readonly get: HttpGet;
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
}

const maxTries = 4;
const maxRedirects = 3;
/** Waits 1, 2, 4 s, each up to a half longer, so that a whole fleet of platforms does not come back at once. */
const firstPauseMs = 1000;
/** A source that wants to be left alone for longer is asked again at the next refresh. */
const longestPauseMs = 60_000;
/** Fewer bytes than these in that time are a connection that keeps everybody waiting. */
const stallWindowMs = 20_000;
const stallBytes = 20_000;

/**
 * Fetches a file into `part`, going on where an earlier try broke off (RFC 9110, 14: Range with If-Range). Returns the validators of the
 * whole file, or null when the copy at hand is still the newest (304). Throws DownloadError; what had come stays in `part`.
 */
export async function download(file: Download, surroundings: Surroundings): Promise<Validators | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOnce(file, surroundings);
    } catch (error) {
      if (!(error instanceof DownloadError) || error.retryAfterMs === null || attempt === maxTries) throw error;
      if (error.retryAfterMs > longestPauseMs) throw error;
      const growing = firstPauseMs * 2 ** (attempt - 1) * (1 + surroundings.random() / 2);
      await surroundings.pause(Math.max(error.retryAfterMs, growing));
    }
  }
}

async function tryOnce(file: Download, surroundings: Surroundings): Promise<Validators | null> {
  const { part, known } = file;
  const resumeBy = resumeValidator(file);
  const reply = await ask(file.url, surroundings, {
    // A range of a compressed form would be no range of the file.
    'accept-encoding': 'identity',
    'user-agent': 'vedette',
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
    ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
    ...(resumeBy === null ? {} : { range: `bytes=${part.size}-`, 'if-range': resumeBy }),
  });
  if (reply.status === 304 && known) {
    await reply.discard();
    return null;
  }
  const encoding = reply.header('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    await reply.discard();
    throw new DownloadError('HTTP', `${file.url} answers in a form that was not asked for (${encoding.slice(0, 20)}).`);
  }
  if (reply.status === 206 && resumeBy !== null) return await goOn(file, reply, surroundings);
  if (reply.status === 200) {
    const validators = { etag: reply.header('etag'), lastModified: reply.header('last-modified') };
    await part.begin({ ...validators, url: file.url });
    await receive(file, reply, surroundings, lengthOf(reply));
    return validators;
  }
  await reply.discard();
  throw await refusal(file, reply);
}

/** A strong ETag, else the date of the last change (RFC 9110, 13.1.5); null when nothing can be gone on with. */
function resumeValidator({ part, url }: Download): string | null {
  if (part.size === 0 || part.about?.url !== url) return null;
  const { etag, lastModified } = part.about;
  return etag === null || etag.startsWith('W/') ? lastModified : etag;
}

async function ask(url: string, { get }: Surroundings, headers: Readonly<Record<string, string>>): Promise<HttpReply> {
  let target = url;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const reply = await get(target, headers).catch((error: unknown) => {
      throw broken(url, error);
    });
    const location = reply.header('location');
    if (reply.status < 301 || reply.status > 308 || reply.status === 304 || location === null) return reply;
    await reply.discard();
    target = redirectTarget(target, location);
  }
  throw new DownloadError('REDIRECT', `${url} redirects more than ${maxRedirects} times.`);
}

/** The rest of a file, when it is the rest of the same file. */
async function goOn(file: Download, reply: HttpReply, surroundings: Surroundings): Promise<Validators> {
  const { part, url } = file;
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(reply.header('content-range') ?? '') ?? [];
  const etag = reply.header('etag');
  const about = part.about ?? { etag: null, lastModified: null };
  if (Number(start) !== part.size || total === undefined || (etag !== null && etag !== about.etag)) {
    await reply.discard();
    await part.begin({ etag: null, lastModified: null, url });
    throw new DownloadError('CUT', `${url} goes on with another file than it began with.`, { retryAfterMs: 0 });
  }
  await receive(file, reply, surroundings, Number(total));
  return { etag: about.etag, lastModified: about.lastModified };
}

async function receive(file: Download, reply: HttpReply, { now }: Surroundings, total: number | null): Promise<void> {
  const { url, part, maxBytes } = file;
  const tooLarge = () =>
    new DownloadError('TOO_LARGE', `${url} sends more than ${maxBytes} bytes; it is not the feed it should be.`);
  if (total !== null && total > maxBytes) {
    await reply.discard();
    throw tooLarge();
  }
  let windowStart = now();
  let inWindow = 0;
  try {
    for await (const chunk of reply.body) {
      if (part.size + chunk.length > maxBytes) {
        await part.begin({ etag: null, lastModified: null, url });
        throw tooLarge();
      }
      await part.append(chunk);
      inWindow += chunk.length;
      if (now() - windowStart < stallWindowMs) continue;
      if (inWindow < stallBytes) throw stalled(url);
      windowStart = now();
      inWindow = 0;
    }
  } catch (error) {
    throw error instanceof DownloadError ? error : broken(url, error);
  }
  if (total !== null && part.size !== total) {
    const [size, begun] = [part.size, part.about];
    // More than there is cannot be gone on with.
    if (size > total || !begun) await part.begin({ etag: null, lastModified: null, url });
    throw new DownloadError('CUT', `${url} announced ${total} bytes and sent ${size}.`, { retryAfterMs: 0 });
  }
}

function lengthOf(reply: HttpReply): number | null {
  const text = reply.header('content-length');
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function stalled(url: string): DownloadError {
  return new DownloadError(
    'STALLED',
    `${url} sends almost nothing any more; what came is kept, the next refresh goes on there.`,
    {
      retryAfterMs: 0,
    },
  );
}

function broken(url: string, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DownloadError('NETWORK', `${url} cannot be reached (${reason}); check network, proxy and DNS.`, {
    cause: error,
    retryAfterMs: 0,
  });
}

async function refusal({ url, part }: Download, reply: HttpReply): Promise<DownloadError> {
  const { status } = reply;
  // What had come is longer than the file is now.
  if (status === 416) await part.begin({ etag: null, lastModified: null, url });
  const again = status === 416 || status === 408 || status === 429 || status >= 500;
  return new DownloadError('HTTP', `${url} answered ${status}.`, { retryAfterMs: again ? retryAfterMs(reply) : null });
}

/** Retry-After in seconds (RFC 9110, 10.2.3); a date there is passed over. */
function retryAfterMs(reply: HttpReply): number {
  const text = reply.header('retry-after') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0;
}
