/** The code of each page, by its address as the router writes it. It is fetched when somebody goes there. */
export const pageModules = {
  '/': () => import('./dashboard/DashboardPage.tsx'),
  '/login': () => import('./login/LoginPage.tsx'),
  '/assets': () => import('./assets/AssetsPage.tsx'),
  '/assets/$assetId': () => import('./assets/AssetPage.tsx'),
  '/assets/$assetId/$tab': () => import('./assets/AssetPage.tsx'),
  '/detections': () => import('./detections/DetectionsPage.tsx'),
  '/software': () => import('./software/SoftwarePage.tsx'),
  '/events': () => import('./events/EventsPage.tsx'),
  '/compare': () => import('./compare/ComparePage.tsx'),
  '/queries': () => import('./queries/QueriesPage.tsx'),
  '/settings': () => import('./settings/SettingsPage.tsx'),
  '/checks': () => import('./checks/ChecksPage.tsx'),
  '/checks/$number': () => import('./checks/CheckPage.tsx'),
  '/agents': () => import('./agents/AgentsPage.tsx'),
  '/profiles': () => import('./profiles/ProfilesPage.tsx'),
  '/releases': () => import('./releases/ReleasesPage.tsx'),
  '/reports': () => import('./reports/ReportsPage.tsx'),
  '/notifications': () => import('./notifications/NotificationsPage.tsx'),
  '/tokens': () => import('./tokens/TokensPage.tsx'),
  '/account': () => import('./account/AccountPage.tsx'),
  '/users': () => import('./users/UsersPage.tsx'),
  '/roles': () => import('./roles/RolesPage.tsx'),
  '/audit': () => import('./audit/AuditPage.tsx'),
  '/tags': () => import('./tags/TagsPage.tsx'),
  '/fixes': () => import('./fixes/FixesPage.tsx'),
  '/exceptions': () => import('./exceptions/ExceptionsPage.tsx'),
  '/knowledge': () => import('./knowledge/KnowledgePage.tsx'),
  '/help/about': () => import('./help/AboutPage.tsx'),
  '/help/platform': () => import('./help/PlatformPage.tsx'),
} as const;

export type PagePath = keyof typeof pageModules;

/** The page at an address; undefined when there is none. */
export function pageAt(pathname: string): PagePath | undefined {
  const parts = pathname.split('/');
  return (Object.keys(pageModules) as PagePath[]).find((path) => {
    const wanted = path.split('/');
    return wanted.length === parts.length && wanted.every((part, at) => part.startsWith('$') || part === parts[at]);
  });
}
