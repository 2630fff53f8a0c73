import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Locator } from 'playwright-core';
import { test } from 'vitest';
import { startMockApi } from '../../../apps/console/mock-api/server.ts';
import { startBrowser } from '../browser.ts';

export const dist = fileURLToPath(new URL('../../../apps/console/dist', import.meta.url));
/** Without the built console there is nothing to look at. */
export const isBuilt = existsSync(`${dist}/index.html`);
/** Whom the API of fixtures lets in. */
export const admin = { login: 'admin', password: 'any' };

/**
 * A test of the built console in a real browser over the API of fixtures, at `url`: what a person sees when things go well, and when they do
 * not. Platform and browser are those of the file, the page is the test's own.
 */
export const it = test
  // oxlint-disable-next-line no-empty-pattern -- the test runner reads from the pattern what is needed first
  .extend('url', { scope: 'file' }, async ({}, { onCleanup }) => {
    const { server, url } = await startMockApi();
    onCleanup(() => void server.close());
    return url;
  })
  // oxlint-disable-next-line no-empty-pattern -- as above
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }) => {
    const browser = await startBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('page', async ({ browser }, { onCleanup }) => {
    // A context of its own: no cookie outlives its test.
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    onCleanup(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    return page;
  });

export function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate((one) => document.activeElement === one);
}
