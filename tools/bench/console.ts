import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compareMoments,
  countDetections,
  getAsset,
  getDashboard,
  getPulse,
  getRisk,
  getRiskChanges,
  getTimeline,
  getTrends,
  listAssets,
  listChecks,
  listDetections,
  listEvents,
  listFixes,
  listSoftware,
} from '@vedette/protocol';
import type { PlatformProcess } from '@vedette/testkit';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../tests/e2e/browser.ts';
import { logIn } from '../../tests/e2e/explore-console.ts';
import { FleetConnection } from '../fleet/connection.ts';
import { Fleet } from '../fleet/fleet.ts';
import { percentile } from '../fleet/tally.ts';
import { buildConsole } from '../start/build.ts';
import { FeedDirectory } from './fleet/feed-directory.ts';
import { seedPlatform } from './fleet/seed-platform.ts';
import { startPlatform } from './fleet/start-platform.ts';

export const name = 'console';
export const options = {
  assets: 'size of the fleet (default 100)',
  rounds: 'how often each page is opened (default 3)',
  asks: 'how often each question is asked (default 20)',
  rows: 'how much of a list is read as CSV (default 1000000)',
};

const pages = { dashboard: '/', assets: '/assets', detections: '/detections', checks: '/checks', software: '/software' } as const;

const admin = { login: 'admin', password: 'a password of the benchmark' };

/** How long the console takes to show its pages in Chromium, and the API to answer what they ask, with a fleet of its own on this machine. */
export async function run(given: Readonly<Record<string, number>>): Promise<Record<string, unknown>> {
  const { assets = 100, rounds = 3, asks = 20, rows: exportRows = 1_000_000 } = given;
  await buildConsole(join(import.meta.dirname, '../..'));
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    await using stack = new AsyncDisposableStack();
    const feed = new FeedDirectory(join(directory, 'feed'));
    const platform = stack.use(await startPlatform(feed, { VEDETTE_BOOTSTRAP_PASSWORD: admin.password }));
    const fleet = new Fleet(1, assets, stack.use(new FleetConnection({ sockets: 4, verifyEvery: 16 })));
    await seedPlatform(platform, fleet);
    const browser = await startBrowser();
    stack.defer(() => browser.close());
    const loadAverage = loadavg()[0];
    const api = await askAll(platform, fleet, asks);
    process.stderr.write(`${JSON.stringify(api)}\n`);
    const lists = await exportLists(platform, exportRows);
    process.stderr.write(`${JSON.stringify(lists)}\n`);
    const shown = await openAll(platform, browser, rounds);
    await platform.kill();
    return { assets, loadAverage, ...api, ...lists, ...shown };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function askAll({ client }: PlatformProcess, fleet: Fleet, asks: number): Promise<Record<string, number>> {
  const day = 86_400_000;
  const ago = (days: number): string => new Date(Date.now() - days * day).toISOString();
  // As the console asks: it stays at one moment, whose index is made by the first question.
  const weekAgo = ago(7);
  let moments = 0;
  // Of the last weeks, another one each time.
  const anyMoment = (): string => ago(1 + ((++moments * 0.618) % 1) * 24);
  const assetId = fleet.agents[0]?.assetId as never; // of a fleet of one or more
  const questions: Record<string, () => Promise<unknown>> = {
    dashboard: () => client.call(getDashboard, {}),
    trends: () => client.call(getTrends, {}),
    risk: () => client.call(getRisk, {}),
    riskChanges: () => client.call(getRiskChanges, { query: { since: ago(1) } }),
    fixes: () => client.call(listFixes, {}),
    fixesByRestart: () => client.call(listFixes, { query: { sort: 'restart' } }),
    events: () => client.call(listEvents, {}),
    eventsByHostname: () => client.call(listEvents, { query: { sort: 'hostname' } }),
    pulse: () => client.call(getPulse, {}),
    assets: () => client.call(listAssets, { query: { limit: 50 } }),
    assetsByQuery: () => client.call(listAssets, { query: { query: 'software:(name:openssl and version:<3.0.15)', limit: 50 } }),
    assetsByDetections: () => client.call(listAssets, { query: { query: 'os:debian and detection:(status:new)', limit: 50 } }),
    assetsByLastSeen: () => client.call(listAssets, { query: { sort: 'lastSeen', limit: 50 } }),
    assetsByState: () => client.call(listAssets, { query: { sort: 'state', limit: 50 } }),
    assetsByAgentVersion: () => client.call(listAssets, { query: { sort: 'agentVersion', limit: 50 } }),
    assetsOfThePast: () => client.call(listAssets, { query: { asOf: ago(7), limit: 50 } }),
    detections: () => client.call(listDetections, { query: { limit: 50 } }),
    detectionsByQuery: () =>
      client.call(listDetections, { query: { query: 'severity:>=high and asset:(os:debian)', limit: 50 } }),
    detectionsByRisk: () => client.call(listDetections, { query: { sort: 'risk', limit: 50 } }),
    detectionsByName: () => client.call(listDetections, { query: { sort: 'name', limit: 50 } }),
    detectionsByHostname: () => client.call(listDetections, { query: { sort: 'hostname', limit: 50 } }),
    detectionsByPackage: () => client.call(listDetections, { query: { sort: 'package', limit: 50 } }),
    detectionsByLastFound: () =>
      client.call(listDetections, { query: { sort: 'lastFound', direction: 'descending', limit: 50 } }),
    detectionsByStatus: () => client.call(listDetections, { query: { sort: 'status', limit: 50 } }),
    detectionsByFirstFound: () =>
      client.call(listDetections, { query: { sort: 'firstFound', direction: 'descending', limit: 50 } }),
    detectionsSearched: () => client.call(listDetections, { query: { search: 'openssl', limit: 50 } }),
    detectionsFound: () => client.call(listDetections, { query: { query: 'firstFound:<now-2d and not status:new', limit: 50 } }),
    detectionsFixable: () => client.call(listDetections, { query: { query: 'fixable:true or package:openssl', limit: 50 } }),
    detectionsNested: () =>
      client.call(listDetections, { query: { query: 'not asset:(software:(name:openssl) or hostname:*7)', limit: 50 } }),
    detectionCounts: () => client.call(countDetections, { query: { groupBy: 'asset', query: 'severity:>=high' } }),
    countsByAsset: () => client.call(countDetections, { query: { groupBy: 'asset' } }),
    countsByRelease: () => client.call(countDetections, { query: { groupBy: 'release', query: 'asset:(hostname:*7)' } }),
    countsByPackage: () => client.call(countDetections, { query: { groupBy: 'package' } }),
    countsByDay: () => client.call(countDetections, { query: { groupBy: 'firstFound' } }),
    countsOfNew: () => client.call(countDetections, { query: { groupBy: 'release', status: 'new' } }),
    checks: () => client.call(listChecks, { query: { limit: 50 } }),
    checksByAssets: () => client.call(listChecks, { query: { sort: 'assets', limit: 50 } }),
    software: () => client.call(listSoftware, { query: { limit: 50 } }),
    softwareByVersion: () => client.call(listSoftware, { query: { sort: 'version', limit: 50 } }),
    softwareOfThePast: () => client.call(listSoftware, { query: { asOf: weekAgo, limit: 50 } }),
    softwareOfAnyMoment: () => client.call(listSoftware, { query: { asOf: anyMoment(), limit: 50 } }),
    fixesOfAnyMoment: () => client.call(listFixes, { query: { asOf: anyMoment() } }),
    detectionsOfAnyMoment: () => client.call(listDetections, { query: { sort: 'status', asOf: anyMoment(), limit: 50 } }),
    assetsOfAnyMoment: () =>
      client.call(listAssets, { query: { query: 'detection:(severity:critical)', asOf: anyMoment(), limit: 50 } }),
    checksOfThePast: () => client.call(listChecks, { query: { asOf: ago(7), limit: 50 } }),
    detectionsOfThePast: () => client.call(listDetections, { query: { asOf: ago(7), limit: 50 } }),
    dashboardOfThePast: () => client.call(countDetections, { query: { groupBy: 'severity', asOf: weekAgo } }),
    softwareByDetections: () => client.call(listSoftware, { query: { sort: 'detections', limit: 50 } }),
    twoMoments: () => client.call(compareMoments, { query: { from: ago(7), to: ago(1) } }),
    assetPage: () => client.call(getAsset, { params: { assetId } }),
    timeline: () => client.call(getTimeline, { params: { assetId } }),
  };
  const figures: Record<string, number> = {};
  const all: number[] = [];
  for (const [question, ask] of Object.entries(questions)) {
    const times: number[] = [];
    for (let round = 0; round <= asks; round += 1) {
      const startedAt = performance.now();
      await ask();
      const took = performance.now() - startedAt;
      // Nobody has asked this since the start: some of what it takes is kept from then on.
      if (round === 0) figures[`${question}FirstMs`] = took;
      else times.push(took);
    }
    figures[`${question}P50Ms`] = percentile(times, 0.5);
    figures[`${question}P99Ms`] = percentile(times, 0.99);
    all.push(...times);
  }
  return { ...figures, apiP50Ms: percentile(all, 0.5), apiP99Ms: percentile(all, 0.99) };
}

/** Each page with an empty cache, and again with a full one. */
async function openAll(platform: PlatformProcess, browser: Browser, rounds: number): Promise<Record<string, number>> {
  const first = await browser.newContext({ reducedMotion: 'reduce' });
  await logIn(await first.newPage(), platform.url, admin);
  const storageState = await first.storageState();
  await first.close();
  const figures: Record<string, number> = {};
  const times = new Map<string, number[]>();
  const note = (figure: string, value: number): void => void times.set(figure, [...(times.get(figure) ?? []), value]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [place, path] of Object.entries(pages)) {
      const fresh = await browser.newContext({ storageState, reducedMotion: 'reduce', viewport: { width: 1360, height: 900 } });
      const visitor = await fresh.newPage();
      visitor.setDefaultTimeout(60_000);
      note(`${place}ColdMs`, await open(visitor, platform.url + path, place));
      if (round === 0 && place === 'dashboard') Object.assign(figures, await transferred(visitor));
      note(`${place}WarmMs`, await open(visitor, platform.url + path, place));
      await fresh.close();
    }
  }
  for (const [figure, values] of times) figures[figure] = percentile(values, 0.5);
  return figures;
}

/** From the navigation, by the browser's own clock, until what the page is for is in it: a mark of performance. */
async function open(page: Page, address: string, place: string): Promise<number> {
  const wanted = place === 'dashboard' ? '.tiles .tile-value' : 'tbody a, tbody code';
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator(wanted).first().waitFor();
  return page.evaluate(() => performance.mark('shown').startTime);
}

/** What came over the wire for the first page, and how large it is. */
function transferred(page: Page): Promise<Record<string, number>> {
  return page.evaluate(() => {
    const files = performance.getEntriesByType('resource').filter(({ name: file }) => file.includes('/static/'));
    const entries = files as PerformanceResourceTiming[]; // of that type there are no others
    const sum = (list: PerformanceResourceTiming[], of: 'encodedBodySize' | 'decodedBodySize') =>
      list.reduce((total, entry) => total + entry[of], 0);
    const scripts = entries.filter(({ name: file }) => file.endsWith('.js'));
    return {
      dashboardFiles: entries.length,
      dashboardBytesOnTheWire: sum(entries, 'encodedBodySize'),
      dashboardBytes: sum(entries, 'decodedBodySize'),
      dashboardScriptBytesOnTheWire: sum(scripts, 'encodedBodySize'),
      dashboardScriptBytes: sum(scripts, 'decodedBodySize'),
    };
  });
}

/** Lists as CSV: rows each second, and by how much the platform grows meanwhile. No more is read than `mostRows`. */
async function exportLists(platform: PlatformProcess, mostRows: number): Promise<Record<string, number>> {
  const lists = { detectionExport: '/detections?format=csv', checkExport: '/checks?format=csv' };
  const figures: Record<string, number> = {};
  for (const [list, path] of Object.entries(lists)) {
    const before = residentBytes(platform.pid);
    const startedAt = performance.now();
    let [rows, peak] = [-1, before]; // the first line has the names of columns
    for await (const chunk of platform.client.download(path)) {
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) rows += 1;
      peak = Math.max(peak, residentBytes(platform.pid));
      if (rows >= mostRows) break;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    Object.assign(figures, {
      [`${list}Rows`]: rows,
      [`${list}Seconds`]: seconds,
      [`${list}RowsPerSecond`]: rows / seconds,
      [`${list}GrowthBytes`]: peak - before,
    });
  }
  return figures;
}

const newline = 0x0a;

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
