import { readFile } from 'node:fs/promises';
import type { Locator } from 'playwright-core';
import { describe, expect } from 'vitest';
import { accessibilityViolations } from '../accessibility.ts';
import { expectHeading, logIn } from '../explore-console.ts';
import { admin, isBuilt, it } from './over-fixtures.ts';

/** Where, the table there, a column of it; and the order that its head asks for first. */
const sortedTables = [
  ['/assets', 'Assets', 'State', 'sort=state', 'ascending'],
  ['/checks', 'Checks', 'Fix', 'sort=patchable', 'descending'],
  ['/detections', 'Detections', 'Package or setting', 'sort=package', 'ascending'],
  ['/events', 'Events', 'Severity', 'sort=severity', 'descending'],
  ['/fixes', 'Fix lists', 'Restart', 'sort=restart', 'ascending'],
  ['/notifications', 'Delivery log', 'Channel', 'sort=channel', 'ascending'],
  ['/releases', 'Agents', 'Runs', 'agent.sort=version', 'ascending'],
  ['/releases', 'Roll-outs', 'Version', 'rollout.sort=version', 'ascending'],
] as const;

describe.runIf(isBuilt)('lists of the console', () => {
  it('compares two moments in the order of any column, and finds one asset among those that changed', async ({ page, url }) => {
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

  it('completes fields and values of a query, keeps it in the address, and remembers it', async ({ page, url }) => {
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

  it('points at the part of a query that is wrong, and does not send it', async ({ page, url }) => {
    await logIn(page, url, admin, '/detections');
    await expectHeading(page, 'Detections');
    const bar = page.getByRole('combobox', { name: 'Query for detections' });
    await bar.fill('severty:5 and kev:true');
    await page.keyboard.press('Enter');
    await page.getByText('Column 1: a detection has no field "severty": did you mean severity?').waitFor();
    expect(await page.locator('mark').textContent()).toBe('severty');
    expect(new URL(page.url()).search).toBe('');
  });

  it('saves a query, which is then a tile, a place of the palette, and a row that can be deleted', async ({ page, url }) => {
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

  it('shows no figure of a saved query before it is known', async ({ page, url }) => {
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

  it('shows more of a long list, sorts it, and hides a column for good', async ({ page, url }) => {
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
    async ({ page, url }) => {
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

  it('never shows rows of the question before as the answer to this one', async ({ page, url }) => {
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

  it('puts users in order, finds them, and exports those it shows', async ({ page, url }) => {
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
});

/** How many there are, when they are in order; else none. */
async function inOrder(names: Locator): Promise<number> {
  const all = await names.allTextContents();
  return all.every((name, at) => at === 0 || (all[at - 1] ?? '') <= name) ? all.length : 0;
}
