import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type AssetId, scanAsset } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import { endProcess, PlatformProcess } from '@vedette/testkit';
import { percentile } from '../fleet/tally.ts';
import { cpuBetween, usageOf } from './fleet/processes.ts';
import type { WaiterKey } from './orders/waiters.ts';

export const name = 'orders';
export const options = { connections: 'held at once (default 10000)', orders: 'how many are given (default 200)' };

const measuredMs = 60_000;

/** Agents that wait for orders at a real platform, from another process: what they cost, and how soon an order arrives. */
export async function run({ connections = 10_000, orders = 200 }: Readonly<Record<string, number>>): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-orders-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(directory, { recursive: true }));
  const platform = stack.use(await PlatformProcess.start({ VEDETTE_LOG_LEVEL: 'warn' }));
  const keys = await enter(platform, connections);
  const file = join(directory, 'keys.json');
  writeFileSync(file, JSON.stringify(keys));
  const before = usageOf(platform);
  const arrived = new Map<string, number>();
  const failures: string[] = [];
  const allOpen = Promise.withResolvers<void>();
  const clients = spawn(process.execPath, [join(import.meta.dirname, 'orders/waiters.ts'), file, platform.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stack.defer(() => endProcess(clients, 'SIGTERM'));
  clients.once('exit', (code) => allOpen.reject(new Error(`the clients ended with ${code}`)));
  createInterface({ input: clients.stdout }).on('line', (line) => {
    const [what = '', value = ''] = line.split(' ');
    if (what === 'opened') allOpen.resolve();
    else if (what === 'failed') {
      failures.push(line);
      if (failures.length === 1) process.stderr.write(`${line}\n`);
    } else arrived.set(what, Number(value));
  });
  await allOpen.promise;
  await delay(3000);
  const open = usageOf(platform);
  await delay(measuredMs);
  const after = usageOf(platform);
  const cpu = cpuBetween(open, after);
  const sent = new Map<string, number>();
  for (let index = 0; index < orders; index += 1) {
    const { assetId = '' } = keys[Math.floor((index / orders) * keys.length)] ?? {};
    sent.set(assetId, performance.timeOrigin + performance.now());
    await platform.client.call(scanAsset, { params: { assetId: assetId as AssetId } }); // ids made above
  }
  await delay(2000);
  const latencies = [...sent].flatMap(([assetId, at]) => (arrived.has(assetId) ? [(arrived.get(assetId) ?? 0) - at] : []));
  return {
    connections,
    failures: failures.length,
    rssBytesPerConnection: Math.round((after.nodeRssBytes - before.nodeRssBytes) / connections),
    cpuMsPerConnectionMinute: (cpu.node * 1000) / connections / (measuredMs / 60_000),
    postgresCpuMsPerConnectionMinute: (cpu.postgres * 1000) / connections / (measuredMs / 60_000),
    orders,
    arrived: latencies.length,
    arrivalP50Ms: percentile(latencies, 0.5),
    arrivalP99Ms: percentile(latencies, 0.99),
  };
}

/** Enters assets with agents by SQL. */
async function enter(platform: PlatformProcess, count: number): Promise<WaiterKey[]> {
  const rows: { id: string; asset_id: string; key: string }[] = [];
  const keys: WaiterKey[] = [];
  for (let index = 0; index < count; index += 1) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const [agentId, assetId] = [randomUUID(), randomUUID()];
    rows.push({ id: agentId, asset_id: assetId, key: raw.toString('hex') });
    keys.push({ agentId, assetId, key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) });
  }
  const database = openDatabase({ host: join(platform.dataDirectory, 'postgres/socket'), database: 'vedette', user: 'vedette' });
  try {
    await database.pool.query(
      `with new as (select * from json_to_recordset($1) as new (id uuid, asset_id uuid, key text)),
         owner as (select id from organization limit 1),
         entered as (
           insert into asset (organization_id, id, hostname, machine_id, first_seen, last_seen)
           select owner.id, asset_id, 'seeded', 'seeded', now(), now() from new, owner
         )
       insert into agent (organization_id, asset_id, id, public_key, version, activation_key_id, enrolled_at)
       select owner.id, asset_id, new.id, decode(key, 'hex'), 'seeded', owner.id, now() from new, owner`,
      [JSON.stringify(rows)],
    );
  } finally {
    await database.close();
  }
  return keys;
}
