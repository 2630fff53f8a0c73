import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { countDetections, createApiToken, getTrends, listAssets, listDetections } from '@vedette/protocol';
import type { PlatformProcess } from '@vedette/testkit';
import { FleetConnection } from '../fleet/connection.ts';
import { Fleet } from '../fleet/fleet.ts';
import { percentile } from '../fleet/tally.ts';
import { FeedDirectory } from './fleet/feed-directory.ts';
import { usageOf } from './fleet/processes.ts';
import { seedPlatform } from './fleet/seed-platform.ts';
import { startPlatform } from './fleet/start-platform.ts';

export const name = 'past';
export const options = {
  assets: 'size of the fleet (default 1000)',
  asks: 'how often each question is asked (default 20)',
};

const dayMs = 24 * 3600_000;
/** The fleet came so long ago, and since then weaknesses became known day by day. */
const yearDays = 395;
/** As far back as the index reads, less a day. */
const knownSeconds = (399 * dayMs) / 1000;

/**
 * A fleet that has been there for more than a year, in which every weakness became known on a day of it: what reading back so far takes
 * the index beside everything else, and how long questions take that it then answers.
 */
export async function run({ assets = 1000, asks = 20 }: Readonly<Record<string, number>>): Promise<Record<string, unknown>> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    await using stack = new AsyncDisposableStack();
    const feed = new FeedDirectory(join(directory, 'feed'));
    const platform = stack.use(await startPlatform(feed));
    const fleet = new Fleet(1, assets, stack.use(new FleetConnection({ sockets: 4, verifyEvery: 16 })));
    await seedPlatform(platform, fleet, async (pool) => {
      await pool.query(`update inventory_change set at = at - interval '${yearDays + 5} days'`);
      await pool.query(`update asset set first_seen = first_seen - interval '${yearDays + 5} days'`);
      await pool.query(
        `update verdict set from_at = date_trunc('milliseconds', now() - make_interval(days => 1 + abs(hashint4(check_number)) % ${yearDays}))`,
      );
    });
    const loadAverage = loadavg()[0];
    const [ready, startedAt] = [usageOf(platform), performance.now()];
    const reading = await untilKnown(platform);
    const done = usageOf(platform);
    return {
      assets,
      loadAverage,
      buildSeconds: reading.buildSeconds,
      readBackSeconds: (performance.now() - startedAt) / 1000,
      readBackCpuSeconds: done.nodeCpuSeconds + done.postgresCpuSeconds - ready.nodeCpuSeconds - ready.postgresCpuSeconds,
      readyRssBytes: ready.nodeRssBytes,
      knownRssBytes: done.nodeRssBytes,
      ...(await askAll(platform, asks)),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function untilKnown({ client, url }: PlatformProcess): Promise<{ readonly buildSeconds: number }> {
  const { secret } = await client.call(createApiToken, { body: { name: 'metrics', expiresInDays: 1 } });
  for (;;) {
    const metrics = await (await fetch(new URL('/metrics', url), { headers: { authorization: `Bearer ${secret}` } })).text();
    const figure = (metric: string): number => Number(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]);
    if (figure('vedette_fleet_index_known_seconds') > knownSeconds)
      return { buildSeconds: figure('vedette_fleet_index_build_seconds') };
    await delay(500);
  }
}

async function askAll({ client }: PlatformProcess, asks: number): Promise<Record<string, number>> {
  const ago = (days: number): string => new Date(Date.now() - days * dayMs).toISOString();
  const halfYearAgo = ago(182);
  const questions: Record<string, () => Promise<{ readonly total?: number; readonly detections?: number } | object>> = {
    open90Days: () => client.call(listDetections, { query: { query: 'firstFound:<now-90d', limit: 50 } }),
    open364Days: () => client.call(listDetections, { query: { query: 'firstFound:<now-364d', limit: 50 } }),
    assetsOpen180Days: () => client.call(listAssets, { query: { query: 'detection:(firstFound:<now-180d)', limit: 50 } }),
    trends: () => client.call(getTrends, {}),
    newHalfAYearAgo: () => client.call(listDetections, { query: { status: 'new', asOf: halfYearAgo, limit: 50 } }),
    statusesHalfAYearAgo: () => client.call(countDetections, { query: { groupBy: 'status', status: 'all', asOf: halfYearAgo } }),
  };
  const figures: Record<string, number> = {};
  for (const [question, ask] of Object.entries(questions)) {
    const times: number[] = [];
    for (let round = 0; round <= asks; round += 1) {
      const startedAt = performance.now();
      await ask();
      times.push(performance.now() - startedAt);
    }
    // Nobody had asked this before: an index of the moment may have been made.
    figures[`${question}FirstMs`] = times[0] ?? 0;
    figures[`${question}P50Ms`] = percentile(times.slice(1), 0.5);
    figures[`${question}P99Ms`] = percentile(times.slice(1), 0.99);
  }
  return figures;
}
