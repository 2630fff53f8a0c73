import { QueryCache, QueryClient } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { endpoints, type Me } from '@vedette/protocol';
import { ApiError, call } from './api/call.ts';
import { freshMs, keyOf } from './api/use-api.ts';
import { AppFrame } from './components/AppFrame.tsx';
import { NotFound } from './components/NotFound.tsx';
import { placesFor } from './components/places.ts';
import { paths } from './paths.ts';
import { Failure } from './ui/Failure.tsx';
import { Loading } from './ui/Loading.tsx';

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
      // A refusal stays a refusal; only silence and overload are worth a second try.
      retry: (failures, error) => failures < 1 && (!(error instanceof ApiError) || error.status === 0 || error.status === 503),
    },
  },
});

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: lazyRouteComponent(() => import('./pages/login/LoginPage.tsx'), 'LoginPage'),
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
      if (error instanceof ApiError && error.status === 401) throw redirect({ href: paths.login(target.href) });
      throw error;
    }
    if (me.stage === 'second-factor') throw redirect({ href: paths.login(target.href) });
    if (me.stage !== 'complete' && target.pathname !== paths.account()) throw redirect({ href: paths.account() });
    // Whoever may not see the dashboard begins where there is something to see.
    const first = placesFor((permission) => me.permissions.includes(permission))
      .flat()
      .find(({ needs }) => needs !== undefined);
    if (me.stage === 'complete' && target.pathname === '/' && first && first.href !== '/') throw redirect({ href: first.href });
  },
});

function page<Path extends string, Module extends Record<string, unknown>>(
  path: Path,
  load: () => Promise<Module>,
  name: keyof Module & string,
) {
  return createRoute({ getParentRoute: () => app, path, component: lazyRouteComponent(load, name) });
}

/** Any other address: with the frame around it, so that one finds the way back. */
const elsewhere = createRoute({ getParentRoute: () => app, path: '$', component: NotFound });

const pages = [
  page('/', () => import('./pages/dashboard/DashboardPage.tsx'), 'DashboardPage'),
  page('/assets', () => import('./pages/assets/AssetsPage.tsx'), 'AssetsPage'),
  page('/assets/$assetId', () => import('./pages/assets/AssetPage.tsx'), 'AssetPage'),
  page('/assets/$assetId/$tab', () => import('./pages/assets/AssetPage.tsx'), 'AssetPage'),
  page('/detections', () => import('./pages/detections/DetectionsPage.tsx'), 'DetectionsPage'),
  page('/software', () => import('./pages/software/SoftwarePage.tsx'), 'SoftwarePage'),
  page('/events', () => import('./pages/events/EventsPage.tsx'), 'EventsPage'),
  page('/compare', () => import('./pages/compare/ComparePage.tsx'), 'ComparePage'),
  page('/queries', () => import('./pages/queries/QueriesPage.tsx'), 'QueriesPage'),
  page('/settings', () => import('./pages/settings/SettingsPage.tsx'), 'SettingsPage'),
  page('/checks', () => import('./pages/checks/ChecksPage.tsx'), 'ChecksPage'),
  page('/checks/$number', () => import('./pages/checks/CheckPage.tsx'), 'CheckPage'),
  page('/agents', () => import('./pages/agents/AgentsPage.tsx'), 'AgentsPage'),
  page('/profiles', () => import('./pages/profiles/ProfilesPage.tsx'), 'ProfilesPage'),
  page('/releases', () => import('./pages/releases/ReleasesPage.tsx'), 'ReleasesPage'),
  page('/reports', () => import('./pages/reports/ReportsPage.tsx'), 'ReportsPage'),
  page('/notifications', () => import('./pages/notifications/NotificationsPage.tsx'), 'NotificationsPage'),
  page('/tokens', () => import('./pages/tokens/TokensPage.tsx'), 'TokensPage'),
  page('/account', () => import('./pages/account/AccountPage.tsx'), 'AccountPage'),
  page('/users', () => import('./pages/users/UsersPage.tsx'), 'UsersPage'),
  page('/roles', () => import('./pages/roles/RolesPage.tsx'), 'RolesPage'),
  page('/audit', () => import('./pages/audit/AuditPage.tsx'), 'AuditPage'),
  page('/tags', () => import('./pages/tags/TagsPage.tsx'), 'TagsPage'),
  page('/fixes', () => import('./pages/fixes/FixesPage.tsx'), 'FixesPage'),
  page('/exceptions', () => import('./pages/exceptions/ExceptionsPage.tsx'), 'ExceptionsPage'),
  page('/knowledge', () => import('./pages/knowledge/KnowledgePage.tsx'), 'KnowledgePage'),
  page('/help/about', () => import('./pages/help/AboutPage.tsx'), 'AboutPage'),
  page('/help/platform', () => import('./pages/help/PlatformPage.tsx'), 'PlatformPage'),
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
