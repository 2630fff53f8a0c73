import { randomUUID } from 'node:crypto';
import { throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { migrate } from '../migrate.ts';
import { migrations } from './index.ts';

it('counts who wrote the agents that are there, so that none of them is taken for a new one', async () => {
  await using database = await throwAwayDatabase({ empty: true });
  const { db } = database;
  const before = Object.entries(migrations).filter(([name]) => name < '034');
  await migrate(db, Object.fromEntries(before));
  await sql`
    insert into organization (id, name, created_at) values (${randomUUID()}, 'o', now())`.execute(db);
  await sql`
    insert into asset (organization_id, id, hostname, machine_id, first_seen, last_seen)
    select id, gen_random_uuid(), 'h', 'm', now(), now() from organization, generate_series(1, 10)`.execute(db);
  await sql`
    insert into agent (organization_id, asset_id, id, public_key, version, activation_key_id, enrolled_at)
    select organization_id, id, id, id::text::bytea, '1', id, now() from asset`.execute(db);
  await migrate(db);
  const { rows } = await sql`
    select n_distinct::float8 as values from pg_stats where tablename = 'agent' and attname = 'written_by'`.execute(db);
  expect(rows).toEqual([{ values: 1 }]);
});
