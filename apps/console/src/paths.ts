/** Every address of the console. Pages are addressed through these functions only. */
export const paths = {
  login: (next?: string) => withQuery('/login', { next }),
  dashboard: () => '/',
  assets: (query: AssetsView = {}) => withQuery('/assets', { ...query }),
  asset: (assetId: string, tab = 'summary', query: Query = {}) =>
    withQuery(`/assets/${encodeURIComponent(assetId)}/${tab}`, query),
  detections: (query: DetectionsView = {}) => withQuery('/detections', { ...query }),
  checks: (query: { query?: string; search?: string } = {}) => withQuery('/checks', query),
  software: (query: { query?: string } = {}) => withQuery('/software', query),
  events: (query: EventsView = {}) => withQuery('/events', { ...query }),
  compare: (query: { from?: string; to?: string; by?: string; asset?: string } = {}) => withQuery('/compare', query),
  queries: () => '/queries',
  settings: () => '/settings',
  check: (number: number) => `/checks/${number}`,
  agents: () => '/agents',
  profiles: () => '/profiles',
  releases: (query: { 'agent.rollout'?: string; 'agent.progress'?: string } = {}) => withQuery('/releases', query),
  reports: () => '/reports',
  notifications: (query: { channel?: string; state?: string } = {}) => withQuery('/notifications', query),
  tokens: () => '/tokens',
  account: () => '/account',
  users: (query: { search?: string } = {}) => withQuery('/users', query),
  roles: () => '/roles',
  audit: (query: { search?: string } = {}) => withQuery('/audit', query),
  tags: () => '/tags',
  fixes: () => '/fixes',
  /** With `request`, a query for detections, and `assets`, one for assets: the form that asks for an exception of them. */
  exceptions: (query: { request?: string; assets?: string } = {}) => withQuery('/exceptions', query),
  coveredBy: (exceptionId: string) => withQuery('/detections', { query: `exceptionId:${exceptionId}` }),
  knowledge: () => '/knowledge',
  about: () => '/help/about',
  platform: () => '/help/platform',
} as const;

/** Which assets to show, of now or of a moment of the past. */
interface AssetsView {
  readonly query?: string;
  readonly search?: string;
  readonly state?: 'restart' | 'silent';
  readonly sort?: 'risk';
  readonly asOf?: string;
}

/** What of the detections to show; the values are those of the filters on the page. */
interface DetectionsView {
  readonly query?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly only?: 'exploited' | 'new-week' | 'fixed-week';
  readonly search?: string;
  readonly asOf?: string;
}

/** What of the events to show: those of a period that ends now, or from one moment to before another. */
interface EventsView {
  readonly query?: string;
  readonly kind?: string;
  readonly period?: string | undefined;
  readonly from?: string;
  readonly to?: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** Adds what is set to an address. */
export function withQuery(path: string, query: Query): string {
  const text = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, String(value)]])),
  ).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * The address to go to after login, from outside text: only an address of this console. "//host" and "/\host" would leave it
 * (WHATWG URL treats a backslash as a slash).
 */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : paths.dashboard();
}
