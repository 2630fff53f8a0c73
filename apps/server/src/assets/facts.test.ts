import { randomUUID } from 'node:crypto';
import type { FactRow } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyDocuments, InventoryMemory } from '../inventory/apply-documents.ts';
import type { AssetRef } from '../inventory/asset-ref.ts';
import { readRows } from '../inventory/read-rows.ts';
import { findFacts, type FactQuery } from './facts.ts';

let database: ThrowAwayDatabase;
let asset: AssetRef;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => {
  asset = { organizationId: randomUUID(), assetId: randomUUID() };
});

async function hold(collector: string, sequence: number, rows: readonly FactRow[]): Promise<void> {
  const document = syncDocument({ collector, sequence, rows });
  const input = { ref: { ...asset, collector }, document, read: readRows(document), bytes: 100 };
  const { results } = await database.db
    .transaction()
    .execute((tx) => applyDocuments(tx, new InventoryMemory(database.db), [input], () => new Date()));
  expect(results).toMatchObject([{ outcome: 'accepted' }]);
}

function user(name: string, uid: number, home: string): FactRow {
  return { name, uid, gid: 100, home, shell: uid % 2 ? '/bin/sh' : '', password: 'set', groups: uid % 3 ? ['users'] : [] };
}

function dpkg(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

function probe(subject: string, value: string): FactRow {
  return { probe: 'sshd', subject, value, where: '/etc/ssh/sshd_config' };
}

/** Longer than what of it a cursor holds; the same for as long. */
const deep = `/home/${'deep"/'.repeat(30)}`;
const held: Readonly<Record<string, readonly FactRow[]>> = {
  user: [
    ...Array.from({ length: 9 }, (_, at) => user(`user${at}`, 1000 + (at % 4), `/home/${at}`)),
    ...Array.from({ length: 5 }, (_, at) => user(`${'ä'.repeat(200)}${at}`, 7, `${deep}${at}`)),
  ],
  dpkg: ['1.9-1', '1:0.1-1', '1.10~rc1-1', '1.10-1', 'as it comes', '1.9-1', '1.10-1', 'nor this'].map((version, at) =>
    dpkg(`package${at}`, version),
  ),
  posture: Array.from({ length: 6 }, (_, at) => probe(`Option${at}`, at % 2 ? 'yes' : 'no')),
};

const orders = Object.entries({
  user: [undefined, 'name', 'uid', 'home', 'shell', 'groups', 'nothing'],
  dpkg: [undefined, 'name', 'version', 'sourceVersion', 'state'],
  posture: [undefined, 'subject', 'value'],
}).flatMap(([collector, columns]) =>
  columns.flatMap((sort) => (['ascending', 'descending'] as const).map((direction) => ({ collector, sort, direction }))),
);

async function page(wish: (typeof orders)[number], part: Pick<FactQuery, 'limit'> & Partial<FactQuery>) {
  return findFacts(database.db, { ...asset, ...wish, offset: 0, ...part });
}

async function readOn(wish: (typeof orders)[number], begin: string | undefined): Promise<FactRow[]> {
  const read: FactRow[] = [];
  for (let after = begin; ;) {
    const { items, next } = await page(wish, { limit: 2, after });
    read.push(...items);
    if (next === null) return read;
    after = next;
  }
}

describe.each(orders)('rows of $collector by $sort, $direction', (wish) => {
  const rows = held[wish.collector] ?? [];

  it('are the whole, page by page, by cursor and by offset', async () => {
    await hold(wish.collector, 1, rows);
    const { total, items, next } = await page(wish, { limit: 500 });
    expect([total, items.length, next]).toEqual([rows.length, rows.length, null]);
    expect(await readOn(wish, undefined)).toEqual(items);
    expect((await page(wish, { limit: 2, offset: 3 })).items).toEqual(items.slice(3, 5));
    const first = await page(wish, { limit: 1 });
    expect((await page(wish, { limit: 2, offset: 1, after: first.next ?? '' })).items).toEqual(items.slice(2, 4));
  });

  it('are neither skipped nor told twice where others go and come between two pages', async () => {
    await hold(wish.collector, 1, rows);
    const { items: whole } = await page(wish, { limit: 500 });
    const first = await page(wish, { limit: 3 });
    // What was read is gone, also the row with which the page ended, and as much is new.
    const gone = new Set(first.items.slice(1).map((row) => JSON.stringify(row)));
    const left = rows.filter((row) => !gone.has(JSON.stringify(sorted(row, first.items))));
    expect(left).toHaveLength(rows.length - 2);
    const added = { user: user('aaa', 3, '/'), dpkg: dpkg('aaa', '0.1-1'), posture: probe('Aaa', 'maybe') };
    await hold(wish.collector, 2, [...left, added[wish.collector as keyof typeof added]]);
    const rest = await readOn(wish, first.next ?? undefined);
    const isNew = (row: FactRow): boolean => [row['name'], row['subject']].some((name) => name === 'aaa' || name === 'Aaa');
    expect(rest.filter((row) => !isNew(row))).toEqual(whole.slice(3));
  });
});

/** With its columns in the order in which they are answered. */
function sorted(row: FactRow, [like = {}]: readonly FactRow[]): FactRow {
  return Object.fromEntries(Object.keys(like).map((column) => [column, row[column] ?? null]));
}

it('takes no cursor of another order', async () => {
  await hold('user', 1, held['user'] ?? []);
  const { next } = await page({ collector: 'user', sort: 'uid', direction: 'ascending' }, { limit: 1 });
  for (const wish of [
    { collector: 'user', sort: 'uid', direction: 'descending' },
    { collector: 'user', sort: 'name', direction: 'ascending' },
    { collector: 'dpkg', sort: 'uid', direction: 'ascending' },
  ] as const)
    await expect(page(wish, { limit: 1, after: next ?? '' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});
