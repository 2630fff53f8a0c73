import { addressOf } from '@vedette/client';
import { endpoints } from '@vedette/protocol';
import { askAhead } from './api/ahead.ts';
import { firstQuestion } from './pages/first-questions.ts';
import { pageAt, pageModules } from './pages/page-modules.ts';
import { readStoredTexts } from './ui/stored.ts';

/**
 * Runs as soon as it has arrived, before the rest of the console has: asks who is logged in and what the page shows first, and fetches
 * the code of the page, so that none of them has to wait for the others.
 */
function begin({ pathname, search }: Location): void {
  const page = pageAt(pathname);
  if (page === undefined) return;
  if (page !== '/login') {
    void askAhead(addressOf(endpoints.getSession.path, {}));
    const question = firstQuestion(pathname + search);
    // Where somebody could go the last time: others would be refused, and the platform notes that.
    if (question !== undefined && readStoredTexts('places')?.includes(pathname)) void askAhead(question);
  }
  // The router imports it again, and shows what went wrong.
  pageModules[page]().catch(() => undefined);
}

begin(location);
