import { QueryCache, QueryClient } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { endpoints, type Me } from '@vedette/protocol';
import { ApiError, call } from './api/call.ts';
import { freshMs, isPassing, keyOf } from './api/use-api.ts';
import { AppFrame } from './components/AppFrame.tsx';
import { NotFound } from './components/NotFound.tsx';
import { placesFor } from './components/places.ts';
import { pageModules, type PagePath } from './pages/page-modules.ts';
import { paths } from './paths.ts';
import { Failure } from './ui/Failure.tsx';
import { Loading } from './ui/Loading.tsx';
import { writeStored } from './ui/stored.ts';

/** A session that ended: back to the login page, which leads here again. */
function toLogin(): void {
  if (location.pathname === '/login') return;
  location.assign(paths.login(location.pathname + location.search));
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) toLogin();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: freshMs,
      // A refusal stays a refusal; only silence and overload are worth a second try, which waits for as long as the platform says: Failure does.
      retry: (failures, error) => failures < 1 && isPassing(error) && !hasMoment(error),
      // A browser that believes itself offline may reach a platform beside it; what waits for a network says nothing meanwhile.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

function hasMoment(error: unknown): boolean {
  return error instanceof ApiError && error.retryAfterSeconds !== undefined;
}

/** For ahead.ts, which asks before it knows who is there. */
function rememberPlaces(hrefs: readonly string[]): void {
  writeStored('places', hrefs);
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: lazyRouteComponent(pageModules['/login'], 'LoginPage'),
});

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: AppFrame,
  notFoundComponent: NotFound,
  beforeLoad: async ({ location: target }) => {
    let me: Me;
    try {
      me = await queryClient.ensureQueryData({
        queryKey: keyOf(endpoints.getSession, {}),
        queryFn: () => call(endpoints.getSession, {}),
        staleTime: Infinity,
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        rememberPlaces([]);
        throw redirect({ href: paths.login(target.href) });
      }
      throw error;
    }
    if (me.stage === 'second-factor') throw redirect({ href: paths.login(target.href) });
    if (me.stage !== 'complete' && target.pathname !== paths.account()) throw redirect({ href: paths.account() });
    const places = placesFor((permission) => me.permissions.includes(permission)).flat();
    rememberPlaces(me.stage === 'complete' ? places.map(({ href }) => href) : []);
    // Whoever may not see the dashboard begins where there is something to see.
    const first = places.find(({ needs }) => needs !== undefined);
    if (me.stage === 'complete' && target.pathname === '/' && first && first.href !== '/') throw redirect({ href: first.href });
  },
});

type Modules = { [Path in PagePath]: Awaited<ReturnType<(typeof pageModules)[Path]>> };
const loaders: { readonly [Path in PagePath]: () => Promise<Modules[Path]> } = pageModules;

function page<Path extends PagePath>(path: Path, name: keyof Modules[Path] & string) {
  return createRoute({ getParentRoute: () => app, path, component: lazyRouteComponent(loaders[path], name) });
}

/** Any other address: with the frame around it, so that one finds the way back. */
const elsewhere = createRoute({ getParentRoute: () => app, path: '$', component: NotFound });

const pages = [
  page('/', 'DashboardPage'),
  page('/assets', 'AssetsPage'),
  page('/assets/$assetId', 'AssetPage'),
  page('/assets/$assetId/$tab', 'AssetPage'),
  page('/detections', 'DetectionsPage'),
  page('/software', 'SoftwarePage'),
  page('/events', 'EventsPage'),
  page('/compare', 'ComparePage'),
  page('/queries', 'QueriesPage'),
  page('/settings', 'SettingsPage'),
  page('/checks', 'ChecksPage'),
  page('/checks/$number', 'CheckPage'),
  page('/agents', 'AgentsPage'),
  page('/profiles', 'ProfilesPage'),
  page('/releases', 'ReleasesPage'),
  page('/reports', 'ReportsPage'),
  page('/notifications', 'NotificationsPage'),
  page('/tokens', 'TokensPage'),
  page('/account', 'AccountPage'),
  page('/users', 'UsersPage'),
  page('/roles', 'RolesPage'),
  page('/audit', 'AuditPage'),
  page('/tags', 'TagsPage'),
  page('/fixes', 'FixesPage'),
  page('/exceptions', 'ExceptionsPage'),
  page('/knowledge', 'KnowledgePage'),
  page('/help/about', 'AboutPage'),
  page('/help/platform', 'PlatformPage'),
  elsewhere,
];

export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren([login, app.addChildren(pages)]),
    // Plain texts instead of the router's JSON values: an address that a person can read and write.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const text = new URLSearchParams(search as Record<string, string>).toString();
      return text ? `?${text}` : '';
    },
    defaultPendingComponent: () => <Loading what="the page" />,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}
