import { createActivationKey } from '@vedette/protocol';
import { eventually, PlatformProcess } from '@vedette/testkit';
import { sql } from 'kysely';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type OpenDatabase } from '../db/database.ts';
import { findAuditEvents, verifyAudit } from './store.ts';

let platform: PlatformProcess;
let database: OpenDatabase;
let organizationId: string;
beforeAll(async () => {
  platform = await PlatformProcess.start();
  const host = join(platform.dataDirectory, 'postgres/socket');
  database = openDatabase({ host, database: 'vedette', user: 'vedette' });
  organizationId = (await database.db.selectFrom('organization').select('id').executeTakeFirstOrThrow()).id;
}, 120_000);
afterAll(async () => {
  await database?.close();
  await platform?.[Symbol.asyncDispose]();
});

const make = (name: string) => platform.client.call(createActivationKey, { body: { name } }).catch(() => null);

async function madeKeys(beginning: string): Promise<string[]> {
  const rows = await database.db.selectFrom('activationKey').select('name').where('name', 'like', `${beginning}%`).execute();
  return rows.map(({ name }) => name).toSorted();
}

/** What was told of them, by name. */
async function told(beginning: string): Promise<Map<string, { outcome: string; interrupted: unknown }>> {
  const part = { sort: 'number', direction: 'descending', limit: 1000 } as const;
  const { items } = await findAuditEvents(database.db, { organizationId, ...part, search: beginning });
  return new Map(
    items.map(({ outcome, ...event }) => {
      const detail = event.detail as { input: { name: string }; interrupted?: unknown }; // of createActivationKey
      return [detail.input.name, { outcome, interrupted: detail.interrupted }];
    }),
  );
}

describe('a platform that is killed', { timeout: 120_000 }, () => {
  it('between an operation and its event: tells of it as interrupted when it is there again', async () => {
    const wanted = ['stopped 1', 'stopped 2', 'stopped 3'];
    await database.db.transaction().execute(async (transaction) => {
      // Everybody has done what he was asked for, and stands before the end of the chain.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`audit ${organizationId}`}, 0))`.execute(transaction);
      const calls = wanted.map(make);
      await eventually('what was asked for', 20_000, async () => ((await madeKeys('stopped')).length === 3 ? true : null));
      await platform.kill();
      await Promise.all(calls);
      expect((await told('stopped')).size).toBe(0);
    });
    await platform.restart();
    const all = await eventually('their events', 20_000, async () => {
      const events = await told('stopped');
      return events.size === 3 ? events : null;
    });
    expect(wanted.map((name) => all.get(name))).toEqual(wanted.map(() => ({ outcome: 'failed', interrupted: true })));
    expect((await verifyAudit(database.db, organizationId, null)).fault).toBeNull();
  });

  it('at any moment: has no change without its event, and a chain without a gap', async () => {
    let count = 0;
    const busy = Array.from({ length: 4 }, async () => {
      while (platform.pid > 0 && (await make(`flood ${(count += 1)}`))) if (count > 5000) return;
    });
    await eventually('a flood', 20_000, async () => ((await madeKeys('flood')).length > 40 ? true : null));
    await platform.kill();
    await Promise.all(busy);
    await platform.restart();
    await eventually('the last intents', 20_000, async () =>
      (await database.db.selectFrom('auditIntent').select('id').execute()).length === 0 ? true : null,
    );
    const events = await told('flood');
    expect((await madeKeys('flood')).filter((name) => !events.has(name))).toEqual([]);
    expect((await verifyAudit(database.db, organizationId, null)).fault).toBeNull();
  });
});
