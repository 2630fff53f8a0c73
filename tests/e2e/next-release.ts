import { type Kysely, sql } from 'kysely';
import { concurrentIndex } from '../../apps/server/src/db/concurrent-index.ts';
import { migrations } from '../../apps/server/src/db/migrations/index.ts';
import type { SchemaMigration } from '../../apps/server/src/db/migrations/schema-migration.ts';

function statements(...texts: string[]): SchemaMigration {
  return {
    async up(db: Kysely<unknown>) {
      for (const text of texts) await sql.raw(text).execute(db);
    },
  };
}

/** What a release may bring, one of each kind that docs/adr/0025-online-migrations.md allows. */
export const nextMigrations: Readonly<Record<string, SchemaMigration>> = {
  '901-table': statements('create table novelty (at timestamptz primary key)'),
  '902-columns': statements(
    `alter table agent add column mood text, add column moods text[] not null default '{}',
      add constraint said check (mood <> '') not valid`,
    'alter table collector_state add column seen_at timestamptz default now()',
  ),
  '903-validated': statements('alter table agent validate constraint said'),
  '904-written-for-others': statements(
    `create function note_mood() returns trigger language plpgsql as 'begin new.mood := coalesce(new.mood, $$unsaid$$); return new; end'`,
    'create trigger note_mood before insert on agent for each row execute function note_mood()',
  ),
  '905-by-mood': concurrentIndex({ name: 'agent_mood', table: 'agent', of: '(organization_id, mood)' }),
  '906-in-parts': concurrentIndex({ name: 'inventory_change_asset', table: 'inventory_change', of: '(asset_id, at)' }),
};

// A platform that is started with `--import` of this file is the release that has them.
Object.assign(migrations, nextMigrations);
