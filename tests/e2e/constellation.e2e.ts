import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { severities, severityNames, type Dashboard, type Detection, type Explanation } from '@vedette/protocol';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations } from './accessibility.ts';
import { chromiumPath, startBrowser } from './browser.ts';
import { type Credentials, expectHeading, exploreConsole, logIn } from './explore-console.ts';

const repository = join(import.meta.dirname, '../..');
const canBrowse = existsSync(chromiumPath()) || process.env['CI'] === 'true';
if (!canBrowse) console.warn(`skipped: no browser at ${chromiumPath()}; apt-get install chromium, or set VEDETTE_CHROMIUM`);

/** What a person gets from `npm start`: platform, console, an agent on this machine, and this machine's detections in a browser. */
describe.runIf(canBrowse)('the constellation that npm start brings up', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-constellation-'));
  let work: ChildProcess;
  let said: string;
  let url: string;
  let admin: Credentials;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    // PostgreSQL does not run as root: its user has to come through here.
    chmodSync(directory, 0o755);
    work = spawn(process.execPath, [
      join(repository, 'tools/start.mjs'),
      '--data',
      join(directory, 'data'),
      '--port',
      '0',
      '--offline',
    ]);
    said = await untilReady(work);
    url = find(/^ *Console +(\S+)/m, said);
    admin = { login: find(/^ *Login +(\S+)/m, said), password: find(/^ *Password +(\S+)/m, said) };
    browser = await startBrowser();
    page = await newPage(browser);
    await logIn(page, url, admin);
  });
  afterAll(async () => {
    await browser?.close();
    if (work.exitCode === null) {
      const ended = once(work, 'exit');
      work.kill('SIGTERM');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  });

  async function api<Reply>(path: string): Promise<Reply> {
    const response = await page.request.get(`${url}/api/v1${path}`);
    expect(response.status()).toBe(200);
    return (await response.json()) as Reply; // a test believes the contract
  }

  it('says as many detections in the terminal as the list then holds', async () => {
    const { total } = await api<{ total: number }>('/detections?limit=1');
    expect(Number(find(/(\d+) open detections after/, said))).toBe(total);
    expect(total).toBeGreaterThan(0);
  });

  it('shows every page without a fault, and to everybody', async () => {
    const violations: string[] = [];
    await using visitor = await newPage(browser);
    const faults = await exploreConsole(visitor, url, admin, async (name) => {
      violations.push(...(await accessibilityViolations(visitor, name)));
    });
    expect(faults).toEqual([]);
    expect(violations).toEqual([]);
  });

  it('shows the figures of the API, and each figure leads to a list of as many', async () => {
    await page.goto(url);
    await expectHeading(page, 'Worst findings');
    const dashboard = await api<Dashboard>('/dashboard');
    const tiles = await page.locator('a.tile').evaluateAll((links) =>
      links.map((link) => ({
        label: link.querySelector('.tile-label')?.textContent ?? '',
        value: Number(link.querySelector('.tile-value')?.textContent?.replaceAll(',', '')),
        path: link.getAttribute('href') ?? '',
      })),
    );
    expect(Object.fromEntries(tiles.map(({ label, value }) => [label.toLowerCase(), value]))).toEqual({
      ...Object.fromEntries(severities.map((level) => [severityNames[level], dashboard.open[severityNames[level]]])),
      assets: dashboard.assets,
      silent: dashboard.silentAssets,
      'pending restart': dashboard.pendingRestart,
      'known exploited': dashboard.knownExploited,
      new: dashboard.newLast7Days,
      fixed: dashboard.fixedLast7Days,
    });
    expect(dashboard.openTotal).toBeGreaterThan(0);
    for (const { label, value, path } of tiles) {
      expect(`${label}: ${await countAt(path)}`).toBe(`${label}: ${value}`);
    }
  });

  it('counts assets by risk and by what is found on them, and each count leads to a list of as many', async () => {
    await page.goto(url);
    const bands = await countsIn(page.locator('a[href^="/assets?query=risk"]'));
    await page.goto(`${url}/detections?group=severity`);
    const groups = await countsIn(page.locator('a[href^="/assets?query=detection"]'));
    expect([bands.length > 0, groups.length > 0]).toEqual([true, true]);
    for (const { value, path } of [...bands, ...groups]) expect(`${path}: ${await countAt(path)}`).toBe(`${path}: ${value}`);
  });

  /** Links that are there, with the count that each begins with. */
  async function countsIn(links: Locator): Promise<{ value: number; path: string }[]> {
    await links.first().waitFor();
    return links.evaluateAll((all) =>
      all.map((link) => ({
        value: Number.parseInt((link.textContent ?? '').replaceAll(',', ''), 10),
        path: link.getAttribute('href') ?? '',
      })),
    );
  }

  /** How many rows the list says it has. */
  async function countAt(path: string): Promise<number> {
    await page.goto(new URL(path, url).href);
    const heading = page.getByRole('heading', { level: 1 }).filter({ hasText: /\([\d,]+\)/ });
    await heading.waitFor();
    return Number((await heading.textContent())?.replace(/.*\(([\d,]+)\).*/, '$1').replaceAll(',', ''));
  }

  it('says why a detection exists, at an address that survives a reload and a fresh login', async () => {
    await page.goto(`${url}/detections?kind=vulnerability`);
    await page.getByRole('button', { name: /^Why / }).first().click();
    const { items } = await api<{ items: Detection[] }>('/detections?limit=1&kind=vulnerability');
    const [worst] = items;
    if (!worst) throw new Error('this machine has no detection');
    const explanation = await api<Explanation>(`/assets/${worst.assetId}/detections/${worst.check}`);
    expect(await missingParts(page, explanation)).toEqual([]);
    const opened = new URL(page.url());
    await page.reload();
    expect(await missingParts(page, explanation)).toEqual([]);
    await page.context().clearCookies();
    await logIn(page, url, admin, opened.pathname + opened.search);
    expect(await missingParts(page, explanation)).toEqual([]);
  });

  it('orders a scan that the waiting agent carries out', async () => {
    const { items } = await api<{ items: { assetId: string }[] }>('/assets?limit=1');
    await page.goto(`${url}/assets/${items[0]?.assetId}`);
    await page.getByRole('button', { name: 'Scan now' }).click();
    const scanned = page.getByText('Scanned', { exact: true });
    // An ordered scan, too, stays within a twentieth of a processor.
    await scanned.waitFor({ timeout: 240_000 });
    expect(await scanned.isVisible()).toBe(true);
  });

  it('exports as many rows as the API has detections', async () => {
    await page.goto(`${url}/detections`);
    const { total } = await api<{ total: number }>('/detections?limit=1');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export CSV' }).click()]);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines).toHaveLength(total + 1);
    expect(lines[0]).toContain('Check,Number,Asset,Severity,Confidence,Kind,Title,Status,Packages,Installed,Fixed in,Advisory');
  });

  it('makes an API token that works until it is revoked', async () => {
    await page.goto(`${url}/tokens`);
    await page.getByRole('button', { name: 'Create API token' }).click();
    await page.getByLabel('Name').fill('report');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    const secret = (await page.locator('.copy-line code').first().textContent()) ?? '';
    const status = async () => (await fetch(`${url}/api/v1/about`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await status()).toBe(200);
    await page.getByRole('button', { name: 'Revoke report' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByRole('button', { name: 'Revoke report' }).waitFor({ state: 'detached' });
    expect(await status()).toBe(401);
  });

  it('finds a check by its number with the keyboard alone', async () => {
    const { items } = await api<{ items: Detection[] }>('/detections?limit=1');
    await page.goto(url);
    await expectHeading(page, 'Worst findings');
    await page.keyboard.press('Control+k');
    await page.getByLabel('Page, asset, check, package or saved query').fill(String(items[0]?.check));
    await page
      .getByRole('list', { name: 'Found' })
      .getByRole('link', { name: items[0]?.name ?? '' })
      .waitFor();
    await page.keyboard.press('Enter');
    await expectHeading(page, items[0]?.name ?? '');
    expect(new URL(page.url()).pathname).toBe(`/checks/${items[0]?.check}`);
  });
});

/** Everything it printed until it waits for Ctrl-C. Throws with that when it ended before. */
async function untilReady(work: ChildProcess): Promise<string> {
  let said = '';
  const listen = (chunk: Buffer) => (said += chunk.toString());
  work.stdout?.on('data', listen);
  work.stderr?.on('data', listen);
  while (!said.includes('Ctrl-C stops everything')) {
    if (work.exitCode !== null) throw new Error(`npm start ended with ${work.exitCode}:\n${said}`);
    await Promise.race([once(work.stderr!, 'data'), once(work.stdout!, 'data'), once(work, 'exit')]); // both are pipes
  }
  return said;
}

function find(pattern: RegExp, text: string): string {
  const found = pattern.exec(text)?.[1];
  if (!found) throw new Error(`nothing looks like ${pattern} in:\n${text}`);
  return found;
}

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}

/** What the panel does not show of what the API says: sentence, versions, comparison, advisory and its address, origin and its date. */
async function missingParts(page: Page, { why }: Explanation): Promise<string[]> {
  const [reason] = why;
  if (!reason?.origin || !reason.comparison || !reason.advisory.url) throw new Error('the explanation has gaps');
  await page.getByRole('heading', { name: 'History' }).waitFor();
  const section = page.locator('section.reason').first();
  const shown = [
    await section.innerText(),
    await section.getByRole('link', { name: reason.advisory.id }).getAttribute('href'),
    await section.locator('time').first().getAttribute('datetime'),
  ].join('\n');
  const { comparison, origin } = reason;
  return [
    reason.sentence,
    reason.package.installed,
    reason.package.fixed ?? 'no fix yet',
    comparison.left,
    comparison.right,
    comparison.order,
    reason.advisory.url,
    origin.feed,
    origin.retrievedAt,
    origin.sha256,
  ].filter((part) => !shown.includes(part));
}
