import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyObserved } from '../testing/apply-observed.ts';
import { concurrentIndex } from './concurrent-index.ts';
import { migrations } from './migrations/index.ts';
import type { SchemaMigration } from './migrations/schema-migration.ts';

/** Beside nobody who writes to one of these tables: what was not online up to 034. Nothing may be added. */
const notOnlineThen: Readonly<Record<string, readonly string[]>> = {
  // Histories became parts of larger tables; assets got numbers.
  '004-fleet-index': [
    'reads asset while nobody can write to asset, fact_change, inventory_change, verdict',
    'reads verdict while nobody can write to asset, fact_change, inventory_change, verdict',
    'rewrites asset',
    'rewrites inventory_change',
    'rewrites fact_change',
    'takes away what is unique in public.inventory_change USING btree (organization_id, asset_id, collector, change)',
    'demands what is unique in public.inventory_change USING btree (organization_id, asset_id, collector, change, at)',
  ],
  // Tables that do not grow with the fleet.
  '007-feed-refresh': ['reads feed_state while nobody can write to feed_state'],
  '016-people': ['reads session while nobody can write to api_token, app_user, organization, session', 'rewrites session'],
  '017-second-factors': ['reads app_user while nobody can write to app_user, organization, session'],
  '028-owners': ['notification_rule', 'report', 'report_schedule'].map(
    (table) => `reads ${table} while nobody can write to notification_rule, report, report_schedule`,
  ),
  '030-token-origin': ['reads api_token while nobody can write to api_token'],
  // Indexes on tables that do.
  '020-release-events': ['reads release_event while nobody can write to release_event'],
  '025-events': ['fact_change_past', 'fact_change_rest', 'inventory_change_past', 'inventory_change_rest', 'release_event'].map(
    (table) =>
      `reads ${table} while nobody can write to fact_change, fact_change_past, fact_change_rest, inventory_change, inventory_change_past, inventory_change_rest, release_event`,
  ),
  '032-agents-by-time': ['reads agent while nobody can write to agent'],
  '034-newest-agents': ['reads agent while nobody can write to agent, asset'],
};

it('every migration can be applied beside the release before', async () => {
  await using database = await throwAwayDatabase({ empty: true });
  const broken: [name: string, rules: string[]][] = [];
  for (const [name, migration] of Object.entries(migrations)) {
    const rules = await applyObserved(database.db, name, migration);
    if (rules.length > 0) broken.push([name, rules]);
  }
  expect(Object.fromEntries(broken)).toEqual(notOnlineThen);
});

describe('a migration', () => {
  let database: ThrowAwayDatabase;
  beforeAll(async () => {
    database = await throwAwayDatabase();
    await database.db.insertInto('organization').values({ id: crypto.randomUUID(), name: 'o', createdAt: new Date() }).execute();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it.each<[does: string, how: string | SchemaMigration, broken: string[], name?: string]>([
    ['adds a table', 'create table novelty (at timestamptz primary key)', []],
    ['adds columns', `alter table agent add column a text, add column moods text[] not null default '{}'`, []],
    ['checks a new one', `alter table agent add column mood text, add constraint said check (mood <> '') not valid`, []],
    ['looks at all rows beside others', 'alter table agent validate constraint said', []],
    ['builds an index beside others', concurrentIndex({ name: 'agent_mood', table: 'agent', of: '(mood)' }), []],
    ['builds one in parts', concurrentIndex({ name: 'fact_change_n', table: 'fact_change', of: '(sequence)' }), []],
    ['takes away what it says nobody needs', 'alter table agent drop column moods', [], '036-a-needs-035'],
    [
      'gives each row another value',
      'alter table tag add column token uuid default gen_random_uuid()',
      ['reads tag while nobody can write to tag', 'rewrites tag'],
    ],
    [
      'keeps writers out while it builds an index',
      'create index tag_name on tag (name)',
      ['reads tag while nobody can write to tag'],
    ],
    [
      'does so outside of a transaction',
      {
        isResumed: true,
        up: (db: Kysely<unknown>) => sql`create index tag_names on tag (name)`.execute(db).then(() => undefined),
      },
      ['says outside of a transaction: create index tag_names on tag (name)'],
    ],
    [
      'looks at all rows beside nobody',
      `alter table agent add column felt text check (felt <> '')`,
      ['reads agent while nobody can write to agent'],
    ],
    ['fills a column', `update organization set name = name || '!'`, ['changes rows of organization']],
    [
      'leaves no room for rows of older programs',
      'alter table role add column a text not null',
      ['reads role while nobody can write to role', 'demands a value of role.a'],
    ],
    [
      'wants what older programs may not write',
      `alter table agent add constraint versioned check (version <> '') not valid`,
      [`demands CHECK ((version <> ''::text)) of agent`],
    ],
    [
      'renames a column',
      'alter table asset rename column hostname to name',
      ['takes away column asset.hostname text', 'demands a value of asset.name'],
    ],
    ['drops a table', 'drop table agent_order', expect.arrayContaining(['takes away table agent_order'])],
  ])('that %s', async (_title, how, broken, name = '035-sample') => {
    const migration = typeof how === 'string' ? { up: (db: Kysely<unknown>) => sql.raw(how).execute(db) } : how;
    expect(await applyObserved(database.db, name, { ...migration, up: async (db) => void (await migration.up(db)) })).toEqual(
      broken,
    );
  });
});
