/** Where a proxy is and how to show ourselves to it. */
export interface Proxy {
  /** Scheme, host and port: what may be shown and logged. */
  readonly origin: string;
  readonly isTls: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Value of Proxy-Authorization (Basic, RFC 7617); a function, so that printing a proxy never prints the password. */
  readonly authorization: () => string | null;
}

/** `direct` is the way without a proxy. */
export type Route = Proxy | 'direct';

/** The proxies to use, in order, and whether the agent may go without when none of them lets it through. */
export interface ProxyPlan {
  readonly proxies: readonly Proxy[];
  readonly fallback: 'direct' | 'none';
  /** Hosts reached without a proxy, as in NO_PROXY. */
  readonly except: readonly string[];
}

export const noProxies: ProxyPlan = { proxies: [], fallback: 'none', except: [] };

const maxProxies = 8;

/**
 * VEDETTE_PROXY, which is for this agent alone, or HTTPS_PROXY with NO_PROXY, which are the machine's. `VEDETTE_PROXY=direct` ignores
 * those. Adds what is wrong to `problems`, without repeating a password.
 */
export function readProxyPlan(environment: Readonly<Record<string, string | undefined>>, problems: string[]): ProxyPlan {
  const given = (...names: string[]): string =>
    names.map((name) => environment[name]?.trim() ?? '').find((text) => text !== '') ?? '';
  const fallback = given('VEDETTE_PROXY_FALLBACK') || 'none';
  if (fallback !== 'direct' && fallback !== 'none') problems.push('VEDETTE_PROXY_FALLBACK must be direct or none');
  const own = given('VEDETTE_PROXY');
  if (own === 'direct') return noProxies;
  const name = own === '' ? 'HTTPS_PROXY' : 'VEDETTE_PROXY';
  const addresses = (own || given('HTTPS_PROXY', 'https_proxy')).split(/[\s,]+/).filter((text) => text !== '');
  if (addresses.length > maxProxies) problems.push(`${name} names more than ${maxProxies} proxies`);
  const proxies = addresses.flatMap((address, index) => parseProxy(address, `proxy ${index + 1} in ${name}`, problems) ?? []);
  const except =
    own === ''
      ? given('NO_PROXY', 'no_proxy')
          .toLowerCase()
          .split(/[\s,]+/)
      : [];
  return { proxies, fallback: fallback === 'direct' ? 'direct' : 'none', except: except.filter((text) => text !== '') };
}

/** The ways to a platform, best first; never empty. A platform on this machine (plain HTTP) is reached without a proxy. */
export function routesTo(platform: URL, { proxies, fallback, except }: ProxyPlan): readonly Route[] {
  if (proxies.length === 0 || platform.protocol === 'http:' || isExcepted(platform, except)) return ['direct'];
  return fallback === 'direct' ? [...proxies, 'direct'] : proxies;
}

/** An entry is `*`, a host, a domain with everything below it (with or without a leading dot), or one of these with a port. */
function isExcepted({ hostname, port }: URL, except: readonly string[]): boolean {
  const host = bare(hostname);
  return except.some((entry) => {
    if (entry === '*') return true;
    const [, name = '', wanted] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (wanted !== undefined && wanted !== (port || '443')) return false;
    const domain = bare(name).replace(/^\*?\./, '');
    return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
  });
}

function parseProxy(address: string, what: string, problems: string[]): Proxy | null {
  const url = URL.parse(address.includes('://') ? address : `http://${address}`);
  if (
    !url ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.hostname === '' ||
    url.pathname !== '/' ||
    url.search
  ) {
    problems.push(`${what} must look like http://user:password@proxy.example:3128`);
    return null;
  }
  const isTls = url.protocol === 'https:';
  const credentials = decoded(url);
  if (credentials === null) {
    problems.push(`${what}: user and password must be percent-encoded`);
    return null;
  }
  const authorization = credentials === '' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`;
  return {
    origin: url.origin,
    isTls,
    hostname: bare(url.hostname),
    port: Number(url.port || (isTls ? 443 : 80)),
    authorization: () => authorization,
  };
}

/** `user:password`; empty when there is neither, null when the encoding is broken. */
function decoded({ username, password }: URL): string | null {
  if (username === '' && password === '') return '';
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return null;
  }
}

/** An IPv6 address without the brackets of a URL. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
