import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getDashboard } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import type { PlatformProcess } from '@vedette/testkit';
import { judgeUnjudged } from '../../../apps/server/src/knowledge/judge-unjudged.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import { AssetPlans } from './asset-plans.ts';
import { seedAssets } from './seed-assets.ts';

type Pool = ReturnType<typeof openDatabase>['pool'];

/** Gives a platform a fleet, all of it judged, and starts it anew with that; `change` may change what is there before. */
export async function seedPlatform(
  platform: PlatformProcess,
  fleet: Fleet,
  change: (pool: Pool) => Promise<void> = async () => undefined,
): Promise<void> {
  await platform.kill();
  const database = openDatabase({
    host: join(platform.dataDirectory, 'postgres/socket'),
    user: 'vedette',
    database: 'vedette',
    statement_timeout: 0,
  });
  // The weaknesses were known before the machines came: else the trend would be that of a whole fleet judged for the first time.
  await database.pool.query("update knowledge_version set imported_at = imported_at - interval '31 days'");
  await seedAssets(database, new AssetPlans(fleet), fleet.agents);
  await judgeUnjudged(database.db);
  await change(database.pool);
  await database.close();
  await platform.restart();
  for (let answer = null; !answer; await delay(100)) answer = await platform.client.call(getDashboard, {}).catch(() => null);
}
