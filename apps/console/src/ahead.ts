import { addressOf } from '@vedette/client';
import { endpoints, type Me } from '@vedette/protocol';
import { askAhead } from './api/ahead.ts';
import { pageAt, pageModules } from './pages/page-modules.ts';

/**
 * Runs as soon as it has arrived, before the rest of the console has: fetches the code of the page and asks who is logged in and what
 * the first page shows, so that none of them has to wait for the others.
 */
async function begin(): Promise<void> {
  const page = pageAt(location.pathname);
  if (page === undefined) return;
  // The router imports it again, and shows what went wrong.
  pageModules[page]().catch(() => undefined);
  if (page === '/login') return;
  const session = await askAhead(addressOf(endpoints.getSession.path, {}));
  if (page !== '/' || location.search !== '' || !session.ok) return;
  const me = (await session.clone().json()) as Me; // as `call` takes it
  if (me.stage === 'complete' && me.permissions.includes('detection:read'))
    void askAhead(addressOf(endpoints.getDashboard.path, {}));
}

// Nothing depends on it: what failed here is asked for again.
begin().catch(() => undefined);
