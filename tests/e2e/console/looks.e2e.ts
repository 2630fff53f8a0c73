import { describe, expect } from 'vitest';
import { violationsInSight } from '../accessibility.ts';
import { expectHeading, logIn } from '../explore-console.ts';
import { admin, isBuilt, it } from './over-fixtures.ts';

describe.runIf(isBuilt)('looks of the console', () => {
  it(
    'fits every page into a telephone, in dark mode, without an accessibility violation',
    { timeout: 240_000 },
    async ({ page, url }) => {
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
    },
  );

  it('prints what is shown, light and without what one presses', async ({ page, url }) => {
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

  it('gives the columns beside a long name their room', async ({ page, url }) => {
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

  it('remembers dark mode', async ({ page, url }) => {
    await logIn(page, url, admin);
    await page.getByRole('button', { name: 'Use dark mode' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Use light mode' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.style.colorScheme)).toBe('dark');
  });
});
