import { describe, expect } from 'vitest';
import { accessibilityViolations } from '../accessibility.ts';
import { expectHeading, exploreConsole, logIn } from '../explore-console.ts';
import { admin, hasFocus, isBuilt, it } from './over-fixtures.ts';

describe.runIf(isBuilt)('ways through the console', () => {
  it(
    'shows every page without an error, a refusal of the content policy or an accessibility violation',
    { timeout: 240_000 },
    async ({ page, url }) => {
      const violations: string[] = [];
      const faults = await exploreConsole(page, url, admin, async (name) => {
        violations.push(...(await accessibilityViolations(page, name)));
      });
      expect(faults).toEqual([]);
      expect(violations).toEqual([]);
    },
  );

  it('leads through the login to the address that was asked for', async ({ page, url }) => {
    await logIn(page, url, admin, '/assets?search=web');
    await expectHeading(page, 'Assets');
    expect(new URL(page.url()).search).toBe('?search=web');
    await page.getByText('2 matches').first().waitFor();
  });

  it('shows events, narrows them by kind and by a click into the chart, and leads to what they are about', async ({
    page,
    url,
  }) => {
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

  it('shows how the risk of the fleet went, up to now and up to a moment of the past', async ({ page, url }) => {
    await logIn(page, url, admin);
    const chart = page.getByRole('img', { name: /^Risk in \d+ days/ });
    await chart.waitFor();
    expect(await chart.getAttribute('aria-label')).toMatch(/: from 420 to \d+$/);
    await page.goto(`${url}/?asOf=2026-11-20T10:00:00Z`);
    await page.getByText('You look at the past').waitFor();
    await chart.waitFor();
  });

  it('leads from a day of a chart to what it shows, by pointer and by key', async ({ page, url }) => {
    await logIn(page, url, admin);
    const byRisk = page.getByRole('list', { name: 'Assets by risk, day by day' }).getByRole('link');
    await byRisk.last().focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    expect(await hasFocus(byRisk.nth(1))).toBe(true);
    // One stop for the whole chart, also when somebody has walked through it.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    expect(await hasFocus(byRisk.nth(1))).toBe(true);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/assets\?sort=risk&asOf=/);
    await page.getByText('You look at the past').waitFor();
    for (const [chart, address] of [
      ['Open detections day by day', /\/detections\?asOf=/],
      ['New detections day by day', /\/detections\?query=asOf%3A.*firstFound/],
      ['Fixed detections day by day', /\/detections\?query=asOf%3A.*fixedAt/],
    ] as const) {
      await page.goto(url);
      await page.getByRole('list', { name: chart }).getByRole('link').first().click();
      await page.waitForURL(address);
      await expectHeading(page, 'Detections');
    }
  });

  it('leads from the health of the agents to those that are not heard of', async ({ page, url }) => {
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

  it('says what chosen upgrades come to, and keeps the choice in the address', async ({ page, url }) => {
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

  it('goes on from page to page at a moment of the past, which stands in the address', async ({ page, url }) => {
    await logIn(page, url, admin, '/assets?asOf=2026-11-20T10:00:00Z');
    await page.getByText('You look at the past').waitFor();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Detections' }).click();
    await page.waitForURL('**/detections?asOf=2026-11-20T10%3A00%3A00.000Z');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.waitForURL('**/detections');
    expect(await page.getByText('You look at the past').count()).toBe(0);
  });

  it('says so when the password is wrong', async ({ page, url }) => {
    await page.goto(url);
    await page.getByLabel('Login').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('fail');
    await page.getByRole('button', { name: 'Log in' }).click();
    const alert = page.getByText('The login or the password is wrong.');
    await alert.waitFor();
    expect(new URL(page.url()).pathname).toBe('/login');
  });

  it('tells how to add the first asset when there is none', async ({ page, url }) => {
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

  it('shows why a roll-out stopped, which agent had trouble, what expires, and lets one go on', async ({ page, url }) => {
    await logIn(page, url, admin, '/releases');
    await page.getByText('1 of 2 agents failed or rolled back').waitFor();
    await page.getByText('crash, ended with 139 three times').waitFor();
    await page.getByText('Signed release metadata expires soon').waitFor();
    await page.getByRole('button', { name: 'Resume 0.3.0' }).click();
    const promote = page.getByRole('button', { name: 'Promote 0.3.0' });
    await promote.waitFor();
    expect(await promote.isEnabled()).toBe(true);
  });

  it('tells which addresses to allow, with commands to paste', async ({ page, url }) => {
    await logIn(page, url, admin, '/help/platform');
    await page.getByText('curl -v https://cdn-eu.vedette.example/stub_status').waitFor();
    const windows = page.getByText('iwr -UseBasicParsing https://cdn-us.vedette.example/stub_status');
    await windows.waitFor();
    expect(await windows.isVisible()).toBe(true);
  });

  it('puts a tag on an asset, takes it away, and says which query others fit', async ({ page, url }) => {
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

  it('takes a schedule over whose owner is gone, and offers nobody to run it before', async ({ page, url }) => {
    await logIn(page, url, admin, '/reports');
    await page.getByText('grace, who owns it, was removed or disabled').waitFor();
    expect(await page.getByRole('button', { name: 'Run Database servers now' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Take over Weekly summary' }).count()).toBe(0);
    const asked = page.waitForRequest((request) => request.url().endsWith('/take-over'));
    await page.getByRole('button', { name: 'Take over Database servers' }).click();
    expect((await asked).method()).toBe('POST');
  });

  it('logs somebody else and oneself out everywhere, and says how many sessions end', async ({ page, url }) => {
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

  it('says on every part of an asset that what was fixed waits for a restart, and of what', async ({ page, url }) => {
    await logIn(page, url, admin, '/assets?state=restart');
    const first = page.getByRole('rowheader').first().getByRole('link');
    await page.goto(`${url}${(await first.getAttribute('href'))?.replace('summary', 'vulnerabilities')}`);
    await page.getByRole('link', { name: 'restart pending' }).click();
    const reason = page.getByText('A restart is pending');
    await reason.waitFor();
    expect(new URL(page.url()).pathname).toMatch(/\/summary$/);
  });

  it('orders a scan of an asset and shows how it ends', async ({ page, url }) => {
    await logIn(page, url, admin, '/assets');
    await page.getByRole('link', { name: 'web-01', exact: true }).first().click();
    await page.getByRole('button', { name: 'Scan now' }).click();
    const scanned = page.getByText('Scanned', { exact: true });
    await scanned.waitFor();
    expect(await scanned.isVisible()).toBe(true);
  });
});
