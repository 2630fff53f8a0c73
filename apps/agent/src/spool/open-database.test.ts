import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Layout, openDatabase } from './open-database.ts';
import { Spool } from './spool.ts';

/** What later agents might do. */
const later: readonly Layout[] = [
  { up: 'select 1', down: '' },
  {
    up: `create table event (id integer primary key, body text not null) strict; alter table acknowledged add column note text default 'it''s new'`,
    down: 'alter table acknowledged drop column note; create table kept_event as select * from event; drop table event',
  },
  {
    up: 'alter table acknowledged rename column row_count to count',
    down: 'alter table acknowledged rename column count to row_count',
  },
];

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-layout-'));
  path = join(directory, 'spool.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const state = { version: 1, sequence: 3, digest: 'd', rows: [{ name: 'openssl' }] };
const document = {
  collector: 'dpkg',
  version: 1,
  kind: 'delta',
  sequence: 3,
  digest: 'd',
  collectedAt: '',
  status: 'complete',
  rows: { count: 0 },
} as const;

describe('the layout of the spool', () => {
  it('is carried forward by a newer agent and back by the one before it, with all that is in it', () => {
    using before = Spool.open(directory, { agentId: 'me' });
    before.put([{ collector: 'dpkg', document, after: state }]);
    before[Symbol.dispose]();
    const newer = openDatabase(path, later);
    expect(newer.problem).toBeNull();
    expect(newer.database.prepare('select note from acknowledged').all()).toEqual([]);
    newer.database.prepare('insert into event (body) values (?)').run('seen by the newer one');
    newer.database.close();
    using after = Spool.open(directory, { agentId: 'me' });
    expect(after.outgoing('dpkg')).toMatchObject({ sequence: 3 });
    expect(after.outgoingDocument('dpkg')).toMatchObject({ kind: 'delta', sequence: 3 });
    after.acknowledge(['dpkg']);
    after[Symbol.dispose]();
    expect(readdirSync(directory).filter((name) => name.includes('damaged'))).toEqual([]);
    const again = openDatabase(path, later);
    expect(again.database.prepare('select collector, count from acknowledged').all()).toMatchObject([
      { collector: 'dpkg', count: 1 },
    ]);
    again.database.close();
  });

  it('goes back one layout at a time', () => {
    openDatabase(path).database.close();
    openDatabase(path, later).database.close();
    const middle = openDatabase(path, later.slice(0, 2));
    expect(middle.database.prepare('pragma user_version').get()).toEqual({ user_version: 2 });
    expect(middle.database.prepare('select row_count, note from acknowledged').all()).toEqual([]);
    middle.database.close();
  });

  it('is set aside when nobody left a way back', () => {
    openDatabase(path).database.close();
    const newer = openDatabase(path, later);
    newer.database.exec('delete from undo');
    newer.database.close();
    openDatabase(path).database.close();
    expect(readdirSync(directory)).toContain('spool.db.damaged');
  });

  it('stays as it was when the way fails', () => {
    openDatabase(path).database.close();
    const broken = [
      later[0] as Layout,
      { up: 'create table half (x integer) strict; create table half (x integer) strict', down: '' },
    ];
    expect(() => openDatabase(path, broken)).toThrow(/half/);
    using spool = Spool.open(directory, { agentId: 'me' });
    expect(spool.problem).toBeNull();
  });
});
