import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startMockApi } from '../../apps/console/mock-api/server.ts';
import { startBrowser } from './browser.ts';
import { logIn } from './explore-console.ts';

const dist = fileURLToPath(new URL('../../apps/console/dist', import.meta.url));

describe.runIf(existsSync(`${dist}/index.html`))('the first page of the console', () => {
  it('shows the dashboard with few files, not too large ones, and asks for nothing twice', async () => {
    await using stack = new AsyncDisposableStack();
    const { server, url } = await startMockApi();
    stack.defer(() => void server.close());
    const browser = await startBrowser();
    stack.defer(() => browser.close());
    const page = await browser.newPage();
    await logIn(page, url, { login: 'admin', password: 'any' });
    await page.goto(url);
    await page.locator('.tile-value').first().waitFor();
    const fetched = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
    const files = fetched.filter((path) => path.startsWith('/static/'));
    const bytes = files.map((path) => statSync(existsSync(`${dist}${path}.br`) ? `${dist}${path}.br` : dist + path).size);
    expect(files.length).toBeLessThanOrEqual(8);
    // As they travel. Room for a few components more, not for a library.
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(420_000);
    expect(fetched.filter((path) => path === '/api/v1/session' || path === '/api/v1/dashboard')).toHaveLength(2);
  });
});
