import { describe, expect } from 'vitest';
import { expectHeading, logIn } from '../explore-console.ts';
import { admin, isBuilt, it } from './over-fixtures.ts';

describe.runIf(isBuilt)('the console, however the platform answers', () => {
  it(
    'shows by itself what the platform has learned, without a place that goes empty meanwhile',
    { timeout: 60_000 },
    async ({ page, url }) => {
      await logIn(page, url, admin, '/assets');
      await expectHeading(page, 'Assets');
      await page.getByRole('link', { name: 'web-01', exact: true }).waitFor();
      const again = page.waitForResponse((reply) => new URL(reply.url()).pathname === '/api/v1/assets', { timeout: 30_000 });
      // By somebody else, of whom this page hears nothing.
      expect((await page.request.post(new URL('/api/v1/knowledge/refresh', url).href)).status()).toBe(200);
      const isEmptied = page
        .locator('.skeleton')
        .first()
        .waitFor({ timeout: 30_000 })
        .then(
          () => true,
          () => false,
        );
      await again;
      expect(await page.getByRole('link', { name: 'web-01', exact: true }).isVisible()).toBe(true);
      await page.close();
      expect(await isEmptied).toBe(false);
    },
  );

  it('shows the failure of a list and a way to try again', async ({ page, url }) => {
    await logIn(page, url, admin, '/detections?search=fail');
    await page.getByText('It was logged. Try again.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Detections');
  });

  it('says what to do about a refusal, and does not offer to ask again', async ({ page, url }) => {
    await logIn(page, url, admin, '/settings');
    const refusal = { code: 'FORBIDDEN', title: 'This is not allowed', detail: 'The role "reader" does not include user:read' };
    await page.route('**/api/v1/users**', (route) => route.fulfill({ status: 403, json: refusal }));
    await page.goto(`${url}/users`);
    await page.getByText('Somebody who manages users can give you a role that includes it.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await page.goto(`${url}/checks/1`);
    await page.getByText('It may be gone, or not be among what you may see.').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Check');
  });

  it('tries again by itself when the platform says when', async ({ page, url }) => {
    await logIn(page, url, admin, '/checks');
    await expectHeading(page, 'Checks');
    const busy = {
      code: 'UNAVAILABLE',
      title: 'Unavailable',
      detail: 'The index of the fleet is being built',
      retryAfterSeconds: 1,
    };
    await page.route('**/api/v1/assets?**', (route) => route.fulfill({ status: 503, json: busy }), { times: 1 });
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Assets' }).click();
    await page.getByText('This page tries again in 1 second.').waitFor();
    const first = page.getByRole('link', { name: 'web-01', exact: true });
    await first.waitFor();
    expect(await page.getByText('The index of the fleet is being built').count()).toBe(0);
  });

  it('says of when everything is while the platform does not answer, keeps it, and goes on when it does', async ({
    page,
    url,
  }) => {
    await page.clock.install();
    await logIn(page, url, admin, '/assets');
    const first = page.getByRole('link', { name: 'web-01', exact: true });
    await first.waitFor();
    await page.route('**/api/v1/**', (route) => route.abort());
    await page.clock.fastForward(11_000);
    const notice = page.getByText('The platform does not answer. What you see is of');
    await notice.waitFor();
    expect(await first.isVisible()).toBe(true);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Checks' }).click();
    await page.clock.fastForward(2_000);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await page.unroute('**/api/v1/**');
    await page.clock.fastForward(11_000);
    await page.getByText('50 of 130 checks').waitFor();
    expect(await notice.count()).toBe(0);
  });

  it.for(['/events', '/compare', '/assets'])('%s keeps its shape while a slow answer comes', async (address, { page, url }) => {
    await logIn(page, url, admin, '/settings');
    await page.addInitScript(() => {
      const moved = { sum: 0 };
      Object.assign(globalThis, { moved });
      new PerformanceObserver((list) => {
        // Of LayoutShift the DOM's own types know nothing.
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) moved.sum += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const answer = Promise.withResolvers<void>();
    await page.route(/\/api\/v1\/(events|detections\/changes|assets)\?/, async (route) => {
      await answer.promise;
      await route.continue();
    });
    await page.goto(url + address);
    await page
      .getByText(/^Loading /)
      .first()
      .waitFor();
    answer.resolve();
    await page.locator('tbody a').first().waitFor();
    // A tenth is where people begin to notice (Web Vitals); the tables of the fixtures are shorter than the places of their rows.
    expect(await page.evaluate(() => (globalThis as unknown as { moved: { sum: number } }).moved.sum)).toBeLessThan(0.1);
  });

  it('goes to the login again when the session has ended, and back afterwards', async ({ page, url }) => {
    await logIn(page, url, admin);
    await expectHeading(page, 'Worst findings');
    // It would notice by itself, before the link is followed.
    await page.route('**/api/v1/pulse', (route) => route.abort());
    await page.context().clearCookies();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Checks', exact: true }).click();
    await page.getByLabel('Login').waitFor();
    expect(new URL(page.url()).searchParams.get('next')).toBe('/checks');
  });
});
