import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMockApi } from '../../apps/console/mock-api/server.ts';
import { accessibilityViolations, violationsInSight } from './accessibility.ts';
import { startBrowser } from './browser.ts';
import { expectHeading, exploreConsole, logIn } from './explore-console.ts';

const admin = { login: 'admin', password: 'any' };
const built = existsSync(fileURLToPath(new URL('../../apps/console/dist/index.html', import.meta.url)));

/** Where, the table there, a column of it; and the order that its head asks for first. */
const sortedTables = [
  ['/assets', 'Assets', 'State', 'sort=state', 'ascending'],
  ['/checks', 'Checks', 'Fix', 'sort=patchable', 'descending'],
  ['/detections', 'Detections', 'Package or setting', 'sort=package', 'ascending'],
  ['/events', 'Events', 'Severity', 'sort=severity', 'descending'],
  ['/fixes', 'Fix lists', 'Restart', 'sort=restart', 'ascending'],
  ['/notifications', 'Delivery log', 'Channel', 'sort=channel', 'ascending'],
  ['/releases', 'Agents', 'Runs', 'agent.sort=version', 'ascending'],
] as const;

/** The built console in a real browser over the API of fixtures: what a person sees when things go well, and when they do not. */
describe.runIf(built)('the console over fixtures', () => {
  let server: Server;
  let url: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    ({ server, url } = await startMockApi());
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    server.close();
  });
  beforeEach(async () => {
    // A context of its own: no cookie outlives its test.
    page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
    page.setDefaultTimeout(15_000);
  });
  afterEach(() => page.context().close());

  it(
    'shows every page without an error, a refusal of the content policy or an accessibility violation',
    { timeout: 240_000 },
    async () => {
      const violations: string[] = [];
      const faults = await exploreConsole(page, url, admin, async (name) => {
        violations.push(...(await accessibilityViolations(page, name)));
      });
      expect(faults).toEqual([]);
      expect(violations).toEqual([]);
    },
  );

  it('fits every page into a telephone, in dark mode, without an accessibility violation', { timeout: 240_000 }, async () => {
    await logIn(page, url, admin);
    const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
    const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    expect(addresses.length).toBeGreaterThan(20);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    const faults: string[] = [];
    for (const address of new Set(addresses)) {
      await page.goto(url + address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.skeleton, [class*=awsui_skeleton]').first().waitFor({ state: 'detached' });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 390) faults.push(`${address} is ${width} pixels wide`);
      faults.push(...(await violationsInSight(page, address)));
    }
    expect(faults).toEqual([]);
  });

  it('gives the focus back when a dialog goes by Escape, and opens each by key', async () => {
    await logIn(page, url, admin, '/agents');
    const opener = page.getByRole('button', { name: 'Create activation key' });
    await opener.press('Enter');
    await page.getByRole('dialog', { name: 'Create activation key' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => hasFocus(opener), { timeout: 15_000 }).toBe(true);
    for (const [key, name] of [
      ['?', 'Keyboard shortcuts'],
      ['Control+k', 'Go to'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('dialog', { name }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await expect.poll(() => hasFocus(opener), { timeout: 15_000 }).toBe(true);
    }
  });

  it('compares two moments in the order of any column, and finds one asset among those that changed', async () => {
    await logIn(page, url, admin, '/compare');
    await page.getByText('5 of 5 changes').waitFor();
    await page.getByRole('button', { name: 'Asset', exact: true }).first().press('Enter');
    await page.waitForURL('**/compare?sort=label');
    const names = page.getByRole('rowheader');
    await expect.poll(() => inOrder(names), { timeout: 15_000 }).toBe(5);
    await page.getByRole('searchbox', { name: 'Find assets' }).fill('web-01');
    await page.getByText('1 of 1 changes').waitFor();
    expect(await names.allTextContents()).toEqual(['web-01']);
  });

  it('leads through the login to the address that was asked for', async () => {
    await logIn(page, url, admin, '/assets?search=web');
    await expectHeading(page, 'Assets');
    expect(new URL(page.url()).search).toBe('?search=web');
    await page.getByText('2 matches').first().waitFor();
  });

  it('completes fields and values of a query, keeps it in the address, and remembers it', async () => {
    await logIn(page, url, admin, '/assets');
    await expectHeading(page, 'Assets');
    await page.keyboard.press('/');
    await page.keyboard.type('hostn');
    await page.getByRole('option', { name: /^hostname:/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('web-0');
    await page.getByRole('option', { name: 'web-02 exists' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const bar = page.getByRole('combobox', { name: 'Query for assets' });
    expect(await bar.inputValue()).toBe('hostname:web-02');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/assets?query=hostname%3Aweb-02');
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await bar.focus();
    await page.getByRole('option', { name: 'hostname:web-02 asked before' }).waitFor();
  });

  it('points at the part of a query that is wrong, and does not send it', async () => {
    await logIn(page, url, admin, '/detections');
    await expectHeading(page, 'Detections');
    const bar = page.getByRole('combobox', { name: 'Query for detections' });
    await bar.fill('severty:5 and kev:true');
    await page.keyboard.press('Enter');
    await page.getByText('Column 1: a detection has no field "severty": did you mean severity?').waitFor();
    expect(await page.locator('mark').textContent()).toBe('severty');
    expect(new URL(page.url()).search).toBe('');
  });

  it('saves a query, which is then a tile, a place of the palette, and a row that can be deleted', async () => {
    await logIn(page, url, admin, '/software?query=openssl');
    await page.getByRole('button', { name: 'Save query' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Where is openssl');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Dashboard' }).click();
    await page.getByRole('link', { name: /Where is openssl/ }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('searchbox', { name: 'Page, asset, check' }).fill('where is');
    await page.getByRole('link', { name: 'Where is openssl saved query, software' }).click();
    await page.waitForURL('**/software?query=openssl');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Saved queries' }).click();
    await page.getByRole('button', { name: 'Delete Where is openssl' }).click();
    await page.getByRole('button', { name: 'Delete Where is openssl' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('link', { name: 'Where is openssl' }).count()).toBe(0);
  });

  it('shows events, narrows them by kind and by a click into the chart, and leads to what they are about', async () => {
    await logIn(page, url, admin, '/events');
    await expectHeading(page, 'Events');
    await page.getByText('3 of 3 events').waitFor();
    await page.getByRole('link', { name: 'Roll-out of 1.1.0: started' }).waitFor();
    await page
      .getByRole('button', { name: /^Show [1-9]\d* events from/ })
      .first()
      .click();
    await page.waitForURL(/\/events\?from=.*&to=/);
    await page.getByRole('link', { name: 'Show the last 24 hours' }).click();
    await page.waitForURL('**/events');
    await page.goto(`${url}/events?kind=upgrade`);
    await page.getByText('1 of 1 events').waitFor();
    await page.getByRole('link', { name: 'Roll-out of 1.1.0: started' }).click();
    await page.waitForURL('**/releases');
    await page.getByRole('link', { name: 'What happened' }).click();
    await page.waitForURL('**/events?kind=upgrade&period=30d');
    const told = page.getByRole('link', { name: 'Roll-out of 1.1.0: started' });
    await told.waitFor();
    expect(await told.count()).toBe(1);
  });

  it('shows how the risk of the fleet went, up to now and up to a moment of the past', async () => {
    await logIn(page, url, admin);
    const chart = page.getByRole('img', { name: /^Risk in \d+ days/ });
    await chart.waitFor();
    expect(await chart.getAttribute('aria-label')).toMatch(/: from 420 to \d+$/);
    await page.goto(`${url}/?asOf=2026-11-20T10:00:00Z`);
    await page.getByText('You look at the past').waitFor();
    await chart.waitFor();
  });

  it('leads from the health of the agents to those that are not heard of', async () => {
    await logIn(page, url, admin);
    await page.getByRole('link', { name: '1 asset silent', exact: true }).click();
    await page.waitForURL('**/assets?query=state%3Asilent');
    await page.goBack();
    await page.getByRole('heading', { name: 'Agent health' }).waitFor();
    expect(await page.getByRole('link', { name: /^\d+ agents? 0\./ }).count()).toBeGreaterThan(0);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Agents' }).click();
    await page.getByRole('heading', { name: 'Activation keys' }).waitFor();
    await page.getByRole('link', { name: '1 asset silent', exact: true }).waitFor();
  });

  it('says what chosen upgrades come to, and keeps the choice in the address', async () => {
    await logIn(page, url, admin, '/fixes');
    const boxes = page.getByRole('checkbox', { name: /^What if / });
    await boxes.nth(0).press('Space');
    await page.getByText('the risk goes from 400 to 300 of 1000, and 1 of 45 detections are gone').waitFor();
    await boxes.nth(1).press('Space');
    await page.getByText('the risk goes from 400 to 200 of 1000').waitFor();
    await page.reload();
    await page.getByText('If you make these 2 upgrades').waitFor();
    expect(await boxes.nth(1).isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Choose none' }).press('Enter');
    await page.waitForURL('**/fixes');
    expect(await boxes.nth(1).isChecked()).toBe(false);
  });

  it('shows no figure of a saved query before it is known', async () => {
    await logIn(page, url, admin, '/software?query=openssl');
    await page.getByRole('button', { name: 'Save query' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Not counted yet');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.route('**/api/v1/software?**', (route) => route.fulfill({ status: 500, body: '{}' }));
    await page.goto(url);
    const tile = page.getByRole('link', { name: /^Not counted yet/ });
    await tile.getByText('could not be asked').waitFor();
    expect(await tile.locator('.tile-value').textContent()).toBe('…');
  });

  it('goes on from page to page at a moment of the past, which stands in the address', async () => {
    await logIn(page, url, admin, '/assets?asOf=2026-11-20T10:00:00Z');
    await page.getByText('You look at the past').waitFor();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Detections' }).click();
    await page.waitForURL('**/detections?asOf=2026-11-20T10%3A00%3A00.000Z');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.waitForURL('**/detections');
    expect(await page.getByText('You look at the past').count()).toBe(0);
  });

  it('shows more of a long list, sorts it, and hides a column for good', async () => {
    await logIn(page, url, admin, '/checks');
    await page.getByText('50 of 130 checks').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('100 of 130 checks').waitFor();
    // By key: the header that stays in sight lies above the one in the table.
    const published = page
      .getByRole('columnheader', { name: /Published/ })
      .getByRole('button')
      .first();
    await published.press('Enter');
    await page.waitForURL('**/checks?sort=published');
    await published.press('Enter');
    await page.waitForURL('**/checks?sort=published&direction=descending');
    await page.evaluate(() => localStorage.setItem('vedette:hidden-columns:checks', '["published"]'));
    await page.reload();
    await expectHeading(page, 'Checks');
    expect(await page.getByRole('columnheader', { name: /Published/ }).count()).toBe(0);
    // The order by any column that has one is in the address, is asked of the platform, and is told to those who cannot see it.
    for (const [path, table, header, search, order] of sortedTables) {
      await page.goto(new URL(path, url).href);
      const column = page.getByRole('table', { name: table, exact: true }).last().getByRole('columnheader', { name: header });
      const asked = page.waitForRequest((request) => new URL(request.url()).searchParams.get('sort') === search.split('=')[1]);
      await column.getByRole('button').press('Enter');
      await asked;
      await page.waitForURL(`**${path}?${search}`);
      await expect.poll(() => column.getAttribute('aria-sort')).toBe(order);
    }
  });

  it(
    'has only the rows in sight in the page of a long list, and says which of how many they are',
    { timeout: 90_000 },
    async () => {
      await logIn(page, url, admin, '/checks?query=many');
      await page.getByText('50 of 10,000 checks').waitFor();
      const end = page.locator('.list-end');
      for (let read = 50; read < 1000;) {
        await end.scrollIntoViewIfNeeded();
        await page.getByText(new RegExp(`^(?!${read.toLocaleString('en')} )[\\d,]+ of 10,000 checks$`)).waitFor();
        read = Number((await end.textContent())?.split(' ')[0]?.replace(',', ''));
      }
      await end.scrollIntoViewIfNeeded();
      const rows = page.locator('tbody tr');
      expect(await rows.count()).toBeLessThan(120);
      // The head is the first row, of all that the platform has.
      expect(await page.getByRole('table', { name: 'Checks' }).first().getAttribute('aria-rowcount')).toBe('10001');
      await page.evaluate(() => scrollTo(0, 20_000));
      const middle = page.getByRole('row', { name: /CVE-2020-00420/ });
      await middle.waitFor();
      expect(await middle.getAttribute('aria-rowindex')).toBe('422');
      expect(await accessibilityViolations(page, 'a long list')).toEqual([]);
      await page.evaluate(() => scrollTo(0, 0));
      await page.getByRole('link', { name: 'CVE-2020-00000' }).waitFor();
    },
  );

  it(
    'shows by itself what the platform has learned, without a place that goes empty meanwhile',
    { timeout: 60_000 },
    async () => {
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

  it('says so when the password is wrong', async () => {
    await page.goto(url);
    await page.getByLabel('Login').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('fail');
    await page.getByRole('button', { name: 'Log in' }).click();
    const alert = page.getByText('The login or the password is wrong.');
    await alert.waitFor();
    expect(new URL(page.url()).pathname).toBe('/login');
  });

  it('tells how to add the first asset when there is none', async () => {
    await logIn(page, url, { login: 'empty', password: 'any' });
    await page.getByRole('heading', { name: 'Add your first asset' }).waitFor();
    const line = page.getByText('curl -fsSL');
    expect(await line.textContent()).toContain('/install.sh | sudo VEDETTE_ACTIVATION_KEY=<key> sh');
    for (const address of ['/assets', '/detections', '/software', '/fixes', '/compare']) {
      await page.goto(url + address);
      await page.getByRole('link', { name: 'Create an activation key' }).waitFor();
      expect(await line.count()).toBe(1);
    }
  });

  it('shows the failure of a list and a way to try again', async () => {
    await logIn(page, url, admin, '/detections?search=fail');
    await page.getByText('It was logged. Try again.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Detections');
  });

  it('says what to do about a refusal, and does not offer to ask again', async () => {
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

  it('leads from the reason of a detection to its fix and to an exception for just it', async () => {
    await logIn(page, url, admin, '/detections');
    await page.getByRole('button', { name: /^Why / }).first().click();
    await page.getByRole('link', { name: 'What fixes it' }).waitFor();
    await page.getByRole('link', { name: 'Request an exception' }).click();
    await page.getByRole('dialog', { name: 'Request exception' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Detections' }).inputValue()).toMatch(/^check:\d+$/);
    expect(await page.getByRole('textbox', { name: 'Assets' }).inputValue()).toMatch(/^assetId:/);
    await page.getByText(/^It would cover/).waitFor();
    const busy = { code: 'TOO_MANY_REQUESTS', title: 'Too many requests', detail: 'Wait a little, then try again' };
    await page.route('**/api/v1/exceptions', (route) => route.fulfill({ status: 429, json: busy }));
    const comment = page.getByRole('textbox', { name: 'Comment' });
    await comment.fill('x'.repeat(4001));
    await page.getByText('4,001 characters; at most 4,000 are taken').waitFor();
    await comment.fill('tested by hand');
    await page.getByRole('textbox', { name: 'Reason' }).fill('no such feature here');
    await page.keyboard.press('Enter');
    // Whoever has written at the end of a long form sees it there.
    await expect.poll(() => isInSight(page.getByText('Wait a little, then try again')), { timeout: 15_000 }).toBe(true);
    expect(await comment.inputValue()).toBe('tested by hand');
    await page.keyboard.press('Escape');
    await page.waitForURL('**/exceptions');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('takes what is typed as soon as the palette or a form is open', async () => {
    await logIn(page, url, admin, '/agents');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    await page.keyboard.type('db-01');
    await page.getByRole('link', { name: 'db-01 asset' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Create activation key' }).press('Enter');
    await page.getByRole('dialog', { name: 'Create activation key' }).waitFor();
    await page.keyboard.type('web servers');
    expect(await page.getByLabel('Name').inputValue()).toBe('web servers');
  });

  it('keeps what was written in a dialog when somebody clicks beside it', async () => {
    await logIn(page, url, admin, '/agents');
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').fill('web servers');
    await page.mouse.click(5, 5);
    await page.getByLabel('Most agents that may use it').fill('5');
    expect(await page.getByLabel('Name').inputValue()).toBe('web servers');
  });

  it('tries again by itself when the platform says when', async () => {
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

  it('says of when everything is while the platform does not answer, keeps it, and goes on when it does', async () => {
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

  it.each(['/events', '/compare', '/assets'])('%s keeps its shape while a slow answer comes', async (address) => {
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

  it('never shows rows of the question before as the answer to this one', async () => {
    await logIn(page, url, admin, '/assets');
    await page.getByRole('link', { name: 'db-01', exact: true }).waitFor();
    const answer = Promise.withResolvers<void>();
    await page.route('**/api/v1/assets?query=web-01**', async (route) => {
      await answer.promise;
      await route.continue();
    });
    await page.getByRole('combobox', { name: 'Query for assets' }).fill('web-01');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    const outdated = page.locator('[aria-busy=true]');
    await outdated.getByText('Loading assets …').waitFor();
    expect((await page.getByRole('heading', { level: 1 }).textContent())?.trim()).toBe('Assets');
    answer.resolve();
    await page.getByText('1 match').first().waitFor();
    expect(await outdated.count()).toBe(0);
    expect(await page.getByRole('link', { name: 'db-01', exact: true }).count()).toBe(0);
  });

  it('shows why a roll-out stopped, which agent had trouble, what expires, and lets one go on', async () => {
    await logIn(page, url, admin, '/releases');
    await page.getByText('1 of 2 agents failed or rolled back').waitFor();
    await page.getByText('crash, ended with 139 three times').waitFor();
    await page.getByText('Signed release metadata expires soon').waitFor();
    await page.getByRole('button', { name: 'Resume 0.3.0' }).click();
    const promote = page.getByRole('button', { name: 'Promote 0.3.0' });
    await promote.waitFor();
    expect(await promote.isEnabled()).toBe(true);
  });

  it('tells which addresses to allow, with commands to paste', async () => {
    await logIn(page, url, admin, '/help/platform');
    await page.getByText('curl -v https://cdn-eu.vedette.example/stub_status').waitFor();
    const windows = page.getByText('iwr -UseBasicParsing https://cdn-us.vedette.example/stub_status');
    await windows.waitFor();
    expect(await windows.isVisible()).toBe(true);
  });

  it('shows the secret of a new activation key once, inside the command to run', async () => {
    await logIn(page, url, admin, '/agents');
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').fill('web servers');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText(/VEDETTE_ACTIVATION_KEY=vak_/).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Revoke web servers' }).waitFor();
    expect(await page.getByText(/vak_/).count()).toBe(0);
  });

  it('asks once for a key when Enter is pressed, and not at all without a name', async () => {
    await logIn(page, url, admin, '/agents');
    const asked: (string | null)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/activation-keys')) asked.push(request.postData());
    });
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').press('Enter');
    await page.getByLabel('Name').fill('web servers');
    await page.getByLabel('Most agents that may use it').fill('5');
    await page.keyboard.press('Enter');
    await page.getByText(/VEDETTE_ACTIVATION_KEY=vak_/).waitFor();
    expect(asked.map((body) => JSON.parse(body ?? '') as unknown)).toEqual([
      { name: 'web servers', maxUses: 5, expiresInDays: null },
    ]);
  });

  it('puts users in order, finds them, and exports those it shows', async () => {
    await logIn(page, url, admin, '/users');
    const logins = () => page.getByRole('rowheader').allTextContents();
    await expect.poll(logins).toEqual(['admin', 'grace', 'linus', 'eve']);
    await page.getByRole('button', { name: 'Login', exact: true }).press('Enter');
    await expect.poll(logins).toEqual(['admin', 'eve', 'grace', 'linus']);
    expect(new URL(page.url()).search).toBe('?sort=login');
    await page.getByRole('searchbox', { name: 'Find users' }).fill('unit manager');
    await expect.poll(logins).toEqual(['grace']);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines[0]).toBe('\uFEFFLogin,Name,Role,Assets,Second factors,Last login,State');
    expect(lines.slice(1)).toEqual([expect.stringMatching(/^grace,/)]);
  });

  it('puts a tag on an asset, takes it away, and says which query others fit', async () => {
    await logIn(page, url, admin, '/assets');
    await page.getByRole('link', { name: 'web-01', exact: true }).first().click();
    expect(await page.getByRole('link', { name: 'hostname:web', exact: true }).getAttribute('href')).toBe(
      '/assets?query=hostname%3Aweb',
    );
    await page.getByLabel('Put a tag on it').fill('crown-jewel');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Take crown-jewel away' }).click();
    await page.getByRole('link', { name: 'crown-jewel' }).waitFor({ state: 'detached' });
    // What its query says cannot be taken away by hand.
    expect(await page.getByRole('button', { name: 'Take web away' }).count()).toBe(0);
  });

  it('shows what a VEX document would ask for before it asks, and what is wrong with a file that is none', async () => {
    await logIn(page, url, admin, '/exceptions');
    await page.getByText('A second person has to approve each').waitFor();
    await page.getByRole('button', { name: 'Import VEX' }).click();
    const ask = page.getByRole('button', { name: 'Import', exact: true });
    const file = (text: string) => ({ name: 'vex.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await page.locator('input[type=file]').setInputFiles(file('no JSON'));
    await page.getByText('This is no JSON document').waitFor();
    expect(await ask.isDisabled()).toBe(true);
    await page.locator('input[type=file]').setInputFiles(file('{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}'));
    await page.getByText('It would ask for 1 exception, and end 1 exception of an earlier version of the document').waitFor();
    await page.getByText('was asked for before: active').waitFor();
    await page.getByText('not CVE-1999-0001: no check of that name finds anything here').waitFor();
    const asked = page.waitForRequest((request) => request.method() === 'POST' && !request.postData()?.includes('"dryRun":true'));
    await ask.click();
    expect((await asked).postDataJSON()).toMatchObject({ assets: '', document: { statements: [] } });
    await page.getByRole('heading', { name: 'Import VEX' }).waitFor({ state: 'detached' });
  });

  it('takes a schedule over whose owner is gone, and offers nobody to run it before', async () => {
    await logIn(page, url, admin, '/reports');
    await page.getByText('grace, who owns it, was removed or disabled').waitFor();
    expect(await page.getByRole('button', { name: 'Run Database servers now' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Take over Weekly summary' }).count()).toBe(0);
    const asked = page.waitForRequest((request) => request.url().endsWith('/take-over'));
    await page.getByRole('button', { name: 'Take over Database servers' }).click();
    expect((await asked).method()).toBe('POST');
  });

  it('logs somebody else and oneself out everywhere, and says how many sessions end', async () => {
    await logIn(page, url, admin, '/users');
    await page.getByRole('button', { name: 'Actions for grace' }).click();
    await page.getByRole('menuitem', { name: 'Log out everywhere …' }).click();
    await page.getByRole('button', { name: 'Log out everywhere', exact: true }).click();
    await page.getByText('2 sessions of grace ended.').waitFor();
    await page.goto(`${url}/account`);
    await page.getByRole('button', { name: 'Log out everywhere' }).click();
    await page.getByText(/^(Your only session ends|\d+ sessions end), this one/).waitFor();
    const ended = page.waitForResponse(
      (reply) => new URL(reply.url()).pathname.endsWith('/account/sessions') && reply.request().method() === 'DELETE',
    );
    await page.getByRole('button', { name: 'Log out everywhere' }).last().click();
    expect((await ended).status()).toBe(200);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('changes a channel without its secret, and leads from what waits to the deliveries', async () => {
    await logIn(page, url, admin, '/notifications');
    await page.getByRole('button', { name: 'Change Operations' }).click();
    expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe('ops@example.org');
    await page.getByLabel('To', { exact: true }).fill('ops@example.org, night@example.org');
    const saved = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const body = (await saved).postDataJSON() as { settings: object };
    expect(body).toMatchObject({
      name: 'Operations',
      enabled: true,
      channelId: '7b7b0d5e-58e8-4d0b-9a5c-3c0f5d2c9a10',
      settings: { kind: 'email', port: 587, user: 'vedette', to: ['ops@example.org', 'night@example.org'] },
    });
    expect(body).not.toHaveProperty('secret');
    await page.getByRole('link', { name: '1 waiting for Operations' }).click();
    await page.waitForURL('**/notifications?channel=7b7b0d5e-58e8-4d0b-9a5c-3c0f5d2c9a10&state=waiting');
  });

  it('says on every part of an asset that what was fixed waits for a restart, and of what', async () => {
    await logIn(page, url, admin, '/assets?state=restart');
    const first = page.getByRole('rowheader').first().getByRole('link');
    await page.goto(`${url}${(await first.getAttribute('href'))?.replace('summary', 'vulnerabilities')}`);
    await page.getByRole('link', { name: 'restart pending' }).click();
    const reason = page.getByText('A restart is pending');
    await reason.waitFor();
    expect(new URL(page.url()).pathname).toMatch(/\/summary$/);
  });

  it('orders a scan of an asset and shows how it ends', async () => {
    await logIn(page, url, admin, '/assets');
    await page.getByRole('link', { name: 'web-01', exact: true }).first().click();
    await page.getByRole('button', { name: 'Scan now' }).click();
    const scanned = page.getByText('Scanned', { exact: true });
    await scanned.waitFor();
    expect(await scanned.isVisible()).toBe(true);
  });

  it('prints what is shown, light and without what one presses', async () => {
    await logIn(page, url, admin, '/assets');
    await expectHeading(page, 'Assets');
    await page.getByRole('button', { name: 'Use dark mode' }).click();
    await page.emulateMedia({ media: 'print' });
    await expect.poll(() => page.locator('body.awsui-dark-mode').count(), { timeout: 15_000 }).toBe(0);
    for (const part of ['#top-bar', '.filters', 'nav']) expect(await page.locator(part).first().isVisible()).toBe(false);
    expect(await page.getByRole('link', { name: 'web-01', exact: true }).isVisible()).toBe(true);
    await page.emulateMedia({ media: 'screen' });
    await expect.poll(() => page.locator('body.awsui-dark-mode').count(), { timeout: 15_000 }).toBe(1);
  });

  it('gives the columns beside a long name their room', async () => {
    await logIn(page, url, admin, '/profiles');
    await expectHeading(page, 'Profiles');
    await page.locator('tbody th').first().waitFor();
    await page.route('**/api/v1/profiles', async (route) => {
      const answer = await route.fetch();
      const { items, ...more } = (await answer.json()) as { items: object[] };
      await route.fulfill({ json: { ...more, items: items.map((one) => ({ ...one, name: 'x'.repeat(100) })) } });
    });
    await page.reload();
    const name = page.getByText('x'.repeat(100)).first();
    await name.waitFor();
    expect((await name.boundingBox())?.width).toBeLessThan(400);
  });

  it('remembers dark mode', async () => {
    await logIn(page, url, admin);
    await page.getByRole('button', { name: 'Use dark mode' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Use light mode' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.style.colorScheme)).toBe('dark');
  });

  it('goes to the login again when the session has ended, and back afterwards', async () => {
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

function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate((one) => document.activeElement === one);
}

/** How many there are, when they are in order; else none. */
async function inOrder(names: Locator): Promise<number> {
  const all = await names.allTextContents();
  return all.every((name, at) => at === 0 || (all[at - 1] ?? '') <= name) ? all.length : 0;
}

async function isInSight(element: Locator): Promise<boolean> {
  return element.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return one.contains(found);
  });
}
