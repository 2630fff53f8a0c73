import { DownloadError } from './download-error.ts';

/**
 * Where a redirect leads (RFC 9110, 10.2.2). Only within the site, that is the same host or one below the other ("www." counts for
 * nothing), and never from https to http: what an advisory says may come from nobody but its source. Throws DownloadError REDIRECT.
 */
export function redirectTarget(from: string, location: string): string {
  let target: URL;
  try {
    target = new URL(location, from);
  } catch (cause) {
    throw new DownloadError('REDIRECT', `${from} redirects to what is no address.`, { cause });
  }
  const source = partsOf(from);
  const { scheme, host, port, hasUser } = partsOf(target.href);
  const isSafe = scheme === 'https' || (scheme === 'http' && source.scheme === 'http');
  const samePort = port === source.port || (source.scheme === 'http' && scheme === 'https');
  if (!isSafe || !samePort || hasUser || !isSameSite(source.host, host)) {
    throw new DownloadError(
      'REDIRECT',
      `${from} redirects to another place (${scheme}://${host}); it is not followed. Is a proxy or portal in the way?`,
    );
  }
  return target.href;
}

/** Of an address as URL writes it, which leaves out a scheme's own port. */
function partsOf(href: string): { scheme: string; host: string; port: string; hasUser: boolean } {
  const [, scheme = '', user, host = '', port = ''] =
    /^([a-z]+):\/\/([^/?#]*@)?([^/?#@]*?)(?::(\d+))?(?:[/?#]|$)/.exec(href) ?? [];
  return { scheme, host, port, hasUser: user !== undefined };
}

function isSameSite(one: string, other: string): boolean {
  const [a, b] = [one.replace(/^www\./, ''), other.replace(/^www\./, '')];
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}
