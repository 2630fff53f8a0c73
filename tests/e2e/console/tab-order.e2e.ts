import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { assets } from '../../../apps/console/mock-api/fixtures.ts';
import { logIn } from '../explore-console.ts';
import { admin, isBuilt, it } from './over-fixtures.ts';
import { tabFaults } from './tab-order.ts';

const pages = [
  '/',
  '/assets',
  `/assets/${assets[0]?.assetId}`,
  `/assets/${assets[0]?.assetId}/vulnerabilities`,
  '/detections',
  '/detections?group=check',
  '/checks',
  '/settings',
];

describe.runIf(isBuilt)('the console by keyboard', () => {
  let page: Page;
  it.beforeAll(async ({ browser, url }) => {
    page = await browser.newPage({ reducedMotion: 'reduce' });
    page.setDefaultTimeout(15_000);
    await logIn(page, url, admin);
  });

  it.for(pages)(
    'goes through %s in the order in which it is read, sees and hears each stop, and comes out at its end',
    { timeout: 60_000 },
    async (path, { url }) => {
      await page.goto(url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.skeleton, [class*=awsui_skeleton]').first().waitFor({ state: 'detached' });
      const { faults, stops } = await tabFaults(page, path);
      expect(faults).toEqual([]);
      expect(stops).toBeGreaterThan(30);
    },
  );

  it('has a navigation without an attribute that it may not have, however often the window becomes narrow', async ({ url }) => {
    await page.goto(`${url}/assets`);
    const [wide, narrow] = [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ];
    for (const size of [narrow, wide, narrow, wide, narrow]) {
      await page.setViewportSize(size);
      await page
        .getByRole('button', { name: 'Open navigation' })
        .or(page.getByRole('button', { name: 'Close navigation' }))
        .first()
        .waitFor();
      await expect.poll(() => page.locator('nav[aria-orientation]').count()).toBe(0);
    }
  });

  it('would tell of a stop without ring or name, of one out of order, and of a trap', async ({ browser }) => {
    const own = await browser.newPage();
    await own.setContent(`
      <div id="content">
        <button>first</button>
        <button id="bare" style="outline: none">no ring</button>
        <button></button>
        <div style="display: flex; flex-direction: column-reverse"><button>below</button><button>above</button></div>
        <div style="display: flex; flex-direction: row-reverse"><button>right</button><button>left</button></div>
        <button id="back">back</button>
      </div>`);
    const faults = [
      ': nothing shows the focus on button "no ring"',
      ': button "" has no name',
      ': button "above" comes after button "below" and is above it',
      ': button "left" comes after button "right" and is to the left of it',
    ];
    expect(await tabFaults(own, '')).toEqual({ faults, stops: 8 });
    const leadTo = (id: string) =>
      own.evaluate((to) => {
        const onKey = (event: KeyboardEvent) => {
          event.preventDefault();
          if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
          document.getElementById(to)?.focus();
        };
        document.getElementById('back')?.addEventListener('keydown', onKey);
      }, id);
    await leadTo('bare');
    expect((await tabFaults(own, '')).faults).toContain(': the focus comes back to button "no ring" and never leaves');
    await own.setContent('<button>first</button><button id="back">back</button><button>never</button>');
    await leadTo('nothing');
    expect(await tabFaults(own, '')).toEqual({ faults: [': the focus never comes to button "never"'], stops: 2 });
    await own.close();
  });
});
