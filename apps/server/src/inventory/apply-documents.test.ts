import { randomUUID } from 'node:crypto';
import type { FactRow, SyncDocument } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findFacts } from '../assets/facts.ts';
import { applyDocuments, InventoryMemory } from './apply-documents.ts';
import { readRows } from './read-rows.ts';
import type { AssetRef } from './asset-ref.ts';
import type { DocumentResult } from './document.ts';

let database: ThrowAwayDatabase;
let asset: AssetRef;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => {
  asset = { organizationId: randomUUID(), assetId: randomUUID() };
});

async function apply(document: SyncDocument): Promise<DocumentResult | undefined> {
  const input = { ref: { ...asset, collector: document.collector }, document, read: readRows(document), bytes: 100 };
  const { results } = await database.db
    .transaction()
    .execute((tx) => applyDocuments(tx, new InventoryMemory(database.db), [input], () => new Date()));
  return results[0];
}

function user(name: string, uid = 1000): FactRow {
  return { name, uid, gid: 100, home: `/home/${name}`, shell: '/bin/sh', password: 'set', groups: ['users'] };
}

function pkg(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

async function rowsOf(collector: string): Promise<unknown[]> {
  return (await findFacts(database.db, { ...asset, collector, limit: 500, offset: 0 })).items;
}

async function damage(collector: string): Promise<void> {
  const facts = Buffer.from('not zstd');
  await database.db
    .updateTable('collectorState')
    .set({ facts })
    .where('assetId', '=', asset.assetId)
    .where('collector', '=', collector)
    .execute();
}

async function digestOf(collector: string): Promise<string | undefined> {
  const states = database.db.selectFrom('collectorState').select('digest').where('assetId', '=', asset.assetId);
  return (await states.where('collector', '=', collector).executeTakeFirst())?.digest;
}

describe('applyDocuments', () => {
  it('takes a snapshot, and the same again as a duplicate', async () => {
    const document = syncDocument({ collector: 'user', sequence: 1, rows: [user('anna'), user('bert')] });
    expect(await apply(document)).toMatchObject({ outcome: 'accepted', sequence: 1 });
    expect(await apply(document)).toMatchObject({ outcome: 'duplicate', sequence: 1 });
    expect(await rowsOf('user')).toEqual([user('anna'), user('bert')]);
  });

  it.each(['user', 'dpkg'])('changes, adds and removes rows of %s by a delta', async (collector) => {
    const row =
      collector === 'user' ? (name: string, n: number) => user(name, n) : (name: string, n: number) => pkg(name, `1.${n}`);
    const key: FactRow = collector === 'user' ? { name: 'bert' } : { name: 'bert', architecture: 'amd64' };
    await apply(syncDocument({ collector, sequence: 1, rows: [row('anna', 1), row('bert', 2)] }));
    const delta = { rows: [row('anna', 7), row('cleo', 3)], removed: [key] };
    const answer = await apply(syncDocument({ collector, sequence: 2, rows: delta.rows, delta }));
    expect(answer).toMatchObject({ outcome: 'accepted', sequence: 2 });
    expect(await rowsOf(collector)).toEqual([row('anna', 7), row('cleo', 3)]);
  });

  it('asks for everything when a delta starts from a state it does not have, and changes nothing', async () => {
    await apply(syncDocument({ collector: 'user', sequence: 1, rows: [user('anna')] }));
    const rows = [user('anna'), user('bert')];
    const early = syncDocument({ collector: 'user', sequence: 3, rows, delta: { rows: [user('bert')], removed: [] } });
    expect(await apply(early)).toMatchObject({ outcome: 'resend', sequence: 1 });
    expect(await rowsOf('user')).toEqual([user('anna')]);
  });

  it('asks for everything when the digest after a delta is not the stated one, and changes nothing', async () => {
    await apply(syncDocument({ collector: 'dpkg', sequence: 1, rows: [pkg('a', '1')] }));
    const lying = syncDocument({
      collector: 'dpkg',
      sequence: 2,
      rows: [pkg('a', '1')],
      delta: { rows: [pkg('b', '1')], removed: [] },
    });
    expect(await apply(lying)).toMatchObject({ outcome: 'resend' });
    expect(await rowsOf('dpkg')).toEqual([pkg('a', '1')]);
  });

  it('asks for everything when what it holds cannot be read, and takes that', async () => {
    await apply(syncDocument({ collector: 'user', sequence: 1, rows: [user('anna')] }));
    await damage('user');
    const rows = [user('anna'), user('bert')];
    const delta = syncDocument({ collector: 'user', sequence: 2, rows, delta: { rows: [user('bert')], removed: [] } });
    expect(await apply(delta)).toMatchObject({ outcome: 'resend', sequence: 1 });
    expect(await digestOf('user')).toBe('');
    expect(await apply(syncDocument({ collector: 'user', sequence: 2, rows }))).toMatchObject({ outcome: 'accepted' });
    expect(await rowsOf('user')).toEqual(rows);
  });

  it('takes no packages of an operating system that cannot be read, until it has been told again', async () => {
    const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian 12', hostname: 'h' };
    const rows = [{ ...os, architecture: 'amd64' }];
    await apply(syncDocument({ collector: 'os', sequence: 1, rows }));
    await apply(syncDocument({ collector: 'dpkg', sequence: 1, rows: [pkg('a', '1')] }));
    await damage('os');
    const upgraded = syncDocument({ collector: 'dpkg', sequence: 2, rows: [pkg('a', '2')] });
    expect(await apply(upgraded)).toMatchObject({ outcome: 'rejected', sequence: 1 });
    expect(await rowsOf('dpkg')).toEqual([pkg('a', '1')]);
    expect(await digestOf('os')).toBe('');
    expect(await apply(syncDocument({ collector: 'os', sequence: 2, rows }))).toMatchObject({ outcome: 'accepted' });
    expect(await apply(upgraded)).toMatchObject({ outcome: 'accepted', sequence: 2 });
  });

  it('asks for a higher number when an old snapshot comes late', async () => {
    await apply(syncDocument({ collector: 'user', sequence: 5, rows: [user('anna')] }));
    const late = syncDocument({ collector: 'user', sequence: 4, rows: [] });
    expect(await apply(late)).toMatchObject({ outcome: 'resend', sequence: 5 });
    expect(await rowsOf('user')).toEqual([user('anna')]);
  });

  it.each([
    ['an unknown collector', syncDocument({ collector: 'horoscope', sequence: 1, rows: [{ sign: 'lion' }] })],
    ['a prototype name as collector', { ...syncDocument({ collector: 'x', sequence: 1, rows: [] }), collector: 'constructor' }],
    ['a row that breaks its schema', syncDocument({ collector: 'user', sequence: 1, rows: [{ ...user('anna'), uid: -1 }] })],
    ['control characters', syncDocument({ collector: 'user', sequence: 1, rows: [user('an\u001b[2Jna')] })],
    ['two rows with one key', syncDocument({ collector: 'user', sequence: 1, rows: [user('anna', 1), user('anna', 2)] })],
    [
      'a digest that is not that of the rows',
      { ...syncDocument({ collector: 'user', sequence: 1, rows: [user('anna')] }), digest: '0'.repeat(64) },
    ],
    ['another version of the collector', { ...syncDocument({ collector: 'user', sequence: 1, rows: [] }), version: 2 }],
    [
      'columns of different length',
      {
        ...syncDocument({ collector: 'user', sequence: 1, rows: [] }),
        rows: { count: 2, constants: {}, columns: { name: ['x'] } },
      },
    ],
    [
      '__proto__ as a column',
      {
        ...syncDocument({ collector: 'user', sequence: 1, rows: [] }),
        rows: { count: 1, constants: {}, columns: JSON.parse('{"__proto__":["x"]}') },
      },
    ],
  ])('refuses %s and keeps nothing of it', async (_what, document) => {
    expect(await apply(document as SyncDocument)).toMatchObject({ outcome: 'rejected', sequence: 0 });
    expect(await rowsOf(document.collector)).toEqual([]);
  });

  it('keeps two assets apart', async () => {
    await apply(syncDocument({ collector: 'user', sequence: 1, rows: [user('anna')] }));
    const first = asset;
    asset = { ...asset, assetId: randomUUID() };
    await apply(syncDocument({ collector: 'user', sequence: 1, rows: [user('bert')] }));
    expect(await rowsOf('user')).toEqual([user('bert')]);
    asset = first;
    expect(await rowsOf('user')).toEqual([user('anna')]);
  });

  it('has the rows of the agent after any series of snapshots and deltas', async () => {
    const version = fc.constantFrom('1', '2', '3');
    const state = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), version, { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ state, full: fc.boolean() }), { minLength: 1, maxLength: 8 }), async (steps) => {
        asset = { organizationId: randomUUID(), assetId: randomUUID() };
        let before: Record<string, string> = {};
        for (const [index, { state: after, full }] of steps.entries()) {
          const rows = Object.entries(after).map(([name, text]) => pkg(name, text));
          const removed = Object.keys(before)
            .filter((name) => !(name in after))
            .map((name) => ({ name, architecture: 'amd64' }));
          const changed = Object.entries(after).flatMap(([name, text]) => (before[name] === text ? [] : [pkg(name, text)]));
          const delta = { rows: changed, removed };
          const document = syncDocument({
            collector: 'dpkg',
            sequence: index + 1,
            rows,
            ...(full || index === 0 ? {} : { delta }),
          });
          expect((await apply(document))?.outcome).toBe('accepted');
          expect(await rowsOf('dpkg')).toEqual(rows.toSorted((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1)));
          before = after;
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
